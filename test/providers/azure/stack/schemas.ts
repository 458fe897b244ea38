// Microsoft's schemas of resources, where they lie beside the repository; every object in them is closed, so that what they do not name is
// found. Of services without one there, what we emit is held to shapes written here from https://learn.microsoft.com/azure/templates/.
import { existsSync, readFileSync } from "node:fs";
import draft4 from "ajv-draft-04";
import type { Deployment } from "./template.ts";

type Schema = { readonly [key: string]: unknown };
type Check = (deployment: Deployment) => readonly string[];

const folder = new URL("../../../../../shared/schemas/azure/", import.meta.url);
const base = "https://schema.management.azure.com/schemas/";
const files = [
  "common/definitions.json",
  "2022-04-01/Microsoft.Authorization.json",
  "2024-01-01/Microsoft.ServiceBus.json",
  "2024-11-01/Microsoft.Web.json",
  "2024-11-30/Microsoft.ManagedIdentity.json",
  "2025-01-01/Microsoft.Storage.json",
  "2025-04-15/Microsoft.DocumentDB.json",
];

export const vendor: boolean = existsSync(folder);

/** What is wrong with each resource by the schema of its type and version. */
export function schemas(): Check {
  if (!vendor) console.log("skipped: Microsoft's schemas do not lie beside the repository");
  const ajv = new draft4.default({ strict: false, allErrors: true, validateFormats: false });
  const sources = vendor ? files.map((file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Schema) : [];
  for (const source of sources) ajv.addSchema(closed(source) as Schema);
  const known = new Map<string, object>(Object.entries(own));
  for (const { id, ...source } of sources)
    for (const kind of ["resourceDefinitions", "extension_resourceDefinitions", "unknown_resourceDefinitions"])
      for (const [name, schema] of Object.entries(Object(source[kind]))) {
        const version = String(id).slice(base.length).split("/")[0];
        const type = typeIn(schema);
        if (type) known.set(`${type}@${version}`, { $ref: `${String(id)}/${kind}/${name}` });
      }
  return ({ resources }) =>
    resources.flatMap(({ id, refers: _, type, apiVersion, scope: _on, dependsOn: _after, ...rest }) => {
      const schema = known.get(`${type}@${apiVersion}`);
      if (!schema)
        return vendor || Object.keys(own).some((one) => one.startsWith(`${type}@`))
          ? [`${type}@${apiVersion} is unknown`]
          : [];
      const validate = ajv.compile(schema);
      if (validate({ type, apiVersion, ...rest })) return [];
      return [`${id}: ${ajv.errorsText(validate.errors)}`];
    });
}

function typeIn(schema: unknown): string | undefined {
  return Object(Object(Object(schema).properties).type).enum?.[0];
}

/**
 * An object holds nothing that is not named. Not where alternatives stand beside the names: each knows its own alone. A child's name holds
 * its parents' here, so its greatest length says nothing, and no more does a pattern of its own alone.
 */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const split = alternatives.some((word) => word in schema) && "properties" in schema;
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (split && alternatives.includes(key)) return [key, (value as readonly unknown[]).map(opened)];
      return [key, /^(?:properties|definitions|\w*resourceDefinitions)$/.test(key) ? each(value) : closed(value)];
    }),
  );
  if (!("properties" in inner) || "additionalProperties" in inner) return inner;
  const { name, ...named } = inner["properties"] as Readonly<Record<string, Schema>>;
  const { maxLength: _, ...unlimited } = isOwnName(name) ? { type: "string" } : (name ?? {});
  return {
    ...inner,
    properties: { ...named, ...(name && { name: unlimited }) },
    ...(!split && { additionalProperties: false }),
  };
}

function isOwnName(name: Schema | undefined): boolean {
  const [first] = (name?.["oneOf"] ?? []) as readonly Schema[];
  return String(first?.["pattern"]).startsWith("^[");
}

const alternatives: readonly string[] = ["oneOf", "anyOf", "allOf"];

function each(map: unknown): Schema {
  return Object.fromEntries(Object.entries(Object(map)).map(([key, inner]) => [key, closed(inner)]));
}

function opened(schema: unknown): unknown {
  const { additionalProperties: _, ...rest } = closed(schema) as Schema;
  return rest;
}

const text = { type: "string", minLength: 1 };
const bool = { type: "boolean" };
function shape(properties: Schema, required: readonly string[] = Object.keys(properties)): Schema {
  return { type: "object", properties, required, additionalProperties: false };
}
function resource(type: string, version: string, more: Schema): readonly [string, Schema] {
  return [
    `${type}@${version}`,
    shape({ type: { enum: [type] }, apiVersion: { enum: [version] }, name: text, ...more }),
  ];
}
const identity = shape({ type: { enum: ["SystemAssigned"] } });

const delivered = {
  deliveryWithResourceIdentity: shape({
    identity,
    destination: shape({ endpointType: { enum: ["ServiceBusQueue"] }, properties: shape({ resourceId: text }) }),
  }),
  deadLetterWithResourceIdentity: shape({
    identity,
    deadLetterDestination: shape({
      endpointType: { enum: ["StorageBlob"] },
      properties: shape({ resourceId: text, blobContainerName: text }),
    }),
  }),
  eventDeliverySchema: { enum: ["EventGridSchema", "CustomInputSchema", "CloudEventSchemaV1_0"] },
  retryPolicy: shape({
    maxDeliveryAttempts: { type: "integer", minimum: 1, maximum: 30 },
    eventTimeToLiveInMinutes: { type: "integer", minimum: 1, maximum: 1440 },
  }),
};

const own: Readonly<Record<string, Schema>> = Object.fromEntries([
  resource("Microsoft.Authorization/locks", "2020-05-01", {
    properties: shape({ level: { enum: ["CanNotDelete", "ReadOnly"] }, notes: { ...text, maxLength: 512 } }),
  }),
  resource("Microsoft.AppConfiguration/configurationStores", "2024-05-01", {
    location: text,
    sku: shape({ name: { enum: ["free", "developer", "standard", "premium"] } }),
    properties: shape({
      disableLocalAuth: bool,
      publicNetworkAccess: { enum: ["Enabled", "Disabled"] },
      softDeleteRetentionInDays: { type: "integer", minimum: 1, maximum: 7 },
      enablePurgeProtection: bool,
    }),
  }),
  resource("Microsoft.OperationalInsights/workspaces", "2023-09-01", {
    location: text,
    properties: shape({
      sku: shape({ name: { enum: ["PerGB2018", "CapacityReservation"] } }),
      retentionInDays: { type: "integer", minimum: 30, maximum: 730 },
    }),
  }),
  resource("Microsoft.Insights/components", "2020-02-02", {
    location: text,
    kind: { enum: ["web"] },
    properties: shape({
      Application_Type: { enum: ["web", "other"] },
      WorkspaceResourceId: text,
      IngestionMode: { enum: ["LogAnalytics"] },
      DisableLocalAuth: bool,
    }),
  }),
  resource("Microsoft.EventGrid/systemTopics", "2022-06-15", {
    location: text,
    identity,
    properties: shape({ source: text, topicType: { enum: ["Microsoft.Storage.StorageAccounts"] } }),
  }),
  resource("Microsoft.EventGrid/topics", "2022-06-15", {
    location: text,
    identity,
    properties: shape({
      inputSchema: { enum: ["EventGridSchema", "CustomEventSchema", "CloudEventSchemaV1_0"] },
      disableLocalAuth: bool,
      publicNetworkAccess: { enum: ["Enabled", "Disabled"] },
    }),
  }),
  resource("Microsoft.EventGrid/topics/eventSubscriptions", "2022-06-15", { properties: shape(delivered) }),
  resource("Microsoft.EventGrid/systemTopics/eventSubscriptions", "2022-06-15", {
    properties: shape({
      ...delivered,
      filter: shape({
        subjectBeginsWith: text,
        isSubjectCaseSensitive: bool,
        includedEventTypes: {
          type: "array",
          items: { enum: ["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobDeleted"] },
        },
      }),
    }),
  }),
]);
