// A contract server of ours for S3, as far as objects go: written from AWS's API reference alone, path style. What emulators of
// others leave out is here: conditions, signatures, keys that XML cannot hold, and what it tells EventBridge.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { crc32 } from "node:zlib";
import { signatureError } from "./sigv4.ts";

export interface S3 {
  readonly url: string;
  createBucket(name: string): void;
  /** Method and address of each request that was taken for signed. */
  readonly calls: string[];
  /** What it tells EventBridge of its objects. */
  readonly told: object[];
  /** Each hears what is told from then on, as a rule of EventBridge does: bucket and event. */
  readonly rules: Set<(bucket: string, event: object) => void>;
  close(): Promise<void>;
}

export interface S3Options {
  readonly region: string;
  readonly secretOf: (accessKey: string) => string | undefined;
}

interface Stored {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly modified: Date;
}

interface Answer {
  readonly status: number;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(`${code}: as the reference says`);
    this.status = status;
    this.code = code;
  }
}

export async function startS3({ region, secretOf }: S3Options): Promise<S3> {
  const buckets = new Map<string, Map<string, Stored>>();
  const calls: string[] = [];
  const told: object[] = [];
  const rules: S3["rules"] = new Set();
  let sequence = 0;

  const bucketOf = (name: string): Map<string, Stored> => {
    const found = buckets.get(name);
    if (!found) throw new Refusal(404, "NoSuchBucket");
    return found;
  };

  function tell(type: "Object Created" | "Object Deleted", bucket: string, key: string, more: object): void {
    const sequencer = (++sequence).toString(16).toUpperCase().padStart(18, "0");
    const event = {
      version: "0",
      id: randomUUID(),
      "detail-type": type,
      source: "aws.s3",
      account: "000000000000",
      time: new Date().toISOString().replace(/\.\d+/, ""),
      region,
      resources: [`arn:aws:s3:::${bucket}`],
      detail: { version: "0", bucket: { name: bucket }, object: { key, sequencer, ...more } },
    };
    told.push(event);
    for (const rule of rules) rule(bucket, event);
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
  function check(found: Stored | undefined, { headers }: IncomingMessage): void {
    const { "if-match": match, "if-none-match": none } = headers;
    if (none !== undefined && none !== "*") throw new Refusal(501, "NotImplemented");
    if (none === "*" && found) throw new Refusal(412, "PreconditionFailed");
    if (match === undefined) return;
    if (!found) throw new Refusal(404, "NoSuchKey");
    if (match !== "*" && match !== found.etag) throw new Refusal(412, "PreconditionFailed");
  }

  function put(request: IncomingMessage, bucket: string, key: string, bytes: Buffer): Answer {
    const objects = bucketOf(bucket);
    if (Buffer.byteLength(key) > 1024) throw new Refusal(400, "KeyTooLongError");
    const sum = request.headers["x-amz-checksum-crc32"];
    if (sum !== undefined && sum !== checksum(bytes)) throw new Refusal(400, "BadDigest");
    check(objects.get(key), request);
    const kept = Object.entries(request.headers).filter(
      ([name]) => /^x-amz-(?:meta-|storage-class|tagging)/.test(name) || name === "content-type",
    );
    const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
    const headers = { "content-type": "binary/octet-stream", ...Object.fromEntries(kept) } as Record<string, string>;
    objects.set(key, { bytes, etag, headers, modified: new Date() });
    tell("Object Created", bucket, key, { size: bytes.length, etag: etag.slice(1, -1) });
    return { status: 200, headers: { etag } };
  }

  function get(bucket: string, key: string): Answer {
    const found = bucketOf(bucket).get(key);
    if (!found) throw new Refusal(404, "NoSuchKey");
    const { bytes, etag, headers, modified } = found;
    const { "x-amz-tagging": _, ...shown } = headers;
    return { status: 200, body: bytes, headers: { ...shown, etag, "last-modified": modified.toUTCString() } };
  }

  function remove(bucket: string, key: string): void {
    if (bucketOf(bucket).delete(key)) tell("Object Deleted", bucket, key, { "deletion-type": "Permanently Deleted" });
  }

  function removeMany(bucket: string, text: string): Answer {
    for (const [, key = ""] of text.matchAll(/<Key>([^<]*)<\/Key>/g)) remove(bucket, fromXml(key));
    return xml("<DeleteResult></DeleteResult>");
  }

  /** In the order of UTF-8, a thousand at a time. */
  function list(bucket: string, query: URLSearchParams): Answer {
    const prefix = query.get("prefix") ?? "";
    const after = Buffer.from(query.get("continuation-token") ?? "", "base64url");
    const most = Math.min(1000, Number(query.get("max-keys") ?? 1000));
    const bytes = (key: string): Buffer => Buffer.from(key);
    const all = [...bucketOf(bucket)]
      .filter(([key]) => key.startsWith(prefix) && Buffer.compare(bytes(key), after) > 0)
      .sort(([a], [b]) => Buffer.compare(bytes(a), bytes(b)));
    const page = all.slice(0, most);
    const [last = ""] = page.at(-1) ?? [];
    const url = query.get("encoding-type") === "url";
    const shown = (key: string): string => (url ? encodeURIComponent(key).replaceAll("%20", "+") : toXml(key));
    const contents = page.map(
      ([
        key,
        {
          bytes: { length },
          etag,
          modified,
        },
      ]) =>
        `<Contents><Key>${shown(key)}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>${toXml(etag)}</ETag><Size>${length}</Size></Contents>`,
    );
    const more = all.length > page.length;
    return xml(
      `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${bucket}</Name>${url ? "<EncodingType>url</EncodingType>" : ""}<IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${bytes(last).toString("base64url")}</NextContinuationToken>` : ""}${contents.join("")}</ListBucketResult>`,
    );
  }

  function answer(request: IncomingMessage, body: Buffer): Answer {
    const { method = "", url = "", headers } = request;
    const wrong = signatureError({ method, url, headers, body }, { service: "s3", region, secretOf });
    if (wrong !== undefined) throw new Refusal(wrong === "AuthorizationHeaderMalformed" ? 400 : 403, wrong);
    calls.push(`${method} ${url}`);
    const [path = "", search = ""] = url.split("?");
    const query = new URLSearchParams(search);
    const [, bucket = "", rest = ""] = /^\/([^/]+)(?:\/(.*))?$/s.exec(path) ?? [];
    const key = decodeURIComponent(rest);
    if (method === "POST" && key === "" && query.has("delete")) return removeMany(bucket, body.toString());
    if (method === "GET" && key === "" && query.get("list-type") === "2") return list(bucket, query);
    if (key === "") throw new Refusal(501, "NotImplemented");
    if (method === "PUT") return put(request, bucket, key, body);
    if (method === "GET") return get(bucket, key);
    if (method !== "DELETE") throw new Refusal(405, "MethodNotAllowed");
    if (headers["if-match"] !== undefined) check(bucketOf(bucket).get(key), request);
    remove(bucket, key);
    return { status: 204 };
  }

  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    let reply: Answer;
    try {
      reply = answer(request, Buffer.concat(parts));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      reply = {
        ...xml(`<Error><Code>${error.code}</Code><Message>${error.message}</Message></Error>`),
        status: error.status,
      };
    }
    response.writeHead(reply.status, { "x-amz-request-id": randomUUID(), ...reply.headers });
    response.end(reply.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    createBucket: (name) => void buckets.set(name, new Map()),
    calls,
    told,
    rules,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function xml(body: string): Answer {
  return {
    status: 200,
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
    headers: { "content-type": "application/xml" },
  };
}

function checksum(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString("base64");
}

function toXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function fromXml(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replace(/&#x([0-9a-fA-F]+);/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll("&amp;", "&");
}
