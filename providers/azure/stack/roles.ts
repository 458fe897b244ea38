// The roles that are assigned, by the identifiers that they have everywhere, and what each of them allows.
// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
import { call, type Expression } from "./template.ts";

export interface Role {
  readonly name: string;
  readonly id: string;
}

export function roleId({ id }: Role): Expression {
  return call("subscriptionResourceId", "Microsoft.Authorization/roleDefinitions", id);
}

type Roles = Readonly<
  Record<
    | "send"
    | "receive"
    | "readSettings"
    | "readSecrets"
    | "readBlobs"
    | "writeBlobs"
    | "signBlobs"
    | "ownBlobs"
    | "sendToQueues"
    | "readQueues"
    | "processQueues"
    | "writeQueues"
    | "publishEvents"
    | "writeTables"
    | "publishMetrics",
    Role
  >
>;

export const roles: Roles = {
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/integration#azure-service-bus-data-sender
  send: { name: "Azure Service Bus Data Sender", id: "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/integration#azure-service-bus-data-receiver
  receive: { name: "Azure Service Bus Data Receiver", id: "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/integration#app-configuration-data-reader
  readSettings: { name: "App Configuration Data Reader", id: "516239f1-63e1-4d78-a4de-a74fb236a071" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security#key-vault-secrets-user
  readSecrets: { name: "Key Vault Secrets User", id: "4633458b-17de-408a-b874-0445c86b69e6" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage#storage-blob-data-reader
  readBlobs: { name: "Storage Blob Data Reader", id: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage#storage-blob-data-contributor
  writeBlobs: { name: "Storage Blob Data Contributor", id: "ba92f5b4-2d11-453d-a403-e96b0029c9fe" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage#storage-blob-delegator
  signBlobs: { name: "Storage Blob Delegator", id: "db58b8e5-c6ad-4a2a-8342-4190687cbf4a" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage#storage-blob-data-owner
  ownBlobs: { name: "Storage Blob Data Owner", id: "b7e6dc6d-f1e8-4753-8033-0f276bb0955b" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage#storage-queue-data-message-sender
  sendToQueues: { name: "Storage Queue Data Message Sender", id: "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage#storage-queue-data-reader
  readQueues: { name: "Storage Queue Data Reader", id: "19e7f393-937e-4f77-808e-94535e297925" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage#storage-queue-data-message-processor
  processQueues: { name: "Storage Queue Data Message Processor", id: "8a0f0c08-91a1-4084-bc3d-661d67233fed" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/integration#eventgrid-data-sender
  publishEvents: { name: "EventGrid Data Sender", id: "d5a91429-5739-47e2-a06b-3470a27159e7" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage#storage-queue-data-contributor
  writeQueues: { name: "Storage Queue Data Contributor", id: "974c5e8b-45b9-4653-ba55-5f855dd0fb88" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage#storage-table-data-contributor
  writeTables: { name: "Storage Table Data Contributor", id: "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3" },
  // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/monitor#monitoring-metrics-publisher
  publishMetrics: { name: "Monitoring Metrics Publisher", id: "3913510d-42f4-4e42-8a64-420c390055eb" },
};
