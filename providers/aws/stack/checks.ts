// What CloudFormation or a service would refuse in the middle of a deployment, refused before one begins.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html

import { FaastenError, type GraphSection, isLambdaVariable, type StackInput } from "../../../src/provider.ts";

import { isMap, type Json, type Resource, type Resources } from "./template.ts";

/** All of them under their logical names, each of which is made for one purpose. */
export function merged(made: readonly (readonly [string, Resources])[]): Resources {
  const owners = new Map<string, string>();
  const all: Record<string, Resource> = Object.create(null);
  for (const [owner, resources] of made) {
    for (const [name, resource] of Object.entries(resources)) {
      const other = owners.get(name);
      if (other !== undefined) {
        const message = `${other} and ${owner} both make ${name} of the stack: give one of them another name`;
        throw new FaastenError("ALREADY_EXISTS", message);
      }
      owners.set(name, owner);
      all[name] = resource;
    }
  }
  return { ...all };
}

/** What the service itself calls each: two of one kind cannot share it. */
export function checkNames(resources: Resources): void {
  const taken = new Map<string, string>();
  for (const [logical, { Type, Properties }] of Object.entries(resources)) {
    const property = names[Type];
    const name = property === undefined ? undefined : propertyOf(Properties, property);
    if (name === undefined || property === undefined) continue;
    const key = `${Type} ${scopeOf(Properties)} ${typeof name === "string" ? name : JSON.stringify(name)}`;
    const other = taken.get(key);
    if (other !== undefined) {
      const message = `${other} and ${logical} of the stack are both called ${JSON.stringify(name)} (${Type}): give the function, the component or the topic of one of them another name`;
      throw new FaastenError("ALREADY_EXISTS", message);
    }
    taken.set(key, logical);
  }
}

/** What takes from a queue or stream, or listens to a bus, lies in the region of what it takes from. */
export function checkRegions(resources: Resources, { region }: StackInput): void {
  if (region === undefined) return;
  for (const [logical, { Type, Properties }] of Object.entries(resources)) {
    const property = sources[Type];
    const source = property === undefined ? undefined : propertyOf(Properties, property);
    const at: string = /^arn:[^:]*:[a-z]+:([a-z0-9-]+):/.exec(textOf(source))?.[1] ?? region;
    if (at === region) continue;
    const message = `${logical} of the stack is in ${region}, and takes from what is in ${at}, which ${Type} cannot: name one of ${region}, or deploy to ${at}`;
    throw new FaastenError("UNSUPPORTED", message);
  }
}

const sources: Readonly<Record<string, string>> = {
  "AWS::Lambda::EventSourceMapping": "EventSourceArn",
  "AWS::Events::Rule": "EventBusName",
};

/** What is plain in it. */
function textOf(value: Json | undefined): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(textOf).join("");
  return isMap(value) ? textOf(value["Fn::Join"]) : "";
}

/** As the service calls it, where the template says so in plain text. */
export function nameOf({ Type, Properties }: Resource): string | undefined {
  const property = names[Type];
  const name = property === undefined ? undefined : propertyOf(Properties, property);
  return typeof name === "string" && Type !== "AWS::ApiGatewayV2::Route" ? name : undefined;
}

const names: Readonly<Record<string, string>> = {
  "AWS::ApiGatewayV2::Route": "RouteKey",
  "AWS::DynamoDB::Table": "TableName",
  "AWS::Lambda::Function": "FunctionName",
  "AWS::Logs::LogGroup": "LogGroupName",
  "AWS::S3::Bucket": "BucketName",
  "AWS::SNS::Topic": "TopicName",
  "AWS::SQS::Queue": "QueueName",
  "AWS::Scheduler::Schedule": "Name",
};

function scopeOf(properties: Json | undefined): string {
  return JSON.stringify(propertyOf(properties, "ApiId") ?? "");
}

/**
 * There is no way to write a text that CloudFormation takes for a reference, and gives back as it is.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
 */
export function checkTexts(resources: Resources): void {
  for (const [logical, resource] of Object.entries(resources))
    for (const [path, text] of textsOf(resource.Properties ?? {}, logical))
      if (text.includes("{{resolve:")) {
        const message = `${path} of the stack holds "{{resolve:", which CloudFormation would replace: write it another way`;
        throw new FaastenError("INVALID", message);
      }
}

function* textsOf(value: Json, path: string): Generator<readonly [string, string]> {
  if (typeof value === "string") yield [path, value];
  else if (typeof value === "object")
    for (const [key, inner] of Object.entries(value)) {
      yield [path, key];
      yield* textsOf(inner, `${path}.${key}`);
    }
}

/** What the manifest's events and variables name is there. */
export function checkReferences(resources: Resources, known: ReadonlySet<string>): void {
  for (const [logical, { Properties = {} }] of Object.entries(resources))
    for (const name of referencesOf(Properties))
      if (!name.startsWith("AWS::") && !known.has(name)) {
        const message = `${logical} of the stack refers to ${name}, which is not there: add it to \`resources: { Resources: … }\` of the manifest, or write an ARN`;
        throw new FaastenError("MISCONFIGURED", message);
      }
}

function* referencesOf(value: Json): Generator<string> {
  if (typeof value !== "object") return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "Ref" && typeof inner === "string") yield inner;
    else if (key === "Fn::GetAtt" && Array.isArray(inner) && typeof inner[0] === "string") yield inner[0];
    else yield* referencesOf(inner);
  }
}

/** Numbers that a service takes. */
export function checkSettings({ graph, logRetentionDays, memory, timeout }: StackInput): void {
  const refuse = (what: string, rule: string): never => {
    throw new FaastenError("INVALID", `${what}: ${rule}`);
  };
  const days = [
    logRetentionDays,
    ...graph.functions.map(({ section }) => section?.logRetentionDays ?? logRetentionDays),
  ];
  for (const one of days)
    if (!retentions.includes(one))
      refuse(`\`logRetentionInDays\` is ${one}`, `CloudWatch keeps logs for ${retentions.join(", ")} days`);
  const all: readonly { readonly name: string; readonly section?: Partial<GraphSection> }[] = [
    { name: "provider", section: { memorySize: memory, timeout } },
    ...graph.functions,
  ];
  for (const { name, section = {} } of all) {
    const {
      memorySize = memory,
      timeout: seconds = timeout,
      reservedConcurrency = 0,
      ephemeralStorageSize = 512,
    } = section;
    if (!(Number.isInteger(reservedConcurrency) && reservedConcurrency >= 0))
      refuse(`\`reservedConcurrency\` of ${name} is ${reservedConcurrency}`, "a whole number from 0 is wanted");
    if (!(Number.isInteger(ephemeralStorageSize) && ephemeralStorageSize >= 512 && ephemeralStorageSize <= 10_240))
      refuse(
        `\`ephemeralStorageSize\` of ${name} is ${ephemeralStorageSize}`,
        "Lambda gives whole megabytes from 512 to 10240",
      );
    if (!(Number.isInteger(memorySize) && memorySize >= 128 && memorySize <= 10_240))
      refuse(`\`memorySize\` of ${name} is ${memorySize}`, "Lambda gives whole megabytes from 128 to 10240");
    if (!(Number.isInteger(seconds) && seconds >= 1 && seconds <= 900))
      refuse(`\`timeout\` of ${name} is ${seconds}`, "Lambda runs a function for whole seconds from 1 to 900");
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const retentions: readonly number[] = [
  ...[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
];

/**
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export function checkLimits(resources: Resources): void {
  const count = Object.keys(resources).length;
  if (count > mostResources)
    throw new FaastenError(
      "TOO_LARGE",
      `the stack has ${count} resources, and ${mostResources} is the most: split the app`,
    );
  for (const [logical, { Type, Properties = {} }] of Object.entries(resources)) {
    if (Type === "AWS::Lambda::Function") checkVariables(logical, Properties);
    if (Type === "AWS::IAM::Role") checkPolicies(logical, Properties);
  }
}

const mostResources = 500;
const mostVariables = 4096;
const mostPolicy = 10_240;

function checkVariables(logical: string, properties: Json): void {
  const variables = propertyOf(propertyOf(properties, "Environment") ?? {}, "Variables") ?? {};
  let size = 0;
  for (const [name, value] of Object.entries(variables)) {
    if (!isLambdaVariable(name))
      throw new FaastenError(
        "INVALID",
        `${logical}: Lambda takes no variable ${JSON.stringify(name)}: call it otherwise`,
      );
    size += Buffer.byteLength(name) + (typeof value === "string" ? Buffer.byteLength(value) : 0);
  }
  if (size > mostVariables) {
    const largest = Object.entries(variables)
      .map(([name, value]) => [name, String(value).length] as const)
      .sort((a, b) => b[1] - a[1])[0]?.[0];
    const message = `${logical}: the environment has ${size} bytes, and Lambda takes ${mostVariables}: shorten ${largest}, or read it from a secret or a configuration`;
    throw new FaastenError("TOO_LARGE", message);
  }
}

function checkPolicies(logical: string, properties: Json): void {
  const size = JSON.stringify(propertyOf(properties, "Policies") ?? []).replaceAll(/\s/g, "").length;
  if (size > mostPolicy)
    throw new FaastenError(
      "TOO_LARGE",
      `${logical}: its policy has ${size} characters, and IAM takes ${mostPolicy}: split the function`,
    );
}

function propertyOf(properties: Json | undefined, name: string): Json | undefined {
  return isMap(properties) ? properties[name] : undefined;
}
