// What resources are called. A name that all of Azure shares ends in what is the resource group's own, and is a variable of the template.
// https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
import { type GraphComponent, kebab, type StackInput, sha256 } from "../../../src/provider.ts";
import { call, type Expression, type Json, join, property, type Text, toJson, variable } from "./template.ts";

/** What services call by itself within the resource group, or within another resource. */
export function physical({ graph, stage }: StackInput, name: string | undefined, most: number): string {
  return cut([graph.service, stage, ...(name === undefined ? [] : [kebab(name)])].join("-"), most);
}

/** The longest are cut, and told apart by their end. */
export function cut(name: string, most: number): string {
  return name.length <= most ? name : `${name.slice(0, most - 9)}-${sha256(name).slice(0, 8)}`;
}

/** Of a function app, by the deployable. */
export const siteName = (deployable: string): Expression => variable(key("site", deployable));
/** Of the account that its host keeps its package, locks and keys in. */
export const hostStorageName = (deployable: string): Expression => variable(key("storage", deployable));
/** Of an App Configuration store, by the component. */
export const storeName = (component: string): Expression => variable(key("store", component));
/** Of a topic of Event Grid, by the component. */
export const gridTopicName = (component: string): Expression => variable(key("topic", component));
export const accountName: Expression = variable("cosmosAccount");
export const namespaceName: Expression = variable("serviceBus");
export const dataStorageName: Expression = variable("dataStorage");

/** Of all that may need one; a template has those that it uses. */
export function namesOf(input: StackInput): Readonly<Record<string, Json>> {
  const { deployables, components } = input.graph;
  const names: readonly (readonly [string, Text])[] = [
    ["cosmosAccount", unique(physical(input, undefined, 30), "-", "cosmos", input)],
    ["serviceBus", unique(physical(input, undefined, 36), "-", "messages", input)],
    ["dataStorage", unique(squeezed(input), "", "data", input)],
    ...deployables.flatMap(({ name }): readonly (readonly [string, Text])[] => [
      [key("site", name), unique(physical(input, name === "app" ? undefined : name, 46), "-", `site ${name}`, input)],
      [key("storage", name), unique(squeezed(input), "", `host ${name}`, input)],
    ]),
    ...components.flatMap(({ name }) =>
      ["store", "topic"].map(
        (kind) => [key(kind, name), unique(physical(input, name, 36), "-", `${kind} ${name}`, input)] as const,
      ),
    ),
  ];
  return Object.fromEntries(names.map(([name, value]) => [name, toJson(value)]));
}

/** Thirteen characters follow, which only this resource of this stage in this resource group has. */
function unique(name: string, between: string, what: string, { graph, stage }: StackInput): Text {
  const group = property(call("resourceGroup"), "id");
  return join(name + between, call("uniqueString", group, `${graph.service} ${stage} ${what}`));
}

/** Storage accounts have small letters and digits alone, 24 at most. */
function squeezed({ graph, stage }: StackInput): string {
  return `${graph.service}${stage}`.replaceAll("-", "").slice(0, 11);
}

/** Names within a template are identifiers. */
function key(...words: readonly string[]): string {
  return words.map((word) => kebab(word).replaceAll("-", "_")).join("_");
}

/** A parameter by which whoever deploys says where a component's resource is. */
export function parameterName({ name, type }: Pick<GraphComponent, "name" | "type">): string {
  return key(name, type === "secretstores.azure.keyvault" ? "vault" : "address");
}
