// A container of Blob Storage, as a component's metadata says where it is and who asks.
import { ContainerClient, type StoragePipelineOptions, StorageSharedKeyCredential } from "@azure/storage-blob";
import { type ComponentOptions, setting } from "../../src/provider.ts";
import type { Credential } from "./credential.ts";

export async function containerOf(
  options: ComponentOptions,
  credential: () => Promise<Credential>,
  pipeline: StoragePipelineOptions = {},
): Promise<ContainerClient> {
  const [connectionString, name, account, key] = ["connectionString", "containerName", "accountName", "accountKey"].map(
    (field) => setting(options, field),
  );
  if (connectionString !== undefined && name !== undefined)
    return new ContainerClient(connectionString, name, pipeline);
  const endpoint = setting(options, "endpoint") ?? `https://${account}.blob.core.windows.net`;
  const url = name === undefined ? endpoint : `${endpoint.replace(/\/$/, "")}/${name}`;
  if (account !== undefined && key !== undefined)
    return new ContainerClient(url, new StorageSharedKeyCredential(account, key), pipeline);
  return new ContainerClient(url, await credential(), pipeline);
}
