// What holds data beside messages: containers of items, settings, objects.
// https://learn.microsoft.com/azure/cosmos-db/nosql/manage-with-templates
import type { GraphComponent, StackInput } from "../../../src/provider.ts";
import { actsAsApp, containerOf, objectsOf, settingsAt, storageQueueAt, storageQueueOf } from "./locations.ts";
import { accountName, dataStorageName } from "./names.ts";
import { retained } from "./retained.ts";
import { location, type Place, type Resource, type Text } from "./template.ts";

export const accountAt = (account: Text): Place => ({
  type: "Microsoft.DocumentDB/databaseAccounts",
  names: [account],
});

/** The account of all state components, in which each has a container. */
export function stateResources(input: StackInput): readonly Resource[] {
  const made = input.graph.components
    .filter((one) => one.type === "state.azure.cosmosdb" && actsAsApp(one))
    .map((one) => containerOf(one, input))
    .filter((one) => one.made);
  if (made.length === 0) return [];
  const databases = new Set(made.map(({ database }) => database));
  return [
    ...retained({
      place: accountAt(accountName),
      in: location,
      body: {
        kind: "GlobalDocumentDB",
        properties: {
          databaseAccountOfferType: "Standard",
          capabilities: [{ name: "EnableServerless" }],
          // Else a read may not see the last write, and `state` refuses the account.
          consistencyPolicy: { defaultConsistencyLevel: "Strong" },
          locations: [{ locationName: location, failoverPriority: 0, isZoneRedundant: false }],
          enableMultipleWriteLocations: false,
          disableLocalAuth: true,
          disableKeyBasedMetadataWriteAccess: true,
          minimalTlsVersion: "Tls12",
          publicNetworkAccess: "Enabled",
          backupPolicy: { type: "Continuous", continuousModeProperties: { tier: "Continuous7Days" } },
        },
      },
    }),
    ...[...databases].map(
      (id): Resource => ({
        place: { type: "Microsoft.DocumentDB/databaseAccounts/sqlDatabases", names: [accountName, id] },
        body: { properties: { resource: { id } } },
      }),
    ),
    ...made.map(
      ({ database, container: id }): Resource => ({
        place: {
          type: "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers",
          names: [accountName, database, id],
        },
        body: {
          properties: {
            resource: {
              id,
              partitionKey: { paths: ["/partitionKey"], kind: "Hash" },
              // Switched on; without a `ttl` of its own an item stays.
              defaultTtl: -1,
              // Nothing asks for what is in a value.
              indexingPolicy: {
                indexingMode: "consistent",
                automatic: true,
                includedPaths: [{ path: "/*" }],
                excludedPaths: [{ path: "/value/*" }, { path: '/"_etag"/?' }],
              },
            },
          },
        },
      }),
    ),
  ];
}

/** https://learn.microsoft.com/azure/azure-app-configuration/quickstart-resource-manager */
export function settingsResources(component: GraphComponent, input: StackInput): readonly Resource[] {
  if (component.type !== "configuration.azure.appconfig" || !actsAsApp(component)) return [];
  const { made, ...place } = settingsAt(component, input);
  if (!made) return [];
  return retained({
    place,
    in: location,
    body: {
      sku: { name: "standard" },
      properties: {
        disableLocalAuth: true,
        publicNetworkAccess: "Enabled",
        softDeleteRetentionInDays: 7,
        enablePurgeProtection: false,
      },
    },
  });
}

export const storageAt = (account: Text): Place => ({ type: "Microsoft.Storage/storageAccounts", names: [account] });

export const objectsAt = (account: Text, container: string): Place => ({
  type: "Microsoft.Storage/storageAccounts/blobServices/containers",
  names: [account, "default", container],
});

/** What is put in where whatever a queue or Event Grid could not hand over lies. */
export const undelivered = "undelivered-events";

/** One account of objects and queues, apart from those of the hosts: who may read there may not read packages and keys. */
export function dataResources(input: StackInput): readonly Resource[] {
  const { components, functions } = input.graph;
  const of = (type: string) => components.filter((one) => one.type === type && actsAsApp(one));
  const containers = [...of("bindings.azure.blobstorage"), ...of("state.azure.blobstorage")].map((one) =>
    objectsOf(one, input),
  );
  const queues = of("bindings.azure.storagequeues").map((one) => ({ ...storageQueueOf(one, input), name: one.name }));
  const made = { containers: containers.filter((one) => one.made), queues: queues.filter((one) => one.made) };
  // What Event Grid tells of a topic and cannot hand over lies here as well.
  const heard = of("bindings.azure.eventgrid").some(({ name }) =>
    functions.some(({ on }) => on.kind === "binding" && on.binding === name),
  );
  if (made.containers.length + made.queues.length === 0 && !heard) return [];
  const kept = { enabled: true, days: 7 };
  return [
    ...retained(storage(dataStorageName)),
    {
      place: { type: "Microsoft.Storage/storageAccounts/blobServices", names: [dataStorageName, "default"] },
      body: { properties: { deleteRetentionPolicy: kept, containerDeleteRetentionPolicy: kept } },
    },
    ...made.containers.map(({ container }) => privateContainer(dataStorageName, container)),
    ...(made.queues.length > 0
      ? [
          {
            place: {
              type: "Microsoft.Storage/storageAccounts/queueServices",
              names: [dataStorageName, "default"],
            } satisfies Place,
            body: { properties: {} },
          },
        ]
      : []),
    ...made.queues.flatMap(({ account, queue, name }) => {
      const taken = functions.some(({ on }) => on.kind === "binding" && on.binding === name);
      return [queue, ...(taken ? [poisonOf(queue)] : [])].map(
        (each): Resource => ({ place: storageQueueAt(account, each), body: { properties: {} } }),
      );
    }),
  ];
}

/** As the Functions host calls it, which would make it. */
export function poisonOf(queue: string): string {
  return `${queue}-poison`;
}

/** No key opens it, and nothing in it is public. */
export function storage(name: Text): Resource {
  return {
    place: storageAt(name),
    in: location,
    body: {
      kind: "StorageV2",
      sku: { name: "Standard_LRS" },
      properties: {
        accessTier: "Hot",
        allowBlobPublicAccess: false,
        allowSharedKeyAccess: false,
        allowCrossTenantReplication: false,
        defaultToOAuthAuthentication: true,
        minimumTlsVersion: "TLS1_2",
        supportsHttpsTrafficOnly: true,
        publicNetworkAccess: "Enabled",
      },
    },
  };
}

export function privateContainer(account: Text, name: string): Resource {
  return { place: objectsAt(account, name), body: { properties: { publicAccess: "None" } } };
}
