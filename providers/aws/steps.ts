// The steps that plans for AWS have in common.
import { createHash } from "node:crypto";
import type { Argument, Piece, StackInput, Step } from "../../src/provider.ts";

export interface Written {
  readonly file: string;
  readonly text: string;
  /** It takes the bucket of the archives as a parameter. */
  readonly bucket: boolean;
}

export const changeSetName = "faasten";
export const region: Piece = { value: "region" };

export function stackName({ graph, stage }: StackInput): string {
  return `${graph.service}-${stage}`;
}

export function lookUp(input: StackInput): Step {
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

export function clear(input: StackInput): readonly Step[] {
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

export function findBucket(input: StackInput, absent?: string): Step {
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

export function changeSet(input: StackInput, template: Written): readonly Step[] {
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

export function forget(input: StackInput): Step {
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

export function uploadTemplate(input: StackInput, template: Written, more: Partial<Step> = {}): readonly Step[] {
  if (Buffer.byteLength(template.text) <= mostBytes) return [];
  return [
    {
      id: "template",
      title: "Upload the template, which is too large for a call",
      command: [
        { value: "aws" },
        ...["s3", "cp", template.file, ["s3://", { value: "bucket" }, `/${templateKey(input, template)}`]],
        ...["--only-show-errors", "--region", region],
      ],
      mend: "see that you may write to the bucket (s3:PutObject)",
      ...more,
    },
  ];
}

export function templateOf(input: StackInput, template: Written): readonly Argument[] {
  if (Buffer.byteLength(template.text) <= mostBytes) return ["--template-body", `file://${template.file}`];
  const url = ["https://", { value: "bucket" }, ".s3.", region, `.amazonaws.com/${templateKey(input, template)}`];
  return ["--template-url", url];
}

function templateKey({ graph, stage }: StackInput, { text }: Written): string {
  return `${graph.service}/${stage}/template-${createHash("sha256").update(text).digest("hex")}.json`;
}

export function aws(service: string, verb: string, rest: readonly Argument[]): readonly Argument[] {
  return [{ value: "aws" }, service, verb, ...rest, "--region", region];
}
