// The pieces of an ARM template, and how each text in it comes back as it is.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
const text: unique symbol = Symbol("what ARM works out");

/** What ARM works out while it deploys. Never made of an app's own text but by `call`, which quotes it. */
export interface Expression {
  readonly [text]: string;
}

/** What a template holds, before it is written: a string is always meant as it stands. */
export type Value = Text | number | boolean | readonly Value[] | { readonly [key: string]: Value };
export type Text = string | Expression;

/** As the file has it. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

export function call(name: string, ...given: readonly (Text | number)[]): Expression {
  const args = given.map((one) => (typeof one === "string" ? `'${one.replaceAll("'", "''")}'` : textOf(one)));
  return { [text]: `${name}(${args.join(", ")})` };
}

export function property(of: Expression, ...names: readonly string[]): Expression {
  return { [text]: [of[text], ...names].join(".") };
}

export const parameter = (name: string): Expression => call("parameters", name);
export const variable = (name: string): Expression => call("variables", name);
export const location: Expression = parameter("location");

export function join(...parts: readonly Text[]): Text {
  const whole: Text[] = [];
  for (const part of parts) {
    const last = whole.at(-1);
    if (typeof part === "string" && typeof last === "string") whole[whole.length - 1] = last + part;
    else if (part !== "") whole.push(part);
  }
  const [first = ""] = whole;
  return whole.length > 1 ? call("concat", ...whole) : first;
}

/** Of a map that ARM asks for by identifiers of resources. */
export function keyOf(expression: Expression): string {
  return `[${expression[text]}]`;
}

/** ARM takes a text in brackets for an expression, unless it begins with two of them. */
export function toJson(value: Value): Json {
  if (typeof value === "string") return value.startsWith("[") && value.endsWith("]") ? `[${value}` : value;
  if (typeof value !== "object") return value;
  if (isExpression(value)) return keyOf(value);
  if (isList(value)) return value.map(toJson);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toJson(inner)]));
}

/** For a person, or for what compares two of them. */
export function shown(value: Text): string {
  return typeof value === "string" ? value : keyOf(value);
}

function textOf(value: Expression | number): string {
  return typeof value === "number" ? String(value) : value[text];
}

function isExpression(value: Value): value is Expression {
  return typeof value === "object" && text in value;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** Where a resource is: a name for each part of its type, and the resource that it is laid on. */
export interface Place {
  readonly type: ResourceType;
  readonly names: readonly Text[];
  readonly on?: Place;
}

export interface Resource {
  readonly place: Place;
  /** Resources of this template that have to be there first; its own parents need no naming. */
  readonly after?: readonly Place[];
  /** Left out: it is in no region. */
  readonly in?: Text;
  /** `properties`, `sku`, `kind`, `identity`, `tags`. */
  readonly body: { readonly [key: string]: Value };
}

export function idOf({ type, names, on }: Place): Expression {
  return on ? call("extensionResourceId", idOf(on), type, ...names) : call("resourceId", type, ...names);
}

/** What a resource says of itself once it is there. */
export function stateOf(place: Place): Expression {
  return call("reference", idOf(place), versions[place.type]);
}

/** The resources of a list that lie around a place: those it is in, and the one it is laid on. */
export function parentsOf({ type, names, on }: Place): readonly Place[] {
  const parent: Place | undefined =
    names.length > 1 ? { type: type.slice(0, type.lastIndexOf("/")) as ResourceType, names: names.slice(0, -1) } : on;
  return parent ? [parent, ...parentsOf(parent)] : [];
}

export function written(resource: Resource, all: ReadonlySet<string>): Json {
  const { place, after = [], body } = resource;
  const needed = [...parentsOf(place), ...after].map((one) => keyOf(idOf(one)));
  const dependsOn = [...new Set(needed)].filter((id) => all.has(id));
  return {
    type: place.type,
    apiVersion: versions[place.type],
    name: toJson(join(...place.names.flatMap((name, at) => (at === 0 ? [name] : ["/", name])))),
    ...(place.on && { scope: toJson(idOf(place.on)) }),
    ...(resource.in !== undefined && { location: toJson(resource.in) }),
    ...Object.fromEntries(Object.entries(body).map(([key, value]) => [key, toJson(value)])),
    ...(dependsOn.length > 0 && { dependsOn }),
  };
}

export type ResourceType = keyof typeof versions;

/** https://learn.microsoft.com/azure/templates/ */
const versions = {
  "Microsoft.AppConfiguration/configurationStores": "2024-05-01",
  "Microsoft.Authorization/locks": "2020-05-01",
  "Microsoft.Authorization/roleAssignments": "2022-04-01",
  "Microsoft.DocumentDB/databaseAccounts": "2025-04-15",
  "Microsoft.DocumentDB/databaseAccounts/sqlDatabases": "2025-04-15",
  "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers": "2025-04-15",
  "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments": "2025-04-15",
  "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions": "2025-04-15",
  "Microsoft.EventGrid/topics": "2022-06-15",
  "Microsoft.EventGrid/topics/eventSubscriptions": "2022-06-15",
  "Microsoft.EventGrid/systemTopics": "2022-06-15",
  "Microsoft.EventGrid/systemTopics/eventSubscriptions": "2022-06-15",
  "Microsoft.Insights/components": "2020-02-02",
  "Microsoft.KeyVault/vaults": "2024-11-01",
  "Microsoft.KeyVault/vaults/secrets": "2024-11-01",
  "Microsoft.ManagedIdentity/userAssignedIdentities": "2024-11-30",
  "Microsoft.OperationalInsights/workspaces": "2023-09-01",
  "Microsoft.ServiceBus/namespaces": "2024-01-01",
  "Microsoft.ServiceBus/namespaces/queues": "2024-01-01",
  "Microsoft.ServiceBus/namespaces/topics": "2024-01-01",
  "Microsoft.ServiceBus/namespaces/topics/subscriptions": "2024-01-01",
  "Microsoft.ServiceBus/namespaces/topics/subscriptions/rules": "2024-01-01",
  "Microsoft.Storage/storageAccounts": "2025-01-01",
  "Microsoft.Storage/storageAccounts/blobServices": "2025-01-01",
  "Microsoft.Storage/storageAccounts/blobServices/containers": "2025-01-01",
  "Microsoft.Storage/storageAccounts/queueServices": "2025-01-01",
  "Microsoft.Storage/storageAccounts/queueServices/queues": "2025-01-01",
  "Microsoft.Web/serverfarms": "2024-11-01",
  "Microsoft.Web/sites": "2024-11-01",
  "Microsoft.Web/sites/basicPublishingCredentialsPolicies": "2024-11-01",
} as const;
