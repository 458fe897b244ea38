// A contract server of ours for Cloud Storage: of its JSON API what objects need, of its XML API the signed addresses; written
// from its reference alone.
// https://docs.cloud.google.com/storage/docs/json_api/v1/objects
// https://docs.cloud.google.com/storage/docs/authentication/signatures
import { createHash, type KeyObject, verify } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Answer } from "./google-http.ts";

export interface CloudStorage {
  readonly url: string;
  createBucket(name: string): void;
  /** How many requests came, by method and path without query. */
  readonly calls: string[];
  close(): Promise<void>;
}

interface Stored {
  readonly bytes: Buffer;
  readonly contentType: string | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly generation: string;
  readonly updated: string;
}

export interface StorageOptions {
  /** Of the account in whose name addresses are signed. */
  readonly publicKey: KeyObject;
  readonly email: string;
  /** Does what the IAM Credentials API does. */
  readonly signBlob: (payload: Buffer) => Buffer;
  /** Told of each change, as https://docs.cloud.google.com/storage/docs/pubsub-notifications has it. */
  readonly notify?: (bucket: string, attributes: Readonly<Record<string, string>>, resource: object) => void;
}

class StorageRefusal extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export async function startCloudStorage({
  publicKey,
  email,
  signBlob,
  notify = () => {},
}: StorageOptions): Promise<CloudStorage> {
  const buckets = new Map<string, Map<string, Stored>>();
  const calls: string[] = [];
  let clock = 0;

  function bucketOf(name: string): Map<string, Stored> {
    const found = buckets.get(name);
    if (!found) throw new StorageRefusal(404, "notFound", "The specified bucket does not exist.");
    return found;
  }

  function objectOf(bucket: string, key: string, generation: string | null): Stored {
    const found = bucketOf(bucket).get(key);
    if (!found || (generation !== null && found.generation !== generation))
      throw new StorageRefusal(404, "notFound", `No such object: ${bucket}/${key}`);
    return found;
  }

  /** https://docs.cloud.google.com/storage/docs/request-preconditions: zero is "there is none". */
  function checkGeneration(found: Stored | undefined, wanted: string | null): void {
    if (wanted === null) return;
    if (!/^\d+$/.test(wanted))
      throw new StorageRefusal(400, "invalid", `Invalid value for ifGenerationMatch: ${wanted}`);
    if ((found?.generation ?? "0") !== wanted)
      throw new StorageRefusal(
        412,
        "conditionNotMet",
        "At least one of the pre-conditions you specified did not hold.",
      );
  }

  function put(bucket: string, key: string, object: Pick<Stored, "bytes" | "contentType" | "metadata">): object {
    if (key === "" || Buffer.byteLength(key) > 1024 || /[\r\n]/.test(key) || key === "." || key === "..")
      throw new StorageRefusal(400, "invalid", `Invalid object name: ${JSON.stringify(key)}`);
    clock = Math.max(clock + 1, Date.now() * 1000);
    const stored = { ...object, generation: String(clock), updated: new Date().toISOString() };
    const before = bucketOf(bucket).get(key);
    bucketOf(bucket).set(key, stored);
    tell("OBJECT_FINALIZE", bucket, key, stored, before && { overwroteGeneration: before.generation });
    if (before) tell("OBJECT_DELETE", bucket, key, before, { overwrittenByGeneration: stored.generation });
    return resource(bucket, key, stored);
  }

  function tell(
    eventType: string,
    bucketId: string,
    objectId: string,
    object: Stored,
    more: Readonly<Record<string, string>> = {},
  ): void {
    const attributes = {
      eventType,
      payloadFormat: "JSON_API_V1",
      bucketId,
      objectId,
      objectGeneration: object.generation,
      eventTime: new Date().toISOString(),
      ...more,
    };
    notify(bucketId, attributes, resource(bucketId, objectId, object));
  }

  function resource(
    bucket: string,
    name: string,
    { bytes, contentType, metadata, generation, updated }: Stored,
  ): object {
    return {
      kind: "storage#object",
      bucket,
      name,
      size: String(bytes.byteLength),
      contentType,
      metadata,
      generation,
      updated,
    };
  }

  function json({ method = "" }: IncomingMessage, url: URL, body: Buffer, type: string): Answer {
    const { searchParams: query } = url;
    const [, upload, bucketPart = "", rest = ""] =
      /^(\/upload)?\/storage\/v1\/b\/([^/]+)\/o(?:\/(.*))?$/.exec(url.pathname) ?? [];
    const bucket = decodeURIComponent(bucketPart);
    if (bucket === "") throw new StorageRefusal(404, "notFound", "Not Found");
    if (upload && method === "POST" && query.get("uploadType") === "multipart") {
      const { about, bytes } = multipart(body, type);
      const { name = "", contentType, metadata } = about;
      checkGeneration(bucketOf(bucket).get(name), query.get("ifGenerationMatch"));
      return { status: 200, body: put(bucket, name, { bytes, contentType, metadata }) };
    }
    const [, from = "", toBucket = "", to = ""] = /^([^/]+)\/rewriteTo\/b\/([^/]+)\/o\/([^/]+)$/.exec(rest) ?? [];
    if (method === "POST" && from !== "") {
      const { bytes, contentType, metadata } = objectOf(bucket, decodeURIComponent(from), null);
      const target = put(decodeURIComponent(toBucket), decodeURIComponent(to), { bytes, contentType, metadata });
      return { status: 200, body: { kind: "storage#rewriteResponse", done: true, resource: target } };
    }
    if (method === "GET" && rest === "") return { status: 200, body: list(bucket, query) };
    // An object's name is one segment: its slashes are encoded.
    if (rest === "" || rest.includes("/")) throw new StorageRefusal(404, "notFound", "Not Found");
    const key = decodeURIComponent(rest);
    const found = objectOf(bucket, key, query.get("generation"));
    checkGeneration(found, query.get("ifGenerationMatch"));
    if (method === "DELETE") {
      bucketOf(bucket).delete(key);
      tell("OBJECT_DELETE", bucket, key, found);
      return { status: 204, body: Buffer.alloc(0) };
    }
    if (method !== "GET") throw new StorageRefusal(405, "methodNotAllowed", "Method Not Allowed");
    if (query.get("alt") !== "media") return { status: 200, body: resource(bucket, key, found) };
    return {
      status: 200,
      body: found.bytes,
      headers: { "content-type": found.contentType ?? "application/octet-stream" },
    };
  }

  /** In the order of UTF-8, a page at a time. */
  function list(bucket: string, query: URLSearchParams): object {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("pageToken") ?? "";
    const size = Math.min(1000, Number(query.get("maxResults") ?? 1000));
    const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
    const keys = [...bucketOf(bucket).keys()]
      .filter((key) => key.startsWith(prefix) && (after === "" || byBytes(key, after) > 0))
      .sort(byBytes);
    const items = keys.slice(0, size).map((key) => resource(bucket, key, objectOf(bucket, key, null)));
    return {
      kind: "storage#objects",
      ...(items.length > 0 && { items }),
      ...(keys.length > size && { nextPageToken: keys[size - 1] }),
    };
  }

  /** An address is proof where everything in it is what was signed. */
  function signed({ method = "", headers }: IncomingMessage, url: URL, raw: string, body: Buffer): Answer {
    const { searchParams: query } = url;
    const refuse = (code: string, status = 403): never => {
      throw new StorageRefusal(status, code, `<Error><Code>${code}</Code></Error>`);
    };
    const [path = "", search = ""] = raw.split("?");
    const time = query.get("X-Goog-Date") ?? "";
    const began = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
    const expires = Number(query.get("X-Goog-Expires"));
    if (query.get("X-Goog-Algorithm") !== "GOOG4-RSA-SHA256" || Number.isNaN(began)) refuse("AccessDenied");
    const scope = `${time.slice(0, 8)}/auto/storage/goog4_request`;
    if (query.get("X-Goog-Credential") !== `${email}/${scope}`) refuse("AccessDenied");
    if (!(expires >= 1 && expires <= 604_800)) refuse("InvalidArgument", 400);
    const names = (query.get("X-Goog-SignedHeaders") ?? "").split(";");
    const canonicalQuery = search
      .split("&")
      .filter((each) => !each.startsWith("X-Goog-Signature="))
      .sort()
      .join("&");
    const canonicalHeaders = names.map((name) => `${name}:${String(headers[name])}\n`).join("");
    const canonical = [method, path, canonicalQuery, canonicalHeaders, names.join(";"), "UNSIGNED-PAYLOAD"].join("\n");
    const digest = createHash("sha256").update(canonical).digest("hex");
    const text = ["GOOG4-RSA-SHA256", time, scope, digest].join("\n");
    const signature = Buffer.from(query.get("X-Goog-Signature") ?? "", "hex");
    if (!verify("RSA-SHA256", Buffer.from(text), publicKey, signature)) refuse("SignatureDoesNotMatch");
    if (Date.now() > began + expires * 1000) refuse("ExpiredToken", 400);
    const [, bucket = "", key = ""] = /^\/([^/]+)\/(.+)$/.exec(path)?.map(decodeURIComponent) ?? [];
    if (method === "PUT") {
      put(bucket, key, { bytes: body, contentType: headers["content-type"], metadata: undefined });
      return { status: 200, body: Buffer.alloc(0) };
    }
    if (method !== "GET") return refuse("MethodNotAllowed", 405);
    const { bytes, contentType } = objectOf(bucket, key, null);
    return { status: 200, body: bytes, headers: { "content-type": contentType ?? "application/octet-stream" } };
  }

  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const url = new URL(request.url ?? "/", "http://localhost");
    calls.push(`${request.method} ${url.pathname}`);
    const api = /^(?:\/upload)?\/storage\/v1\//.test(url.pathname);
    const reply = ((): Answer => {
      try {
        if (url.pathname === `/v1/projects/-/serviceAccounts/${email}:signBlob`) {
          const { payload } = JSON.parse(body.toString()) as { readonly payload: string };
          return {
            status: 200,
            body: { keyId: "1", signedBlob: signBlob(Buffer.from(payload, "base64")).toString("base64") },
          };
        }
        if (!api) return signed(request, url, request.url ?? "", body);
        if (!request.headers.authorization)
          throw new StorageRefusal(401, "required", "Anonymous caller does not have access.");
        return json(request, url, body, String(request.headers["content-type"]));
      } catch (error) {
        if (!(error instanceof StorageRefusal)) throw error;
        const { status, reason, message } = error;
        const errors = [{ message, domain: "global", reason }];
        // Where bytes were asked for, what is said is text.
        const text = !api || url.searchParams.get("alt") === "media";
        return { status, body: text ? Buffer.from(message) : { error: { code: status, message, errors } } };
      }
    })();
    response.writeHead(reply.status, reply.headers);
    response.end(Buffer.isBuffer(reply.body) ? reply.body : JSON.stringify(reply.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    createBucket: (name) => void buckets.set(name, new Map()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface About {
  readonly name?: string;
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Two parts: what it is, in JSON, and its bytes. https://www.rfc-editor.org/rfc/rfc2387 */
function multipart(body: Buffer, type: string): { readonly about: About; readonly bytes: Buffer } {
  const [, boundary = ""] = /^multipart\/related;\s*boundary="?([^";]+)"?$/.exec(type) ?? [];
  const refuse = (): never => {
    throw new StorageRefusal(400, "badContent", "Malformed multipart body.");
  };
  const [open, between, close] = [`--${boundary}\r\n`, `\r\n--${boundary}\r\n`, `\r\n--${boundary}--`];
  const middle = body.indexOf(between);
  const end = body.lastIndexOf(close);
  if (boundary === "" || !body.subarray(0, open.length).equals(Buffer.from(open)) || middle < 0 || end < middle)
    refuse();
  const content = (part: Buffer): Buffer => part.subarray(part.indexOf("\r\n\r\n") + 4);
  const about = JSON.parse(content(body.subarray(open.length, middle)).toString()) as About;
  return { about, bytes: content(body.subarray(middle + between.length, end)) };
}
