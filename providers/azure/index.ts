// Microsoft Azure, on one page.
import type { Provider } from "../../src/provider.ts";

/** As whom. Without them, the identity of the function app. */
const identity = ["azureTenantId", "azureClientId", "azureClientSecret", "azureEnvironment"] as const;

export const azure: Provider = {
  name: "azure",
  page: import.meta.url,
  defaults: {
    state: "state.azure.cosmosdb",
    pubsub: "pubsub.azure.servicebus.topics",
    secretstores: "secretstores.azure.keyvault",
    configuration: "configuration.azure.appconfig",
    invocation: "invocation.http",
    bindings: "bindings.azure.blobstorage",
  },
  components: {
    "bindings.azure.blobstorage": {
      resource: "endpoint",
      optional: [...identity, "connectionString", "accountName", "accountKey", "containerName"],
      operations: ["create", "get", "list", "delete", "presign"],
    },
    "bindings.azure.eventgrid": {
      resource: "topicEndpoint",
      optional: [...identity, "accessKey"],
      operations: ["create"],
    },
    "bindings.azure.servicebusqueues": {
      resource: "namespaceName",
      optional: [...identity, "connectionString", "queueName"],
      operations: ["create"],
    },
    "bindings.azure.storagequeues": {
      resource: "queueEndpoint",
      optional: [
        ...[...identity, "accountName", "accountKey", "queueName"],
        ...["encodeBase64", "ttl", "initialVisibilityDelay"],
      ],
      operations: ["create"],
    },
    "configuration.azure.appconfig": { resource: "host", optional: [...identity, "connectionString"] },
    "invocation.azure.http": { required: ["audience"], resource: "baseUrl", optional: [...identity] },
    "pubsub.azure.servicebus.queues": { resource: "namespaceName", optional: [...identity, "connectionString"] },
    "pubsub.azure.servicebus.topics": { resource: "namespaceName", optional: [...identity, "connectionString"] },
    "secretstores.azure.keyvault": { resource: "vaultName", optional: [...identity] },
    "state.azure.blobstorage": {
      resource: "endpoint",
      optional: [...identity, "connectionString", "accountName", "accountKey", "containerName", "keyPrefix"],
    },
    "state.azure.cosmosdb": {
      resource: "url",
      optional: [...identity, "masterKey", "database", "collection", "allowEventualReads", "keyPrefix"],
    },
  },
  triggers: {
    "bindings.azure.blobstorage": ["blob"],
    "bindings.azure.eventgrid": ["event-grid"],
    "bindings.azure.servicebusqueues": ["service-bus"],
    "bindings.azure.storagequeues": ["storage-queue"],
    http: ["http"],
    "pubsub.azure.servicebus.queues": ["service-bus"],
    "pubsub.azure.servicebus.topics": ["service-bus"],
    "pubsub.in-memory": ["service-bus"],
    "pubsub.sqlite": ["service-bus"],
    schedule: ["timer"],
    "bindings.cron": ["timer"],
  },
  hosts: { default: "host" },
  plan: "plan",
  stack: "stack/emit",
  // The worker itself provides this module, to a `require` alone.
  bundle: { http: "app", event: "app", external: ["@azure/functions-core"], require: true },
  files: {
    "package.json": json({ private: true, type: "module", main: "index.mjs" }),
    // https://learn.microsoft.com/azure/azure-functions/functions-host-json
    "host.json": json({
      version: "2.0",
      functionTimeout: "00:00:30",
      extensionBundle: { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[4.*, 5.0.0)" },
      extensions: {
        // Paths are the functions' own.
        http: { routePrefix: "" },
        // A message stays locked for as long as its function may run.
        serviceBus: { autoCompleteMessages: true, maxAutoLockRenewalDuration: "00:00:30" },
        // Bytes as they are; what failed comes again after a while.
        queues: { messageEncoding: "base64", maxDequeueCount: 5, visibilityTimeout: "00:00:30" },
      },
    }),
  },
};

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
