// State as block blobs, one a key, as Dapr's version 2 lays them out: etags as conditions, expiry beside the value.
// https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations
// https://docs.dapr.io/reference/components-reference/supported-state-stores/setup-azure-blobstorage/
import type { BlobRequestConditions, ContainerClient } from "@azure/storage-blob";
import {
  type CallOptions,
  type Condition,
  type Create,
  checkKey,
  FaastenError,
  type StateEntry,
  type StateStore,
  type Value,
} from "../../../src/provider.ts";
import { containerOf } from "../blob-container.ts";
import { absentIf, createClient, refusalOf } from "../client.ts";
import { expiryOf, keyOf, matchOf, toEtag } from "../document.ts";

/** What a blob says beside its value. */
type Beside = Readonly<Record<string, string>>;

const expiryField = "expiresat";
const bytesField = "isbytes";
/** Times that a write over what has expired meets another one. */
const rounds = 5;

export const create: Create<Required<Pick<StateStore, "get" | "set" | "delete" | "list" | "close">>> = (options) => {
  const where = `state component "${options.name}"`;
  // What was sent and not answered is not sent again: the repeat of a write that had arrived would tell a mismatch.
  const { call, close } = createClient(options, (credential) =>
    containerOf(options, credential, { retryOptions: { maxTries: 1 } }),
  );

  async function find(key: string, calling: CallOptions) {
    const asked = call(
      "get blob",
      async (container, sdk) => {
        const found = await container.getBlobClient(nameOf(key)).download(0, undefined, sdk);
        const parts: Uint8Array[] = [];
        for await (const part of found.readableStreamBody ?? []) parts.push(Buffer.from(part));
        return { bytes: Buffer.concat(parts), etag: found.etag ?? "", metadata: found.metadata ?? {} };
      },
      calling,
    );
    return absentIf(asked, 404);
  }

  async function get(key: string, { signal }: CallOptions = {}): Promise<StateEntry | undefined> {
    checkKey(key, where);
    const found = await find(key, { ...(signal && { signal }) });
    const expiresAt = timeOf(found?.metadata);
    if (!found || expiryOf({ ...expiresAt }) <= Date.now()) return undefined;
    const etag = toEtag(found.etag, { ...expiresAt });
    const value = valueOf(found.bytes, found.metadata);
    return { value, etag, ...(expiresAt && { expiresAt: expiresAt.expiresAt * 1000 }) };
  }

  return {
    get,

    async set(key, value, { expiresAt, signal, ...condition } = {}) {
      checkKey(key, where);
      signal?.throwIfAborted();
      const calling = { ...(signal && { signal }) };
      const time = expiresAt === undefined ? undefined : { expiresAt: Math.ceil(expiresAt / 1000) };
      let conditions = conditionsOf(condition);
      if (!conditions) return undefined;
      for (let round = 0; round < rounds; round++) {
        const etag = await met(call("put blob", put(key, value, time, conditions), calling));
        if (etag !== undefined) return toEtag(etag, { ...time });
        if (!condition.ifAbsent) return undefined;
        const found = await find(key, calling);
        if (found && expiryOf({ ...timeOf(found.metadata) }) > Date.now()) return undefined;
        conditions = found ? { ifMatch: found.etag } : { ifNoneMatch: "*" };
      }
      throw new FaastenError("THROTTLED", `${where}: a write met others ${rounds} times, and did not happen`);
    },

    async delete(key, { signal, ...condition } = {}) {
      checkKey(key, where);
      signal?.throwIfAborted();
      const calling = { ...(signal && { signal }) };
      if (condition.ifAbsent) return (await get(key, calling)) === undefined;
      const conditions = conditionsOf(condition);
      if (!conditions) return false;
      const deleted = call(
        "delete blob",
        (container, sdk) => container.getBlobClient(nameOf(key)).delete({ ...sdk, conditions }),
        calling,
      );
      const isGone = (await met(absentIf(deleted, 404))) !== undefined;
      return isGone || condition.ifEtag === undefined;
    },

    async *list(prefix, { after, signal } = {}) {
      const keys = await call(
        "list blobs",
        async (container, sdk) => {
          const live: string[] = [];
          const asked = { ...sdk, includeMetadata: true, prefix: stemOf(prefix) };
          for await (const { name, metadata } of container.listBlobsFlat(asked))
            if (expiryOf({ ...timeOf(metadata) }) > Date.now()) live.push(keyOf(name));
          return live;
        },
        { ...(signal && { signal }) },
      );
      for (const key of keys.sort(byBytes))
        if (key.startsWith(prefix) && (after === undefined || byBytes(key, after) > 0)) yield key;
    },

    close,
  };
};

function put(
  key: string,
  value: Value,
  time: { readonly expiresAt: number } | undefined,
  conditions: BlobRequestConditions,
) {
  return async (container: ContainerClient, sdk: object): Promise<string> => {
    const bytes = "bytes" in value ? value.bytes : Buffer.from(value.json);
    const { etag = "" } = await container.getBlockBlobClient(nameOf(key)).upload(bytes, bytes.byteLength, {
      ...sdk,
      conditions,
      blobHTTPHeaders: { blobContentType: "bytes" in value ? "application/octet-stream" : "application/json" },
      metadata: {
        ...("bytes" in value && { [bytesField]: "true" }),
        ...(time && { [expiryField]: String(time.expiresAt) }),
      },
    });
    return etag;
  };
}

/** `undefined`: no blob can meet the condition. */
function conditionsOf({ ifEtag, ifAbsent }: Condition): BlobRequestConditions | undefined {
  if (ifAbsent) return { ifNoneMatch: "*" };
  if (ifEtag === undefined) return {};
  const ifMatch = matchOf(ifEtag);
  return ifMatch === undefined ? undefined : { ifMatch };
}

/** `undefined`: the condition did not hold. */
async function met<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    const status = refusalOf(error);
    if (status === 409 || status === 412) return undefined;
    throw error;
  }
}

/** Unix seconds. */
function timeOf(metadata: Beside | undefined): { readonly expiresAt: number } | undefined {
  const text = Object.entries(metadata ?? {}).find(([name]) => name.toLowerCase() === expiryField)?.[1];
  return text !== undefined && /^\d+$/.test(text) ? { expiresAt: Number(text) } : undefined;
}

/** What others wrote does not say what it is: JSON, where it can be read as such. */
function valueOf(bytes: Buffer, metadata: Beside): Value {
  const isBytes = Object.keys(metadata).some((name) => name.toLowerCase() === bytesField);
  const json = bytes.toString();
  if (isBytes || !isJson(json)) return { bytes: new Uint8Array(bytes) };
  return { json };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The key itself, but for what a blob's name cannot hold or a path would lose, which is percent-encoded. */
function nameOf(key: string): string {
  return key.replace(/[\\\p{Cc}]|%(?=[\dA-F]{2})|^\/|(?<=\/)\/|\/$|[.\s](?=\/|$)/gu, (found) =>
    [...Buffer.from(found)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}

/** What the names of all keys with this prefix begin with: its end may be written otherwise where a key goes on. */
function stemOf(prefix: string): string {
  return nameOf(prefix.replace(/(?:[./\s]|%[\dA-F]?)+$/, ""));
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
