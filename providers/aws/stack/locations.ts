// Where a component's resource is: made by this stack, or named by its YAML.
import { FaastenError, type GraphComponent, kebab, type StackInput, written } from "../../../src/provider.ts";
import { arn, attribute, type Json, join, logical, physical, ref } from "./template.ts";

/** Whether this stack makes the component's resource: the YAML neither names one nor says that there is one. */
export function isMade(component: GraphComponent, field: string, input: StackInput): boolean {
  if (component.existing || written(component, field, input) !== undefined) return false;
  const region = regionOf(component, input);
  if (region === undefined || region === input.region) return true;
  const message = `the component ${component.name} is in ${region}, and a stack makes resources in its own region: write its \`${field}\`, or leave out \`region\``;
  throw new FaastenError("MISCONFIGURED", message);
}

/** A table's ARN. */
export function addressOf(component: GraphComponent, input: StackInput): Json {
  if (isMade(component, "table", input)) return attribute(logical(component.name, "Table"), "Arn");
  const table = written(component, "table", input) ?? tableName(component, input);
  return table.startsWith("arn:") ? table : arn("dynamodb", `table/${table}`, regionOf(component, input));
}

export function tableName({ name }: GraphComponent, input: StackInput): string {
  return physical(input, name, "", 255);
}

/** What a component reads as its address. */
export function valueOf(component: GraphComponent, input: StackInput): Json {
  switch (component.type) {
    case "state.aws.dynamodb":
      return component.existing ? tableName(component, input) : ref(logical(component.name, "Table"));
    case "pubsub.aws.snssqs":
      return topicPrefix(component, input);
    case "bindings.aws.s3":
    case "bindings.aws.sqs":
    case "bindings.aws.sns":
    case "bindings.aws.eventbridge":
      return bindingValue(component, input);
    case "invocation.aws.http":
      return ref(addressParameter(component));
    default:
      return prefixOf(component, input);
  }
}

/** What the names of its secrets begin with. */
export function prefixOf(component: GraphComponent, input: StackInput): string {
  const { graph, stage } = input;
  const own = component.type.endsWith("parameterstore") ? `/${graph.service}/${stage}/` : `${graph.service}-${stage}-`;
  return written(component, "prefix", input) ?? own;
}

/** What a binding reads as its address: a bucket's name, a queue's URL or name, a topic's ARN, a bus's name. */
export function bindingValue(component: GraphComponent, input: StackInput): Json {
  const { name, type } = component;
  const field = bindingFields[type] ?? "";
  const said = written(component, field, input);
  if (said !== undefined) return said;
  const made = isMade(component, field, input);
  switch (type) {
    case "bindings.aws.s3":
      return made ? ref(logical(name, "Bucket")) : bucketName(component, input);
    case "bindings.aws.sqs":
      return made ? ref(logical(name, "Queue")) : queueName(name, { dead: false, ordered: false }, input);
    case "bindings.aws.sns":
      return made ? ref(logical(name, "NotificationTopic")) : bindingArn(component, input);
  }
  return "default";
}

const bindingFields: Readonly<Record<string, string>> = {
  "bindings.aws.dynamodb": "table",
  "bindings.aws.eventbridge": "eventBusName",
  "bindings.aws.s3": "bucket",
  "bindings.aws.sns": "topicArn",
  "bindings.aws.sqs": "queueName",
};

/** What a policy names: of a bucket the bucket itself. */
export function bindingArn(component: GraphComponent, input: StackInput): Json {
  const { name, type } = component;
  const field = bindingFields[type] ?? "";
  const said = written(component, field, input);
  if (said?.startsWith("arn:")) return said;
  const made = said === undefined && isMade(component, field, input);
  const region = regionOf(component, input);
  switch (type) {
    case "bindings.aws.s3": {
      const bucket = said ?? bucketName(component, input);
      return made ? attribute(logical(name, "Bucket"), "Arn") : join("arn:", ref("AWS::Partition"), ":s3:::", bucket);
    }
    case "bindings.aws.sqs":
      return queuePlace(component, input).arn;
    case "bindings.aws.sns":
      return made
        ? ref(logical(name, "NotificationTopic"))
        : arn("sns", said ?? physical(input, name, "", 256), region);
    case "bindings.aws.eventbridge":
      return arn("events", `event-bus/${said ?? "default"}`, region);
  }
  return arn("dynamodb", `table/${said}`, region);
}

/** A queue and that of its dead letters, whether this stack makes them or not. */
export interface QueuePlace {
  readonly arn: Json;
  readonly dead: Json;
  readonly url: Json;
}

export function queuePlace(component: GraphComponent, input: StackInput): QueuePlace {
  const { name } = component;
  if (isMade(component, "queueName", input))
    return {
      arn: attribute(logical(name, "Queue"), "Arn"),
      dead: attribute(logical(name, "QueueDead"), "Arn"),
      url: ref(logical(name, "Queue")),
    };
  const said = written(component, "queueName", input) ?? queueName(name, { dead: false, ordered: false }, input);
  const called = said.split(/[/:]/).at(-1) ?? "";
  const before = said.slice(0, -called.length);
  const dead = called.endsWith(".fifo") ? called.replace(/\.fifo$/, "-dead.fifo") : `${called}-dead`;
  // Both an address and an ARN say whose the queue is: https://sqs.<region>.amazonaws.com/<account>/<name>
  const [, at, owner] =
    /^https?:\/\/sqs\.([a-z0-9-]+)\.[^/]+\/(\d+)\/$/.exec(before) ??
    /^arn:[^:]+:sqs:([^:]+):(\d+):$/.exec(before) ??
    [];
  const region = regionOf(component, input);
  const arnOf = (queue: string): Json =>
    at !== undefined && owner !== undefined
      ? join("arn:", ref("AWS::Partition"), `:sqs:${at}:${owner}:${queue}`)
      : arn("sqs", queue, region);
  const host = ["https://sqs.", at ?? region ?? ref("AWS::Region"), ".", ref("AWS::URLSuffix"), "/"];
  return {
    arn: arnOf(called),
    dead: arnOf(dead),
    url: /^https?:/.test(said) ? said : join(...host, owner ?? ref("AWS::AccountId"), `/${called}`),
  };
}

/** No two buckets in the world have one name. */
export function bucketName({ name }: GraphComponent, input: StackInput): Json {
  const own = physical(input, name, "", 35).toLowerCase().replaceAll("_", "-");
  return join(own, "-", ref("AWS::AccountId"), "-", ref("AWS::Region"));
}

/** Where another app is, its deployer knows. */
export function addressParameter({ name }: GraphComponent): string {
  return logical(name, "ServiceUrl");
}

function topicPrefix(component: GraphComponent, input: StackInput): Json {
  return arn("sns", `${input.graph.service}-${input.stage}-`, regionOf(component, input));
}

export function topicArn(component: GraphComponent, topic: string, ordered: boolean, input: StackInput): Json {
  const prefix = written(component, "topicPrefix", input);
  const name = `${kebab(topic)}${ordered ? ".fifo" : ""}`;
  if (prefix !== undefined) return `${prefix}${name}`;
  return isMade(component, "topicPrefix", input)
    ? ref(logical(`${component.name}-${topic}`, "Topic"))
    : join(topicPrefix(component, input), name);
}

/** As a topic of this stack is called: its publisher puts prefix and name together, so it is never cut. */
export function topicName(topic: string, ordered: boolean, { graph, stage }: StackInput): string {
  const name = `${graph.service}-${stage}-${kebab(topic)}${ordered ? ".fifo" : ""}`;
  if (name.length <= 256) return name;
  throw new FaastenError(
    "INVALID",
    `the topic ${topic}: SNS takes names of 256 characters, and ${name} has ${name.length}`,
  );
}

/** Eighty characters at most. The dead letters' queue is called as the inbox is, with `-dead` after it. */
export function queueName(
  name: string,
  kind: { readonly dead: boolean; readonly ordered: boolean },
  input: StackInput,
): string {
  return `${physical(input, name, "", 70)}${kind.dead ? "-dead" : ""}${kind.ordered ? ".fifo" : ""}`;
}

export function regionOf(component: GraphComponent, input: StackInput): string | undefined {
  return written(component, "region", input) ?? written(component, "awsRegion", input);
}
