// How a stack gets to AWS, by the user's own `aws`: archives into a bucket, then a change set that is looked at before it is executed.
// https://docs.aws.amazon.com/cli/latest/reference/cloudformation/
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
import type { Change, MakePlan, Plan, StackInput, Step } from "../../src/provider.ts";
import { nothingNew } from "./changes.ts";
import { nameOf } from "./stack/checks.ts";
import { holdsData, retainedOf, type Template } from "./stack/retained.ts";
import {
  aws,
  changeSet,
  changeSetName,
  clear,
  findBucket,
  forget,
  lookUp,
  region,
  stackName,
  templateOf,
  uploadTemplate,
  type Written,
} from "./steps.ts";

export { changes } from "./changes.ts";

export const plan: MakePlan = (input, { files }) => {
  const { graph, stage, region, archives } = input;
  const text = files["template.json"] ?? "{}";
  const template = JSON.parse(text) as Template;
  const retained = retainedOf(template);
  const kept = retained && `${JSON.stringify({ AWSTemplateFormatVersion: "2010-09-09", ...retained }, null, 1)}\n`;
  const whole = { file: "template.json", text, bucket: true };
  const left = kept === undefined ? undefined : { file: "retained.json", text: kept, bucket: false };
  const made: Plan = {
    target: "aws",
    service: graph.service,
    stage,
    values: { ...(region !== undefined && { region }) },
    wants: [
      { value: "region", flag: "--region", variables: ["AWS_REGION", "AWS_DEFAULT_REGION"], example: "eu-west-1" },
    ],
    programs: [
      {
        value: "aws",
        names: ["aws"],
        mend: "install the AWS CLI (https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html) and sign in with `aws configure` or `aws sso login`",
      },
    ],
    environment: { AWS_PAGER: "", AWS_CLI_AUTO_PROMPT: "off" },
    archives,
    resources: Object.entries(template.Resources).map(([name, resource]): Change => {
      const physical = nameOf(resource);
      return {
        action: "add",
        name,
        type: resource.Type,
        data: holdsData(resource),
        ...(physical !== undefined && { physical }),
      };
    }),
    compare: compareSteps(input, whole),
    deploy: deploySteps(input, whole),
    remove: removeSteps(input, left),
    unchecked: [
      "whether the account may do all of this, and has quota for it",
      "whether a name is taken by something that is not of this stack",
      "whether the queues, topics, buckets and secrets that the app only names are there",
    ],
  };
  return {
    plan: made,
    files: {
      "artifacts.json": `${JSON.stringify(artifacts(input), null, 2)}\n`,
      ...(kept !== undefined && { "retained.json": kept }),
    },
  };
};

function compareSteps(input: StackInput, template: Written): readonly Step[] {
  const there = { when: { value: "type", is: ["UPDATE"] } } as const;
  return [
    lookUp(input),
    findBucket(input, "of-the-next-deployment"),
    ...uploadTemplate(input, template, { when: { value: "artifacts", is: ["there"] } }),
    ...changeSet(input, template).map((step) => ({ ...step, ...there })),
    { ...forget(input), id: "tidy", title: "Drop the change set again", ...there },
  ];
}

function deploySteps(input: StackInput, template: Written): readonly Step[] {
  const { graph, archives } = input;
  const name = stackName(input);
  const some = { when: { value: "changes", is: ["some"] }, resume: "forget" } as const;
  return [
    lookUp(input),
    ...clear(input),
    {
      id: "artifacts",
      title: "Make the bucket for the archives",
      command: aws("cloudformation", "deploy", [
        ...["--stack-name", `${name}-artifacts`, "--template-file", "artifacts.json", "--no-fail-on-empty-changeset"],
      ]),
      mend: `look at the stack ${name}-artifacts in the console; one that could not be made has to be deleted first`,
      undo: "drop-artifacts",
    },
    findBucket(input),
    ...graph.deployables.map(
      (one): Step => ({
        id: `upload-${one.name}`,
        title: `Upload the archive of ${one.name}`,
        command: [
          { value: "aws" },
          ...["s3", "cp", `functions/${one.name}.zip`],
          [
            "s3://",
            { value: "bucket" },
            `/${graph.service}/${input.stage}/${one.name}-${archives[one.name] ?? ""}.zip`,
          ],
          ...["--only-show-errors", "--region", region],
        ],
        mend: "see that you may write to the bucket (s3:PutObject)",
        undo: "empty-artifacts",
      }),
    ),
    ...uploadTemplate(input, template),
    ...changeSet(input, template),
    {
      ...forget(input),
      id: "tidy",
      title: "Drop the change set, which is empty",
      when: { value: "changes", is: ["none"] },
    },
    {
      id: "execute",
      title: "Execute the change set",
      command: aws("cloudformation", "execute-change-set", ["--stack-name", name, "--change-set-name", changeSetName]),
      ...some,
      mend: "wait for what else changes this stack, if anything does",
      undo: "shrink",
    },
    {
      id: "finish",
      title: "Wait until CloudFormation is done",
      command: aws("cloudformation", "wait", [{ value: "finished" }, "--stack-name", name]),
      ...some,
      explains: aws("cloudformation", "describe-stack-events", [
        ...["--stack-name", name, "--max-items", "40", "--output", "text", "--query"],
        "StackEvents[?ends_with(ResourceStatus, 'FAILED')].[LogicalResourceId,ResourceStatusReason]",
      ]),
      mend: "CloudFormation has put the stack back as it was: mend what it names",
    },
    {
      id: "outputs",
      title: "Where it answers",
      command: aws("cloudformation", "describe-stacks", [
        ...["--stack-name", name, "--output", "text", "--query", "Stacks[0].Outputs[].[OutputKey,OutputValue]"],
      ]),
      asks: true,
      mend: "the stack is deployed; only its outputs could not be read",
    },
  ];
}

function removeSteps(input: StackInput, template: Written | undefined): readonly Step[] {
  const name = stackName(input);
  const there = { when: { value: "type", is: ["UPDATE"] } } as const;
  const bucketThere = { when: { value: "artifacts", is: ["there"] } } as const;
  const mend = "look at the events of the stack in the console";
  const main: readonly Step[] = template
    ? [
        ...uploadTemplate(input, template, bucketThere),
        {
          id: "shrink",
          title: "Remove all of the stack but what holds data",
          command: aws("cloudformation", "update-stack", [
            ...["--stack-name", name],
            ...templateOf(input, template),
            ...["--capabilities", "CAPABILITY_NAMED_IAM"],
          ]),
          absent: [nothingNew[1] ?? ""],
          reads: { shrinks: { path: [], otherwise: "yes", absent: "no" } },
          ...there,
          mend,
        },
        {
          id: "shrunk",
          title: "Wait until CloudFormation is done",
          command: aws("cloudformation", "wait", ["stack-update-complete", "--stack-name", name]),
          when: { value: "shrinks", is: ["yes"] },
          resume: "shrink",
          mend,
        },
      ]
    : [
        {
          id: "shrink",
          title: "Remove the stack, which holds no data",
          command: aws("cloudformation", "delete-stack", ["--stack-name", name]),
          ...there,
          mend,
        },
        {
          id: "shrunk",
          title: "Wait until it is gone",
          command: aws("cloudformation", "wait", ["stack-delete-complete", "--stack-name", name]),
          ...there,
          mend,
        },
      ];
  return [
    lookUp(input),
    findBucket(input, ""),
    ...clear(input),
    ...main,
    {
      id: "empty-artifacts",
      title: "Empty the bucket of the archives",
      command: [
        { value: "aws" },
        ...["s3", "rm", ["s3://", { value: "bucket" }], "--recursive", "--only-show-errors", "--region", region],
      ],
      ...bucketThere,
      mend: "see that you may delete from the bucket (s3:ListBucket, s3:DeleteObject)",
    },
    {
      id: "drop-artifacts",
      title: "Remove the bucket",
      command: aws("cloudformation", "delete-stack", ["--stack-name", `${name}-artifacts`]),
      ...bucketThere,
      mend,
    },
    {
      id: "dropped",
      title: "Wait until it is gone",
      command: aws("cloudformation", "wait", ["stack-delete-complete", "--stack-name", `${name}-artifacts`]),
      ...bucketThere,
      mend,
    },
  ];
}

/** Named by CloudFormation, so that no two stages and no two accounts want the same name. */
function artifacts({ graph, stage }: StackInput): object {
  return {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: `The archives of ${graph.service}, stage ${stage}`,
    Resources: {
      Bucket: {
        Type: "AWS::S3::Bucket",
        Properties: {
          BucketEncryption: {
            ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
          },
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          },
          LifecycleConfiguration: {
            Rules: [
              { Id: "unfinished", Status: "Enabled", AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
            ],
          },
        },
      },
    },
  };
}
