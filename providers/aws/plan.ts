// How a stack gets to AWS, by the user's own `aws`: archives into a bucket, then a change set that is looked at before it is executed.
// https://docs.aws.amazon.com/cli/latest/reference/cloudformation/
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
import { createHash } from "node:crypto";
import {
  type Argument,
  type Change,
  FaastenError,
  type MakePlan,
  type Plan,
  type ReadChanges,
  type StackInput,
  type Step,
} from "../../src/provider.ts";
import { nameOf } from "./stack/checks.ts";
import { holdsData, retainedOf, type Template } from "./stack/retained.ts";

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

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html */
export const changes: ReadChanges = (printed, resources) => {
  const { Status, StatusReason = "", Changes = [] } = JSON.parse(printed) as ChangeSet;
  if (Status === "FAILED") {
    if (nothingNew.some((one) => StatusReason.includes(one))) return [];
    throw new FaastenError("MISCONFIGURED", `CloudFormation refuses the change set: ${StatusReason}`);
  }
  const known = new Map(resources.map((one) => [one.name, one]));
  return Changes.flatMap(({ ResourceChange: one }): Change[] => {
    if (!one) return [];
    const data = known.get(one.LogicalResourceId)?.data ?? holdsData({ Type: one.ResourceType });
    return [
      {
        action: actionOf(one),
        name: one.LogicalResourceId,
        type: one.ResourceType,
        data,
        ...(one.PhysicalResourceId !== undefined && { physical: one.PhysicalResourceId }),
      },
    ];
  });
};

interface ChangeSet {
  readonly Status: string;
  readonly StatusReason?: string;
  readonly Changes?: readonly { readonly ResourceChange?: ResourceChange }[];
}

interface ResourceChange {
  readonly Action: string;
  readonly PolicyAction?: string;
  readonly Replacement?: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceType: string;
}

const nothingNew = ["didn't contain changes", "No updates are to be performed"];

/** "Conditional" is known only while it happens, and then it is too late to ask. */
function actionOf({ Action, Replacement, PolicyAction }: ResourceChange): Change["action"] {
  switch (Action) {
    case "Add":
      return "add";
    case "Import":
      return "adopt";
    case "Remove":
      return PolicyAction === "Retain" ? "keep" : "remove";
    default:
      return Replacement === "True" || Replacement === "Conditional" ? "replace" : "change";
  }
}

interface Written {
  readonly file: string;
  readonly text: string;
  /** It takes the bucket of the archives as a parameter. */
  readonly bucket: boolean;
}

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
        ].map(toArgument),
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
      ].map(toArgument),
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

const changeSetName = "faasten";
const region = { value: "region" };

function stackName({ graph, stage }: StackInput): string {
  return `${graph.service}-${stage}`;
}

function lookUp(input: StackInput): Step {
  const path = ["Stacks", 0, "StackStatus"];
  const begun = (word: string): Readonly<Record<string, string>> =>
    Object.fromEntries(neverMade.map((state) => [state, word]));
  return {
    id: "stack",
    title: "Look what is deployed",
    command: aws("cloudformation", "describe-stacks", ["--stack-name", stackName(input), "--output", "json"]),
    asks: true,
    absent: ["does not exist"],
    reads: {
      state: { path, absent: "" },
      type: { path, as: begun("CREATE"), otherwise: "UPDATE", absent: "CREATE" },
      finished: {
        path,
        as: begun("stack-create-complete"),
        otherwise: "stack-update-complete",
        absent: "stack-create-complete",
      },
    },
    mend: "sign in (`aws sts get-caller-identity` tells as whom), and see that you may call CloudFormation",
  };
}

/** A first deployment that failed can only be begun anew. */
const neverMade = ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_COMPLETE"];

function clear(input: StackInput): readonly Step[] {
  const name = stackName(input);
  const when = { value: "state", is: ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED"] };
  const mend = "delete the stack in the console: nothing of it was ever in use";
  return [
    {
      id: "clear",
      title: "Drop what a first deployment that failed has left",
      command: aws("cloudformation", "delete-stack", ["--stack-name", name]),
      when,
      mend,
    },
    {
      id: "cleared",
      title: "Wait until it is gone",
      command: aws("cloudformation", "wait", ["stack-delete-complete", "--stack-name", name]),
      when,
      mend,
    },
  ];
}

function findBucket(input: StackInput, absent?: string): Step {
  const path = ["StackResourceDetail", "PhysicalResourceId"];
  return {
    id: "bucket",
    title: "Look where the archives go",
    command: aws("cloudformation", "describe-stack-resource", [
      ...["--stack-name", `${stackName(input)}-artifacts`, "--logical-resource-id", "Bucket", "--output", "json"],
    ]),
    asks: true,
    ...(absent !== undefined && { absent: ["does not exist"] }),
    reads: {
      bucket: { path, ...(absent !== undefined && { absent }) },
      artifacts: { path, otherwise: "there", absent: "gone" },
    },
    mend: `the stack ${stackName(input)}-artifacts should have it: look at it in the console`,
  };
}

function changeSet(input: StackInput, template: Written): readonly Step[] {
  const name = stackName(input);
  const mend = "mend what it says of the template; a stack that is changing has to come to an end first";
  const expands = /"Transform"/.test(template.text) ? ["CAPABILITY_AUTO_EXPAND"] : [];
  return [
    forget(input),
    {
      id: "prepare",
      title: "Have CloudFormation work out what changes",
      command: aws("cloudformation", "create-change-set", [
        ...["--stack-name", name, "--change-set-name", changeSetName, "--change-set-type", { value: "type" }],
        ...templateOf(input, template),
        ...["--parameters", ["ParameterKey=ArtifactBucket,ParameterValue=", { value: "bucket" }]],
        ...["--capabilities", "CAPABILITY_NAMED_IAM", ...expands],
        ...["--import-existing-resources", "--output", "json"],
      ]),
      reads: { changeSet: { path: ["Id"], absent: "" } },
      mend,
    },
    {
      id: "prepared",
      title: "Wait for its answer",
      command: aws("cloudformation", "wait", [
        ...["change-set-create-complete", "--stack-name", name, "--change-set-name", changeSetName],
      ]),
      // A set without any change is a failure to this command: the next one tells the two apart.
      absent: ["ChangeSetCreateComplete failed"],
      mend,
    },
    {
      id: "changes",
      title: "See what comes, changes and goes",
      command: aws("cloudformation", "describe-change-set", [
        ...["--stack-name", name, "--change-set-name", changeSetName, "--output", "json"],
      ]),
      compares: true,
      resume: "forget",
      mend,
    },
  ];
}

function forget(input: StackInput): Step {
  return {
    id: "forget",
    title: "Drop what an earlier attempt prepared",
    command: aws("cloudformation", "delete-change-set", [
      ...["--stack-name", stackName(input), "--change-set-name", changeSetName],
    ]),
    absent: ["does not exist"],
    mend: "see that you may call CloudFormation",
  };
}

/** Of a template that goes with the call. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const mostBytes = 51_200;

function uploadTemplate(input: StackInput, template: Written, more: Partial<Step> = {}): readonly Step[] {
  if (Buffer.byteLength(template.text) <= mostBytes) return [];
  return [
    {
      id: "template",
      title: "Upload the template, which is too large for a call",
      command: [
        { value: "aws" },
        ...["s3", "cp", template.file, ["s3://", { value: "bucket" }, `/${templateKey(input, template)}`]],
        ...["--only-show-errors", "--region", region],
      ].map(toArgument),
      mend: "see that you may write to the bucket (s3:PutObject)",
      ...more,
    },
  ];
}

function templateOf(input: StackInput, template: Written): readonly Piece[] {
  if (Buffer.byteLength(template.text) <= mostBytes) return ["--template-body", `file://${template.file}`];
  const url = ["https://", { value: "bucket" }, ".s3.", region, `.amazonaws.com/${templateKey(input, template)}`];
  return ["--template-url", url];
}

function templateKey({ graph, stage }: StackInput, { text }: Written): string {
  return `${graph.service}/${stage}/template-${createHash("sha256").update(text).digest("hex")}.json`;
}

type Piece = string | { readonly value: string } | readonly (string | { readonly value: string })[];

function aws(service: string, verb: string, rest: readonly Piece[]): readonly Argument[] {
  return [{ value: "aws" }, service, verb, ...rest, "--region", region].map(toArgument);
}

function toArgument(piece: Piece): Argument {
  return typeof piece === "object" && "value" in piece ? [piece] : piece;
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
