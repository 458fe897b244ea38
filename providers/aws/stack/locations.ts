// Where a component's resource is: made by this stack, or named by its YAML.
import { type GraphComponent, kebab, type MetadataValue, type StackInput } from "../../../src/provider.ts";
import { arn, attribute, type Json, join, logical, physical, ref } from "./template.ts";

/** A table's ARN. */
export function addressOf(component: GraphComponent): Json {
  const table = written(component, "table");
  return table === undefined ? attribute(logical(component.name, "Table"), "Arn") : arn("dynamodb", `table/${table}`);
}

/** What a component reads as its address. */
export function valueOf(component: GraphComponent, input: StackInput): Json {
  switch (component.type) {
    case "state.aws.dynamodb":
      return ref(logical(component.name, "Table"));
    case "pubsub.aws.snssqs":
      return topicPrefix(input);
    default:
      return prefixOf(component, input);
  }
}

/** What the names of its secrets begin with. */
export function prefixOf(component: GraphComponent, { graph, stage }: StackInput): string {
  const own = component.type.endsWith("parameterstore") ? `/${graph.service}/${stage}/` : `${graph.service}-${stage}-`;
  return written(component, "prefix") ?? own;
}

function topicPrefix({ graph, stage }: StackInput): Json {
  return arn("sns", `${graph.service}-${stage}-`);
}

export function topicArn(component: GraphComponent, topic: string, ordered: boolean, input: StackInput): Json {
  const prefix = written(component, "topicPrefix");
  const name = `${kebab(topic)}${ordered ? ".fifo" : ""}`;
  if (prefix !== undefined) return `${prefix}${name}`;
  return component.existing ? join(topicPrefix(input), name) : ref(logical(`${component.name}-${topic}`, "Topic"));
}

/** As a topic of this stack is called. */
export function topicName(topic: string, ordered: boolean, { graph, stage }: StackInput): string {
  return `${graph.service}-${stage}-${kebab(topic)}${ordered ? ".fifo" : ""}`;
}

/** Eighty characters at most. The dead letters' queue is called as the inbox is, with `-dead` after it. */
export function queueName(
  name: string,
  kind: { readonly dead: boolean; readonly ordered: boolean },
  input: StackInput,
): string {
  return `${physical(input, name, "", 70)}${kind.dead ? "-dead" : ""}${kind.ordered ? ".fifo" : ""}`;
}

/** `undefined`: left to the stack. */
export function written({ metadata }: GraphComponent, field: string): string | undefined {
  const found = Object.entries(metadata).find(([name]) => name.toLowerCase() === field.toLowerCase())?.[1];
  return isText(found) ? found : undefined;
}

function isText(value: MetadataValue | undefined): value is string {
  return typeof value === "string";
}
