// One function app a deployable, on a plan of its own: an identity, an account for its host, and the settings that the bundle reads.
// https://learn.microsoft.com/azure/azure-functions/functions-infrastructure-as-code?pivots=flex-consumption-plan
// https://learn.microsoft.com/azure/azure-functions/functions-app-settings
import { type GraphComponent, type StackInput, variableOf } from "../../../src/provider.ts";
import { connectionOf } from "../invoked.ts";
import { timeoutSetting, toTimeSpan } from "../timeout.ts";
import type { Principal } from "./items.ts";
import { addressOf, gridTopicAt, hostOf, readsAddress, type StorageQueue, storageQueueOf } from "./locations.ts";
import { inboxOf } from "./messages.ts";
import { insightsAt } from "./monitoring.ts";
import { hostStorageName, physical, siteName } from "./names.ts";
import type { Rights } from "./rights.ts";
import { roleId } from "./roles.ts";
import { objectsAt, privateContainer, storage, storageAt } from "./stores.ts";
import {
  call,
  idOf,
  join,
  keyOf,
  location,
  type Place,
  property,
  type Resource,
  stateOf,
  type Text,
} from "./template.ts";

export function siteAt(deployable: string): Place {
  return { type: "Microsoft.Web/sites", names: [siteName(deployable)] };
}

function identityAt(deployable: string, input: StackInput): Place {
  const type = "Microsoft.ManagedIdentity/userAssignedIdentities";
  return { type, names: [physical(input, deployable, 128)] };
}

export function principalOf(deployable: string, input: StackInput): Principal {
  const at = identityAt(deployable, input);
  return { at, id: property(stateOf(at), "principalId") };
}

const packages = "packages";

/** `granted`: what has to be there before the app starts. */
export function appResources(
  deployable: string,
  rights: Rights,
  granted: readonly Place[],
  input: StackInput,
): readonly Resource[] {
  const { node } = input;
  const identity = identityAt(deployable, input);
  const account = hostStorageName(deployable);
  const plan: Place = { type: "Microsoft.Web/serverfarms", names: [physical(input, deployable, 40)] };
  const site = siteAt(deployable);
  const assigned = rights.roles.map(({ role, on }): Resource => {
    const { at, id } = principalOf(deployable, input);
    return {
      place: {
        type: "Microsoft.Authorization/roleAssignments",
        names: [call("guid", idOf(on), idOf(at), role.id)],
        on,
      },
      after: [at],
      body: { properties: { roleDefinitionId: roleId(role), principalId: id, principalType: "ServicePrincipal" } },
    };
  });
  return [
    { place: identity, in: location, body: { properties: {} } },
    storage(account),
    privateContainer(account, packages),
    ...assigned,
    {
      place: plan,
      in: location,
      body: { kind: "functionapp", sku: { name: "FC1", tier: "FlexConsumption" }, properties: { reserved: true } },
    },
    {
      place: site,
      after: [
        plan,
        identity,
        insightsAt(input),
        objectsAt(account, packages),
        ...assigned.map(({ place }) => place),
        ...granted,
        // Their addresses are among the settings.
        ...input.graph.components
          .filter(({ type }) => type === "bindings.azure.eventgrid")
          .map((one) => gridTopicAt(one, input)),
      ],
      in: location,
      body: {
        kind: "functionapp,linux",
        identity: { type: "UserAssigned", userAssignedIdentities: { [keyOf(idOf(identity))]: {} } },
        properties: {
          serverFarmId: idOf(plan),
          httpsOnly: true,
          publicNetworkAccess: "Enabled",
          functionAppConfig: {
            deployment: {
              storage: {
                type: "blobContainer",
                value: join(property(stateOf(storageAt(account)), "primaryEndpoints", "blob"), packages),
                authentication: { type: "UserAssignedIdentity", userAssignedIdentityResourceId: idOf(identity) },
              },
            },
            runtime: { name: "node", version: String(node) },
            scaleAndConcurrency: { instanceMemoryMB: memoryOf(deployable, input), maximumInstanceCount: 100 },
          },
          siteConfig: {
            appSettings: settingsOf(deployable, input).map(([name, value]) => ({ name, value })),
            minTlsVersion: "1.2",
            scmMinTlsVersion: "1.2",
            ftpsState: "Disabled",
          },
        },
      },
    },
    ...["ftp", "scm"].map(
      (name): Resource => ({
        place: { type: "Microsoft.Web/sites/basicPublishingCredentialsPolicies", names: [...site.names, name] },
        // Packages are brought by who proves it to Microsoft Entra.
        body: { properties: { allow: false } },
      }),
    ),
  ];
}

/** Megabytes that an instance may have. https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#instance-sizes */
export const instanceSizes: readonly number[] = [512, 2048, 4096];

function ownOf(deployable: string, { graph }: StackInput) {
  const names = new Set(graph.deployables.find(({ name }) => name === deployable)?.functions);
  return graph.functions.filter(({ name }) => names.has(name));
}

/** The least of these that is enough for each of its functions. */
function memoryOf(deployable: string, input: StackInput): number {
  const most = Math.max(...ownOf(deployable, input).map(({ section }) => section?.memorySize ?? input.memory));
  return instanceSizes.find((size) => size >= most) ?? 0;
}

/** Seconds: the longest that one of its functions may run. Those with a shorter time of their own are ended by the runtime. */
function timeoutOf(deployable: string, input: StackInput): number {
  return Math.max(...ownOf(deployable, input).map(({ section }) => section?.timeout ?? input.timeout));
}

/** What the platform, the host and the bundle read. A later one of the same name is another's own: `checkSettings`. */
export function settingsOf(deployable: string, input: StackInput): readonly (readonly [string, Text])[] {
  return [...ownSettings(deployable, input), ...ourSettings(deployable, input)];
}

/** As the manifest says them. */
export function ownSettings(deployable: string, input: StackInput): readonly (readonly [string, string])[] {
  const own = ownOf(deployable, input).flatMap(({ section }) => Object.entries(section?.environment ?? {}));
  return Object.entries({ ...input.environment, ...Object.fromEntries(own) }).map(([name, value]) => [
    name,
    String(value),
  ]);
}

function ourSettings(deployable: string, input: StackInput): readonly (readonly [string, Text])[] {
  const identity = identityAt(deployable, input);
  const clientId = property(stateOf(identity), "clientId");
  const host = storageAt(hostStorageName(deployable));
  const timeout = toTimeSpan(timeoutOf(deployable, input));
  const byIdentity = (connection: string): readonly (readonly [string, Text])[] => [
    [`${connection}__credential`, "managedidentity"],
    [`${connection}__clientId`, clientId],
  ];
  const connections = new Map<string, Text>();
  const inboxes = ownOf(deployable, input).flatMap((one): readonly (readonly [string, Text])[] => {
    const inbox = inboxOf(one, input);
    if (!inbox) return [];
    const component = one.on.kind === "topic" ? one.on.pubsub : one.on.kind === "binding" ? one.on.binding : "";
    connections.set(connectionOf(component), hostOf(inbox.broker.namespace));
    return [[variableOf("inbox", one.name), inbox.queue]];
  });
  return [
    ...byIdentity("AzureWebJobsStorage"),
    ...["blob", "queue", "table"].map(
      (kind) => [`AzureWebJobsStorage__${kind}ServiceUri`, property(stateOf(host), "primaryEndpoints", kind)] as const,
    ),
    ["APPLICATIONINSIGHTS_CONNECTION_STRING", property(stateOf(insightsAt(input)), "ConnectionString")],
    ["APPLICATIONINSIGHTS_AUTHENTICATION_STRING", join("Authorization=AAD;ClientId=", clientId)],
    ["AZURE_CLIENT_ID", clientId],
    // One value for the platform and the runtime, in place of what host.json says.
    [timeoutSetting, timeout],
    ["AzureFunctionsJobHost__extensions__serviceBus__maxAutoLockRenewalDuration", timeout],
    ...located(deployable, input),
    ...inboxes,
    ...queuesOf(deployable, input).flatMap(([component, name, { account, queue }]) => [
      [variableOf("inbox", name), queue] as const,
      [`${connectionOf(component)}__queueServiceUri`, join("https://", account, ".queue.core.windows.net")] as const,
      ...byIdentity(connectionOf(component)),
    ]),
    ...attemptsOf(deployable, input),
    ...[...connections].flatMap(([connection, namespace]) => [
      [`${connection}__fullyQualifiedNamespace`, namespace] as const,
      ...byIdentity(connection),
    ]),
  ];
}

/** Functions that the host gives messages from queues of storage accounts: by component, by name. */
function queuesOf(deployable: string, input: StackInput): readonly (readonly [string, string, StorageQueue])[] {
  return ownOf(deployable, input).flatMap(({ name, on }) => {
    const binding = on.kind === "binding" ? on.binding : undefined;
    const found = input.graph.components.find((one) => one.name === binding);
    if (binding === undefined || found?.type !== "bindings.azure.storagequeues") return [];
    return [[binding, name, storageQueueOf(found, input)] as const];
  });
}

/** The host counts for all queues alike: the most that one of them asks for. */
function attemptsOf(deployable: string, input: StackInput): readonly (readonly [string, Text])[] {
  const names = queuesOf(deployable, input).map(([, name]) => name);
  const attempts = ownOf(deployable, input).flatMap(({ name, on }) =>
    on.kind === "binding" && names.includes(name) ? [on.attempts] : [],
  );
  if (attempts.length === 0) return [];
  return [["AzureFunctionsJobHost__extensions__queues__maxDequeueCount", String(Math.max(...attempts))]];
}

/** Where the components are that it needs, and the secret stores that these name. */
function located(deployable: string, input: StackInput): readonly (readonly [string, Text])[] {
  const { grants, components } = input.graph;
  const own = ownOf(deployable, input);
  const names = new Set(own.map(({ name }) => name));
  const needed = new Set([
    ...grants.filter((grant) => names.has(grant.function)).map(({ component }) => component),
    ...own.flatMap(({ on }) => (on.kind === "topic" ? [on.pubsub] : [])),
  ]);
  const stores = components.filter(({ name }) => needed.has(name)).flatMap(storesOf);
  return components
    .filter(({ name }) => needed.has(name) || stores.includes(name))
    .flatMap((component): readonly (readonly [string, Text])[] => {
      const reads = readsAddress(component);
      return reads === undefined ? [] : [[reads, addressOf(component, input)]];
    });
}

function storesOf({ metadata }: GraphComponent): readonly string[] {
  return Object.values(metadata).flatMap((value) =>
    typeof value === "object" && "store" in value ? [value.store] : [],
  );
}
