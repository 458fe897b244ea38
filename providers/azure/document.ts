// A state entry as an item of Cosmos DB: Dapr's fields, the time of expiry beside its `ttl`, and ids that hold any key.
// https://learn.microsoft.com/azure/cosmos-db/nosql/time-to-live
import type { Etag, StateEntry, Value } from "../../src/provider.ts";

export interface Document {
  readonly id: string;
  readonly partitionKey: string;
  /** Bytes are base64. */
  readonly value: JsonValue;
  readonly isBinary: boolean;
  /** Seconds after `_ts`. */
  readonly ttl?: number;
  /** Unix seconds, and exact; what Dapr wrote has none. */
  readonly expiresAt?: number;
  readonly _etag?: string;
  /** Unix seconds. */
  readonly _ts?: number;
}
type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** Seconds by which the service may sweep later than needed: its clock is not ours, and an entry must never be gone early. */
const slack = 10;

export function toDocument(key: string, partitionKey: string, value: Value, expiresAt: number | undefined): Document {
  const document = {
    id: idOf(key),
    partitionKey,
    value: "bytes" in value ? base64(value.bytes) : (JSON.parse(value.json) as JsonValue),
    isBinary: "bytes" in value,
  };
  if (expiresAt === undefined) return document;
  const seconds = Math.ceil(expiresAt / 1000);
  return { ...document, ttl: Math.max(1, seconds - Math.floor(Date.now() / 1000) + slack), expiresAt: seconds };
}

/** What stands for an entry that is not there, where something must. */
export function graveOf(key: string, partitionKey: string): Document {
  return { id: idOf(key), partitionKey, value: null, isBinary: false, ttl: 1, expiresAt: 0 };
}

/** `undefined`: there is none, or it has expired. */
export function entryOf(document: Document | undefined): StateEntry | undefined {
  if (!document) return undefined;
  const expiresAt = expiryOf(document);
  if (expiresAt <= Date.now()) return undefined;
  const { value = null, isBinary, _etag = "" } = document;
  return {
    value: isBinary ? { bytes: Buffer.from(String(value), "base64") } : { json: JSON.stringify(value) },
    etag: toEtag(_etag, document),
    ...(Number.isFinite(expiresAt) && { expiresAt }),
  };
}

/** Unix milliseconds; infinite: never. */
export function expiryOf({ expiresAt, ttl, _ts = 0 }: Pick<Document, "expiresAt" | "ttl" | "_ts">): number {
  if (expiresAt !== undefined) return expiresAt * 1000;
  return ttl !== undefined && ttl > 0 ? (_ts + ttl) * 1000 : Number.POSITIVE_INFINITY;
}

/** With its expiry in it: a version that has expired is no match any more, swept or not. */
export function toEtag(etag: string, document: Pick<Document, "expiresAt" | "ttl" | "_ts">): Etag {
  const expiry = expiryOf(document);
  return Number.isFinite(expiry) ? etag.replace(/("?)$/, `@${expiry / 1000}$1`) : etag;
}

/** What the service calls that version; `undefined`: it is none of its own, or has expired. */
export function matchOf(etag: Etag): string | undefined {
  const [, quote, own, expiry] = /^("?)([\w-]{1,64})(?:@(\d{1,12}))?\1$/.exec(etag) ?? [];
  if (own === undefined || (expiry !== undefined && Number(expiry) * 1000 <= Date.now())) return undefined;
  return `${quote}${own}${quote}`;
}

/** The key itself, but for what no id may hold or no path can: that is percent-encoded, as is what would read as such. */
export function idOf(key: string): string {
  return key.replace(/[/\\?#\p{Cc}]|%(?=[\dA-F]{2})|\s+$|^\.{1,2}$/gu, (found) =>
    [...Buffer.from(found)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}

export function keyOf(id: string): string {
  return id.replace(/(?:%[\dA-F]{2})+/g, (found) => Buffer.from(found.replaceAll("%", ""), "hex").toString());
}

/** What the ids of all keys with this prefix begin with: its end may be written otherwise where a key goes on. */
export function prefixOf(prefix: string): string {
  const sure = prefix.replace(/(?:\s|%[\dA-F]?)+$/, "");
  return /^\.{1,2}$/.test(sure) ? "" : idOf(sure);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
