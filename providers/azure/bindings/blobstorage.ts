// Objects in a container of Blob Storage, as block blobs named by their keys.
// https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
// https://docs.dapr.io/reference/components-reference/supported-bindings/blobstorage/
import {
  BlobSASPermissions,
  BlobServiceClient,
  type ContainerClient,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { type Binding, type Create, checkKey, FaastenError, type Listed } from "../../../src/provider.ts";
import { containerOf } from "../blob-container.ts";
import { absentIf, createClient } from "../client.ts";

type Storage = Required<Pick<Binding, "create" | "get" | "list" | "delete" | "presign">> & Pick<Binding, "close">;

const longestKey = 1024;

export const create: Create<Storage> = (options) => {
  const where = `binding "${options.name}"`;
  const { call, close } = createClient(options, (credential) => containerOf(options, credential));

  return {
    async create({ value, contentType, metadata }, { key = crypto.randomUUID(), signal } = {}) {
      checkName(key, where);
      const bytes = "bytes" in value ? value.bytes : Buffer.from(value.json);
      const type = contentType ?? ("bytes" in value ? "application/octet-stream" : "application/json");
      await call(
        "put blob",
        (container, sdk) =>
          container.getBlockBlobClient(key).upload(bytes, bytes.byteLength, {
            ...sdk,
            blobHTTPHeaders: { blobContentType: type },
            ...(metadata && { metadata: { ...metadata } }),
          }),
        { ...(signal && { signal }) },
      );
      return { key };
    },

    async get(key, { signal } = {}) {
      checkName(key, where);
      const asked = call(
        "get blob",
        async (container, sdk) => {
          const { readableStreamBody, contentType, metadata } = await container
            .getBlobClient(key)
            .download(0, undefined, sdk);
          const parts: Uint8Array[] = [];
          for await (const part of readableStreamBody ?? []) parts.push(Buffer.from(part));
          return { bytes: Buffer.concat(parts), contentType, metadata };
        },
        { ...(signal && { signal }) },
      );
      const found = await absentIf(asked, 404);
      if (!found) return undefined;
      const { bytes, contentType, metadata = {} } = found;
      return { key, value: { bytes }, ...(contentType !== undefined && { contentType }), metadata };
    },

    async *list(prefix, { signal } = {}) {
      const found = await call(
        "list blobs",
        async (container, sdk) => {
          const all: Listed[] = [];
          for await (const { name, properties } of container.listBlobsFlat({
            ...sdk,
            ...(prefix !== "" && { prefix }),
          }))
            all.push({ key: name, size: properties.contentLength ?? 0, modifiedAt: properties.lastModified.getTime() });
          return all;
        },
        { ...(signal && { signal }) },
      );
      yield* found.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
    },

    async delete(key, { signal } = {}) {
      checkName(key, where);
      const { succeeded } = await call(
        "delete blob",
        (container, sdk) => container.getBlobClient(key).deleteIfExists(sdk),
        { ...(signal && { signal }) },
      );
      return succeeded;
    },

    async presign(key, { operation, expiresAt, signal }) {
      checkName(key, where);
      return call("sign", (container, sdk) => sign(container, key, operation, new Date(expiresAt), sdk), {
        ...(signal && { signal }),
      });
    },

    close,
  };
};

/** By the account's key, or for one who has none by a key that the service lends to who has the role to sign. */
async function sign(
  container: ContainerClient,
  key: string,
  operation: "get" | "create",
  expiresOn: Date,
  sdk: { readonly abortSignal?: AbortSignal },
): Promise<string> {
  const blob = container.getBlobClient(key);
  const permissions = BlobSASPermissions.parse(operation === "get" ? "r" : "cw");
  if (container.credential instanceof StorageSharedKeyCredential)
    return blob.generateSasUrl({ permissions, expiresOn });
  const service = new BlobServiceClient(new URL(container.url).origin, container.credential);
  const startsOn = new Date(Date.now() - 60_000);
  const lent = await service.getUserDelegationKey(startsOn, expiresOn, sdk);
  const named = { containerName: container.containerName, blobName: key, permissions, expiresOn };
  return `${blob.url}?${generateBlobSASQueryParameters(named, lent, container.accountName)}`;
}

/**
 * Of the names that clients, proxies and the service read as paths, those that would be another name then are refused.
 * https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata#blob-names
 */
function checkName(key: string, where: string): void {
  checkKey(key, where, longestKey);
  const segments = key.split("/");
  if (!/[\\\p{Cc}]/u.test(key) && segments.every((segment) => segment !== "" && !/[.\s]$/.test(segment))) return;
  throw new FaastenError(
    "INVALID",
    `${where}: ${JSON.stringify(key)} cannot name a blob: no part between slashes may be empty or end in a dot or a space, and none may hold a backslash or a control character`,
  );
}
