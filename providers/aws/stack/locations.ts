// Where a component's resource is: made by this stack, or named by its YAML.
import { FaastenError, type GraphComponent, kebab, type StackInput, variableOf } from "../../../src/provider.ts";
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

/** As the YAML says it, itself or through a variable of the manifest's. `undefined`: left to the stack. */
export function written(component: GraphComponent, field: string, { environment }: StackInput): string | undefined {
  const found = Object.entries(component.metadata).find(([name]) => name.toLowerCase() === field.toLowerCase())?.[1];
  if (found === undefined || typeof found === "string") return found;
  if ("env" in found && found.env === variableOf(component.block, component.name)) return undefined;
  const value = "env" in found ? environment[found.env] : undefined;
  if (value !== undefined) return value;
  const from = "env" in found ? `the variable ${found.env}, which \`provider.environment\` does not set` : "a secret";
  const message = `the component ${component.name} reads its \`${field}\` from ${from}: the stack has to know it, so that it grants no more than that`;
  throw new FaastenError("MISCONFIGURED", message);
}
