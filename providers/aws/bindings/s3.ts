// Objects in a bucket of S3.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
// https://docs.dapr.io/reference/components-reference/supported-bindings/s3/
import type { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  StorageClass,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import {
  type Binding,
  type BindingData,
  type CallOptions,
  type Create,
  checkKey,
  FaastenError,
  flag,
  type NativeReply,
  type NativeRequest,
  once,
  setting,
  type Value,
} from "../../../src/provider.ts";
import { absentIf, alike, configOf, createClient } from "../client.ts";

type Storage = Required<Pick<Binding, "create" | "get" | "list" | "delete" | "presign" | "invoke" | "close">>;

const longestKey = 1024;
/** An address is good for a week at most, in seconds. */
const longestAddress = 7 * 24 * 60 * 60;
/** What one request deletes. */
const atOnce = 1000;

export const create: Create<Storage> = (options) => {
  const where = `binding "${options.name}"`;
  const Bucket = setting(options, "bucket") ?? options.name;
  const style = { forcePathStyle: flag(options, "forcePathStyle") };
  const { call, close } = createClient(options, (config) => new S3Client({ ...config, ...style }), {
    DeleteObject: DeleteObjectCommand,
    DeleteObjects: DeleteObjectsCommand,
    GetObject: GetObjectCommand,
    ListObjectsV2: ListObjectsV2Command,
    PutObject: PutObjectCommand,
  });
  // Of what is not there yet the checksum that the SDK would sign is that of nothing, and no upload would fit it.
  const signing = once(
    async () => new S3Client({ ...configOf(options), ...style, requestChecksumCalculation: "WHEN_REQUIRED" }),
  );

  /** `condition`: as S3's headers of these names. What is sent again because its reply was lost would find itself there. */
  async function put(
    { value, contentType, metadata }: BindingData,
    key: string,
    { signal, storageClass, ...condition }: PutChoice,
  ): Promise<Readonly<Record<string, string>>> {
    const { ETag = "", VersionId } = await call(
      "PutObject",
      {
        Bucket,
        Key: checked(key, where),
        Body: bytesOf(value),
        ContentType: contentType ?? ("bytes" in value ? "application/octet-stream" : "application/json"),
        ...(metadata && { Metadata: printable(metadata, where) }),
        ...(storageClass !== undefined && { StorageClass: storageClass }),
        ...condition,
      },
      { once: Object.keys(condition).length > 0, ...(signal && { signal }) },
    );
    return { key, etag: ETag, ...(VersionId !== undefined && { versionId: VersionId }) };
  }

  async function createIfAbsent(data: BindingData, key: string, choice: PutChoice): Promise<NativeReply> {
    try {
      return { metadata: await put(data, key, { ...choice, IfNoneMatch: "*" }) };
    } catch (error) {
      if (!(error instanceof FaastenError) || error.code !== "CONFLICT") throw error;
      throw new FaastenError("ALREADY_EXISTS", `${where}: there is ${JSON.stringify(key)} already`, { cause: error });
    }
  }

  /** S3 deletes what is not there without a word, unless it is asked for something that is. */
  async function remove(Key: string, { signal }: CallOptions): Promise<boolean> {
    const calling = { ...(signal && { signal }) };
    try {
      const deleted = call("DeleteObject", { Bucket, Key, IfMatch: "*" }, { once: true, ...calling });
      return (await absentIf(deleted, "NoSuchKey", "NotFound")) !== undefined;
    } catch (error) {
      if (!(error instanceof FaastenError) || error.code !== "CONFLICT") throw error;
    }
    // It was deleted before, and its bucket remembers that; or the service is not S3, and takes the sign for an etag.
    const { Contents: [first] = [] } = await call("ListObjectsV2", { Bucket, Prefix: Key, MaxKeys: 1 }, calling);
    if (first?.Key !== Key) return false;
    await call("DeleteObject", { Bucket, Key }, calling);
    return true;
  }

  /** As Dapr's, of which `data` are the keys; what was not there counts as deleted. */
  async function bulkDelete(data: Value | undefined, { signal }: CallOptions): Promise<NativeReply> {
    const keys = keysIn(data, where).map((key) => ({ Key: checked(key, where) }));
    for (let from = 0; from < keys.length; from += atOnce) {
      const Delete = { Objects: keys.slice(from, from + atOnce), Quiet: true };
      const { Errors = [] } = await call("DeleteObjects", { Bucket, Delete }, { ...(signal && { signal }) });
      const [first] = Errors;
      if (first) {
        const message = `component "${options.name}": DeleteObjects left ${Errors.length} of ${keys.length} where they were: ${JSON.stringify(first.Key)} for ${first.Code}`;
        throw new FaastenError(first.Code === "AccessDenied" ? "DENIED" : "UNAVAILABLE", message);
      }
    }
    return { metadata: {} };
  }

  return {
    async create(data, { key = crypto.randomUUID(), signal } = {}) {
      await put(data, key, { ...(signal && { signal }) });
      return { key };
    },

    async get(key, { signal } = {}) {
      const calling = { ...(signal && { signal }) };
      const asked = call("GetObject", { Bucket, Key: checked(key, where) }, calling);
      const found = await absentIf(asked, "NoSuchKey");
      if (!found) return undefined;
      const { Body, ContentType: contentType, Metadata: metadata = {} } = found;
      const bytes = await alike(options, "GetObject", read(Body, signal), calling);
      return { key, value: { bytes }, ...(contentType !== undefined && { contentType }), metadata };
    },

    async *list(prefix, { signal } = {}) {
      let from: string | undefined;
      do {
        // XML has no way to write every key.
        const page = await call(
          "ListObjectsV2",
          { Bucket, Prefix: prefix, EncodingType: "url", ...(from !== undefined && { ContinuationToken: from }) },
          { ...(signal && { signal }) },
        );
        const plain = (key: string): string =>
          page.EncodingType === "url" ? decodeURIComponent(key.replaceAll("+", " ")) : key;
        for (const { Key = "", Size = 0, LastModified } of page.Contents ?? [])
          yield { key: plain(Key), size: Size, modifiedAt: LastModified?.getTime() ?? 0 };
        from = page.NextContinuationToken;
      } while (from !== undefined);
    },

    delete: async (key, options = {}) => remove(checked(key, where), options),

    async presign(key, { operation, expiresAt, signal }) {
      signal?.throwIfAborted();
      const signingDate = new Date(Math.floor(Date.now() / 1000) * 1000);
      const expiresIn = Math.floor((expiresAt - signingDate.getTime()) / 1000);
      if (expiresIn < 1 || expiresIn > longestAddress) {
        const message = `${where}: an address is good for 1 to ${longestAddress} seconds, and not ${expiresIn}`;
        throw new FaastenError("INVALID", message);
      }
      const input = { Bucket, Key: checked(key, where) };
      const command = operation === "get" ? new GetObjectCommand(input) : new PutObjectCommand(input);
      const signed = getSignedUrl(await signing(), command, { expiresIn, signingDate });
      return alike(options, "presign", signed, { ...(signal && { signal }) });
    },

    async invoke({ operation, data, metadata = {} }: NativeRequest, { signal } = {}) {
      const { key = crypto.randomUUID(), contentType, storageClass } = metadata;
      const sent = { value: data ?? { bytes: new Uint8Array() }, ...(contentType !== undefined && { contentType }) };
      const choice = {
        ...(signal && { signal }),
        ...(storageClass !== undefined && { storageClass: toClass(storageClass, where) }),
      };
      switch (operation) {
        case "createIfAbsent":
          return createIfAbsent(sent, key, choice);
        case "replace":
          return { metadata: await put(sent, key, { ...choice, IfMatch: metadata["etag"] ?? "*" }) };
        case "bulkDelete":
          return bulkDelete(data, choice);
      }
      const message = `${where}: there is no operation "${operation}", only createIfAbsent, replace and bulkDelete`;
      throw new FaastenError("UNSUPPORTED", message);
    },

    async close() {
      close();
    },
  };
};

interface PutChoice extends CallOptions {
  readonly IfNoneMatch?: string;
  readonly IfMatch?: string;
  readonly storageClass?: StorageClass;
}

function toClass(name: string, where: string): StorageClass {
  const found = Object.values(StorageClass).find((each) => each === name);
  if (found !== undefined) return found;
  const known = Object.values(StorageClass).join(", ");
  throw new FaastenError("INVALID", `${where}: there is no storageClass "${name}": choose one of ${known}`);
}

function bytesOf(value: Value): Uint8Array {
  return "bytes" in value ? value.bytes : new TextEncoder().encode(value.json);
}

/** In Node.js a body is a stream, and stops where the invocation does. */
async function read(body: unknown, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const { addAbortSignal } = process.getBuiltinModule("node:stream");
  const parts: Uint8Array[] = [];
  const stream = body as Readable;
  if (signal) addAbortSignal(signal, stream);
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/**
 * Of the keys that S3 takes, those that clients and proxies on the way read as another are refused.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
 */
function checked(key: string, where: string): string {
  checkKey(key, where, longestKey);
  if (!/\p{Cc}/u.test(key) && key.split("/").every((part) => part !== "." && part !== "..")) return key;
  throw new FaastenError(
    "INVALID",
    `${where}: ${JSON.stringify(key)} cannot name an object: no part between slashes may be "." or "..", and none may hold a control character`,
  );
}

/** They travel as headers. */
function printable(metadata: Readonly<Record<string, string>>, where: string): Record<string, string> {
  for (const [name, value] of Object.entries(metadata))
    if (!/^[a-z0-9][\w.-]*$/.test(name) || !/^[ -~]*$/.test(value)) {
      const message = `${where}: the metadata ${JSON.stringify(name)} is no header: names are of small letters, digits, "-", "_" and ".", and values of ASCII alone`;
      throw new FaastenError("INVALID", message);
    }
  return { ...metadata };
}

function keysIn(data: Value | undefined, where: string): readonly string[] {
  try {
    const { keys } = JSON.parse(data ? Buffer.from(bytesOf(data)).toString() : "") as { readonly keys?: unknown };
    if (Array.isArray(keys) && keys.every((key) => typeof key === "string")) return keys;
  } catch {
    // Told below.
  }
  throw new FaastenError("INVALID", `${where}: bulkDelete takes {"keys": ["one", "another"]}`);
}
