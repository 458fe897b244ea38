// Objects in a bucket of Cloud Storage, over its JSON API; addresses that are signed are those of its XML API.
// https://docs.cloud.google.com/storage/docs/json_api/v1/objects
// https://docs.cloud.google.com/storage/docs/request-preconditions
// https://docs.dapr.io/reference/components-reference/supported-bindings/gcpbucket/
import {
  type Binding,
  type BindingData,
  type BindingObject,
  type CallOptions,
  type Create,
  FaastenError,
  type NativeRequest,
  setting,
} from "../../../src/provider.ts";
import { createClient, GoogleError } from "../client.ts";
import { presign } from "../signed-url.ts";
import { createSigner } from "../signing.ts";

interface Resource {
  readonly name: string;
  readonly size: string;
  readonly updated: string;
  readonly generation: string;
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** How often a read begins anew because the object was replaced under it. */
const maxRounds = 50;

export const create: Create<Required<Omit<Binding, "attach" | "consume" | "deadLetters" | "redrive">> & Binding> = (
  options,
) => {
  const where = `binding "${options.name}"`;
  const client = createClient(options, "storage.googleapis.com");
  const signer = createSigner(options);
  const bucket = encodeURIComponent(setting(options, "bucket") ?? options.name);

  const objects = `/storage/v1/b/${bucket}/o`;
  const pathOf = (key: string): string => `${objects}/${encodeURIComponent(checked(key, where))}`;

  /** In one request: the object is there whole, with all that is said of it, or not at all. */
  async function upload(
    { value, contentType, metadata = {} }: BindingData,
    key: string,
    condition: string | undefined,
    { signal }: CallOptions,
  ): Promise<void> {
    checked(key, where);
    const json = "json" in value;
    const type = contentType ?? (json ? "application/json" : "application/octet-stream");
    const boundary = crypto.randomUUID();
    const part = (mediaType: string): string => `--${boundary}\r\ncontent-type: ${mediaType}\r\n\r\n`;
    const about = JSON.stringify({ name: key, contentType: type, metadata });
    const body = Buffer.concat([
      Buffer.from(`${part("application/json; charset=UTF-8")}${about}\r\n${part("application/octet-stream")}`),
      json ? Buffer.from(value.json) : value.bytes,
      Buffer.from(`\r\n--${boundary}--`),
    ]);
    const query = condition === undefined ? "" : `&ifGenerationMatch=${encodeURIComponent(condition)}`;
    await client.send(
      "objects.insert",
      {
        method: "POST",
        path: `/upload${objects}?uploadType=multipart${query}`,
        headers: { "content-type": `multipart/related; boundary=${boundary}`, "content-length": `${body.byteLength}` },
        body,
      },
      { once: condition !== undefined, ...(signal && { signal }) },
    );
  }

  async function read(key: string, { signal }: CallOptions): Promise<BindingObject | undefined> {
    const path = pathOf(key);
    const call = { ...(signal && { signal }) };
    for (let round = 0; round < maxRounds; round++) {
      const asked = client.call<Resource>(
        "objects.get",
        `${path}?fields=generation,contentType,metadata`,
        undefined,
        call,
      );
      const about = await absent(asked);
      if (!about) return undefined;
      const media = client.send(
        "objects.get",
        { method: "GET", path: `${path}?alt=media&generation=${about.generation}`, headers: {} },
        call,
      );
      const { contentType, metadata = {} } = about;
      const found = await absent(media);
      if (found) return { key, value: { bytes: found.body }, ...(contentType && { contentType }), metadata };
    }
    throw new FaastenError("UNAVAILABLE", `${where}: objects.get: "${key}" was replaced ${maxRounds} times meanwhile`);
  }

  async function remove(key: string, { signal }: CallOptions): Promise<boolean> {
    const sent = { method: "DELETE", path: pathOf(key), headers: {} };
    // A second one would not find what the first has removed.
    return (await absent(client.send("objects.delete", sent, { once: true, ...(signal && { signal }) }))) !== undefined;
  }

  /** Of a large one in several steps, all on Google's side. */
  async function copy(key: string, toBucket: string, toKey: string, { signal }: CallOptions): Promise<void> {
    const to = `/b/${encodeURIComponent(toBucket)}/o/${encodeURIComponent(checked(toKey, where))}`;
    for (let token = ""; ; ) {
      const query = token === "" ? "" : `?rewriteToken=${encodeURIComponent(token)}`;
      const { done, rewriteToken = "" } = await client.call<{ readonly done: boolean; readonly rewriteToken?: string }>(
        "objects.rewrite",
        `${pathOf(key)}/rewriteTo${to}${query}`,
        {},
        { ...(signal && { signal }) },
      );
      if (done) return;
      token = rewriteToken;
    }
  }

  return {
    async create(data, { key = crypto.randomUUID(), signal } = {}) {
      await upload(data, key, undefined, { ...(signal && { signal }) });
      return { key };
    },

    get: async (key, options = {}) => read(key, options),
    delete: async (key, options = {}) => remove(key, options),

    async *list(prefix, { signal } = {}) {
      let token = "";
      do {
        const query = new URLSearchParams({ prefix, fields: "items(name,size,updated),nextPageToken" });
        if (token !== "") query.set("pageToken", token);
        const { items = [], nextPageToken = "" } = await client.call<{
          readonly items?: readonly Resource[];
          readonly nextPageToken?: string;
        }>("objects.list", `${objects}?${query}`, undefined, { ...(signal && { signal }) });
        for (const { name, size, updated } of items)
          yield { key: name, size: Number(size), modifiedAt: Date.parse(updated) };
        token = nextPageToken;
      } while (token !== "");
    },

    async presign(key, { operation, expiresAt, signal }) {
      const path = `/${bucket}/${checked(key, where).split("/").map(encodeStrictly).join("/")}`;
      return presign(signer, {
        ...{ origin: client.origin, path, expiresAt, where, method: operation === "get" ? "GET" : "PUT" },
        ...(signal && { signal }),
      });
    },

    /** As Dapr's; `ifGenerationMatch` of a create: "0" where there must be none, else the one that it replaces. */
    async invoke({ operation, data, metadata = {} }: NativeRequest, options = {}) {
      const { key = "", destinationBucket = decodeURIComponent(bucket), destinationKey = key } = metadata;
      if (operation === "create") {
        const { contentType, ifGenerationMatch } = metadata;
        const value = data ?? { bytes: new Uint8Array() };
        await upload({ value, ...(contentType && { contentType }) }, key, ifGenerationMatch, options);
      } else if (operation === "copy" || operation === "move" || operation === "rename") {
        await copy(
          key,
          operation === "rename" ? decodeURIComponent(bucket) : destinationBucket,
          destinationKey,
          options,
        );
        if (operation !== "copy") await remove(key, options);
      } else
        throw new FaastenError(
          "UNSUPPORTED",
          `${where}: there is no operation "${operation}", only create, copy, move and rename`,
        );
      return { metadata: {} };
    },

    async close() {
      client.close();
      signer.close();
    },
  };
};

/** No object of that name; a bucket that is said not to be there is an error. */
async function absent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    const cause: unknown = error instanceof FaastenError ? error.cause : undefined;
    if (cause instanceof GoogleError && cause.status === 404 && !/bucket does not exist/.test(cause.message))
      return undefined;
    throw error;
  }
}

/** https://docs.cloud.google.com/storage/docs/objects#naming */
function checked(key: string, where: string): string {
  const bytes = key.isWellFormed() ? Buffer.byteLength(key) : 0;
  const fits = bytes >= 1 && bytes <= 1024 && !/[\r\n]/.test(key) && key !== "." && key !== "..";
  if (fits && !key.startsWith(".well-known/acme-challenge/")) return key;
  throw new FaastenError(
    "INVALID",
    `${where}: a key is 1 to 1024 bytes of UTF-8 without line ends, and neither "." nor "..": not ${JSON.stringify(key.slice(0, 100))}`,
  );
}

/** As signatures want it: all but letters, digits and `-._~`. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
