// What Resource Manager would refuse, or do in the wrong order. Written from its reference, by us: no deployment has proved it.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/resource-dependency
// https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
import { type Deployed, type Deployment, deploy, type Template } from "./template.ts";

export function findings(template: Template): readonly string[] {
  let deployment: Deployment;
  try {
    deployment = deploy(template);
  } catch (error) {
    return [String(error)];
  }
  const { resources } = deployment;
  const all = new Map(resources.map((one) => [one.id.toLowerCase(), one]));
  if (all.size !== resources.length) return ["two resources are one"];
  const needs = closure(resources);
  if (typeof needs === "string") return [needs];
  return resources.flatMap((one) => [
    ...ofDependencies(one, all, needs.get(one.id) ?? new Set()),
    ...ofName(one),
    ...ofRole(one, resources),
    ...ofQueues(one, resources, needs.get(one.id) ?? new Set()),
    ...ofStart(one, resources, needs.get(one.id) ?? new Set()),
  ]);
}

/** Resource → all that is there before it; or what is wrong. */
function closure(resources: readonly Deployed[]): ReadonlyMap<string, ReadonlySet<string>> | string {
  const direct = new Map(resources.map(({ id, dependsOn = [] }) => [id, dependsOn]));
  const done = new Map<string, ReadonlySet<string>>();
  const under: string[] = [];
  const look = (id: string): ReadonlySet<string> => {
    const known = done.get(id);
    if (known) return known;
    if (under.includes(id)) throw new Error(`a circle: ${[...under, id].join(" → ")}`);
    under.push(id);
    const found = new Set((direct.get(id) ?? []).flatMap((one) => [one, ...look(one)]));
    under.pop();
    done.set(id, found);
    return found;
  };
  try {
    for (const { id } of resources) look(id);
  } catch (error) {
    return String(error);
  }
  return done;
}

function ofDependencies(
  { id, scope, dependsOn = [], refers, name, type }: Deployed,
  all: ReadonlyMap<string, Deployed>,
  needs: ReadonlySet<string>,
): readonly string[] {
  const dangling = dependsOn.filter((one) => !all.has(one.toLowerCase()));
  const parents = name
    .split("/")
    .slice(0, -1)
    .map((_, index) =>
      id
        .split("/")
        .slice(0, -2 * (index + 1))
        .join("/"),
    );
  const around = [...refers, ...(scope === undefined ? [] : [scope]), ...parents];
  const missing = around.filter((one) => one !== id && all.has(one.toLowerCase()) && !needs.has(one));
  return [
    ...dangling.map((one) => `${type} ${name} waits for ${one}, which is not there`),
    ...missing.map((one) => `${type} ${name} does not wait for ${one}`),
  ];
}

const rules: Readonly<Record<string, RegExp>> = {
  "Microsoft.AppConfiguration/configurationStores": /^[A-Za-z0-9-]{5,50}$/,
  "Microsoft.Authorization/locks": /^[A-Za-z0-9_.-]{1,90}$/,
  "Microsoft.Authorization/roleAssignments": /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  "Microsoft.DocumentDB/databaseAccounts": /^[a-z0-9][a-z0-9-]{2,43}$/,
  "Microsoft.DocumentDB/databaseAccounts/sqlDatabases": /^[^/\\#?]{1,255}$/,
  "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers": /^[^/\\#?]{1,255}$/,
  "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments": /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions": /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  "Microsoft.EventGrid/topics": /^[A-Za-z0-9-]{3,50}$/,
  "Microsoft.EventGrid/topics/eventSubscriptions": /^[A-Za-z0-9-]{3,64}$/,
  "Microsoft.EventGrid/systemTopics": /^[A-Za-z0-9-]{3,50}$/,
  "Microsoft.EventGrid/systemTopics/eventSubscriptions": /^[A-Za-z0-9-]{3,64}$/,
  "Microsoft.Insights/components": /^[^%&\\?/]{1,259}[^%&\\?/ .]$/,
  "Microsoft.ManagedIdentity/userAssignedIdentities": /^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$/,
  "Microsoft.OperationalInsights/workspaces": /^[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]$/,
  "Microsoft.ServiceBus/namespaces": /^(?!.*(?:-sb|-mgmt)$)[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9]$/,
  "Microsoft.ServiceBus/namespaces/queues": /^[A-Za-z0-9][\w.-]{0,258}[A-Za-z0-9]$/,
  "Microsoft.ServiceBus/namespaces/topics": /^[A-Za-z0-9][\w.-]{0,258}[A-Za-z0-9]$/,
  "Microsoft.ServiceBus/namespaces/topics/subscriptions": /^[A-Za-z0-9][\w.-]{0,48}[A-Za-z0-9]$/,
  "Microsoft.ServiceBus/namespaces/topics/subscriptions/rules": /^[\w$.-]{1,50}$/,
  "Microsoft.Storage/storageAccounts": /^[a-z0-9]{3,24}$/,
  "Microsoft.Storage/storageAccounts/blobServices": /^default$/,
  "Microsoft.Storage/storageAccounts/blobServices/containers": /^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  "Microsoft.Storage/storageAccounts/queueServices": /^default$/,
  "Microsoft.Storage/storageAccounts/queueServices/queues": /^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  "Microsoft.Web/serverfarms": /^[A-Za-z0-9-]{1,40}$/,
  "Microsoft.Web/sites": /^[A-Za-z0-9][A-Za-z0-9-]{0,58}[A-Za-z0-9]$/,
  "Microsoft.Web/sites/basicPublishingCredentialsPolicies": /^(?:ftp|scm)$/,
};

function ofName({ type, name }: Deployed): readonly string[] {
  const rule = rules[type];
  const own = name.split("/").at(-1) ?? "";
  return rule?.test(own) ? [] : [`${type} cannot be called ${own}`];
}

/** From https://learn.microsoft.com/azure/role-based-access-control/built-in-roles: the role, and what kind of resource it is for. */
export const builtIn: Readonly<Record<string, readonly [name: string, on: RegExp]>> = {
  "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": ["Storage Table Data Contributor", /storageAccounts$/],
  "19e7f393-937e-4f77-808e-94535e297925": ["Storage Queue Data Reader", /queueServices\/queues$/],
  "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": ["Storage Blob Data Reader", /containers$/],
  "3913510d-42f4-4e42-8a64-420c390055eb": ["Monitoring Metrics Publisher", /Insights\/components$/],
  "4633458b-17de-408a-b874-0445c86b69e6": ["Key Vault Secrets User", /vaults(?:\/secrets)?$/],
  "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0": ["Azure Service Bus Data Receiver", /namespaces\/queues$/],
  "516239f1-63e1-4d78-a4de-a74fb236a071": ["App Configuration Data Reader", /configurationStores$/],
  "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39": ["Azure Service Bus Data Sender", /namespaces\/(?:queues|topics)$/],
  "8a0f0c08-91a1-4084-bc3d-661d67233fed": ["Storage Queue Data Message Processor", /queueServices\/queues$/],
  "974c5e8b-45b9-4653-ba55-5f855dd0fb88": ["Storage Queue Data Contributor", /queues$/],
  "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": ["Storage Blob Data Owner", /storageAccounts$/],
  "ba92f5b4-2d11-453d-a403-e96b0029c9fe": ["Storage Blob Data Contributor", /containers$/],
  "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": ["Storage Queue Data Message Sender", /queueServices\/queues$/],
  "d5a91429-5739-47e2-a06b-3470a27159e7": ["EventGrid Data Sender", /EventGrid\/topics$/],
  "db58b8e5-c6ad-4a2a-8342-4190687cbf4a": ["Storage Blob Delegator", /storageAccounts$/],
};

function ofRole(one: Deployed, all: readonly Deployed[]): readonly string[] {
  const { type, properties = {}, scope = "" } = one;
  const role = String(properties["roleDefinitionId"]);
  if (type.endsWith("/sqlRoleAssignments")) {
    const known = all.some(({ id }) => id === role && role.includes("/sqlRoleDefinitions/"));
    return known ? [] : [`no role of Cosmos DB is ${role}`];
  }
  if (!type.endsWith("/roleAssignments")) return [];
  const guid = role.split("/").at(-1) ?? "";
  const [, on] = builtIn[guid] ?? [];
  if (!on) return [`there is no role ${guid}`];
  // Only who is no person needs no look-up while its identity is still new.
  if (properties["principalType"] !== "ServicePrincipal") return [`${one.id} is given to no service`];
  const kind = typeOf(scope);
  return on.test(kind) ? [] : [`${guid} on ${kind} allows too much, or nothing`];
}

function typeOf(id: string): string {
  const [provider = "", ...rest] = (id.split("/providers/").at(-1) ?? "").split("/");
  return [provider, ...rest.filter((_, index) => index % 2 === 0)].join("/");
}

/** Queues are named, and not identified, by what forwards to them. */
function ofQueues(one: Deployed, all: readonly Deployed[], needs: ReadonlySet<string>): readonly string[] {
  if (!one.type.startsWith("Microsoft.ServiceBus/")) return [];
  const [namespace] = one.name.split("/");
  return ["forwardTo", "forwardDeadLetteredMessagesTo"].flatMap((property) => {
    const to = one.properties?.[property];
    if (to === undefined) return [];
    const queue = all.find(({ type, name }) => type.endsWith("/queues") && name === `${namespace}/${String(to)}`);
    if (!queue) return [`${one.name} forwards to ${String(to)}, which is not there`];
    return needs.has(queue.id) ? [] : [`${one.name} does not wait for ${queue.name}`];
  });
}

/** An app that may not yet do what it does fails its first calls. */
function ofStart(one: Deployed, all: readonly Deployed[], needs: ReadonlySet<string>): readonly string[] {
  if (one.type !== "Microsoft.Web/sites") return [];
  const identities = Object.keys(Object(one.identity?.userAssignedIdentities)).map((id) => id.split("/").at(-1));
  return all
    .filter(
      ({ type, properties }) =>
        /oleAssignments$/.test(type) &&
        identities.some((name) => properties?.["principalId"] === `principal of ${name}`),
    )
    .filter(({ id }) => !needs.has(id))
    .map(({ id }) => `${one.name} starts before ${id}`);
}
