// CloudEvents 1.0 in and out: structured JSON, batches, and HTTP's binary mode.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
import type { Value } from "../contracts/component.ts";
import type { CloudEvent } from "../contracts/event.ts";
import { FaastenError } from "../errors.ts";
import { elementTexts, memberText } from "./json-text.ts";

/** An event in HTTP's binary mode. */
export interface BinaryEvent {
  /** Lower-case names, null-prototype. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

/**
 * JSON data goes in as it is written. Throws `INVALID` for an extension's name that CloudEvents do not allow.
 * What is no JSON by its media type should be bytes: a JSON string there would be read back as the bytes of its text.
 */
export function toStructured(event: CloudEvent): string {
  const { data } = event;
  const members: Record<string, unknown> = attributesOf(event);
  if (data && "bytes" in data) members["data_base64"] = viewOf(data.bytes).toString("base64");
  const text = JSON.stringify(members);
  return data && "json" in data ? `${text.slice(0, -1)},"data":${data.json}}` : text;
}

/** JSON data is the text as it was written. `undefined`: this is no CloudEvent 1.0. */
export function fromStructured(text: string): CloudEvent | undefined {
  return fromParsed(parsed(text), text);
}

/** What a broker knows of a message of others. */
export interface ForeignMessage
  extends Pick<CloudEvent, "id" | "source" | "type" | "time" | "subject" | "datacontenttype"> {
  /** They become extensions, where CloudEvents allow their names. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** What a broker delivers: the event that the body is in structured JSON, else one made of what the broker knows. */
export function fromMessage(body: string | Uint8Array | undefined, known: ForeignMessage): CloudEvent {
  const text = typeof body === "string" ? body : utf8(body);
  const published = text === undefined ? undefined : fromStructured(text);
  if (published) return published;
  const { attributes, ...context } = known;
  const data = body?.length ? dataOf(body, known.datacontenttype) : undefined;
  const extensions = attributes && extensionsOf(attributes);
  const plain = text === undefined ? "application/octet-stream" : "text/plain";
  return {
    specversion: "1.0",
    ...(data && { datacontenttype: "json" in data ? "application/json" : plain }),
    ...context,
    ...(data && { data }),
    ...(extensions && { extensions }),
  };
}

/** In the order of the batch, `undefined` for what is no event. `undefined` alone: this is no batch. */
export function fromBatch(text: string): readonly (CloudEvent | undefined)[] | undefined {
  const batch = parsed(text);
  return Array.isArray(batch) ? elementTexts(text).map((element, at) => fromParsed(batch[at], element)) : undefined;
}

/** Extensions come back as strings. No body and an empty one are both no data. */
export function toBinary(event: CloudEvent): BinaryEvent {
  const { data } = event;
  const headers: Record<string, string> = Object.create(null);
  const { datacontenttype, ...attributes } = attributesOf(event);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) headers[`ce-${name}`] = percentEncoded(`${value}`);
  }
  if (datacontenttype !== undefined) headers["content-type"] = `${datacontenttype}`;
  else if (data) headers["content-type"] = "json" in data ? "application/json" : "application/octet-stream";
  return { headers, body: data && ("json" in data ? data.json : data.bytes) };
}

/** `headers` by lower-case names. `undefined`: this is no CloudEvent 1.0. */
export function fromBinary(
  headers: Readonly<Record<string, string | undefined>>,
  body: string | Uint8Array | undefined,
): CloudEvent | undefined {
  const attributes: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (name.startsWith("ce-") && value !== undefined) attributes[name.slice(3)] = percentDecoded(value);
  }
  const mediaType = Object.hasOwn(headers, "content-type") ? headers["content-type"] : undefined;
  attributes["datacontenttype"] = mediaType;
  return eventOf(attributes, body?.length ? dataOf(body, mediaType) : undefined);
}

/** Whether data of this media type is JSON. Without one it is. */
export function isJson(mediaType: string | undefined): boolean {
  if (!mediaType) return true;
  const end = mediaType.indexOf(";");
  const essence = (end < 0 ? mediaType : mediaType.slice(0, end)).trim().toLowerCase();
  return essence === "application/json" || essence === "text/json" || essence.endsWith("+json");
}

const optional = ["time", "subject", "datacontenttype", "dataschema"] as const;
/** What no extension may be called. */
const taken: ReadonlySet<string> = new Set([
  ...["specversion", "id", "source", "type", ...optional, "data"],
  ...["constructor", "prototype"],
]);
const strict: TextDecoder = new TextDecoder("utf-8", { fatal: true });

function isExtension(name: string): boolean {
  return /^[a-z0-9]+$/.test(name) && !taken.has(name);
}

function attributesOf(event: CloudEvent): Record<string, string | number | boolean | undefined> {
  const { specversion, id, source, type, time, subject, datacontenttype, dataschema, extensions = {} } = event;
  for (const name of Object.keys(extensions)) {
    if (isExtension(name)) continue;
    throw new FaastenError(
      "INVALID",
      `event ${id}: "${name}" cannot name an extension, use free names of [a-z0-9] only`,
    );
  }
  return { specversion, id, source, type, time, subject, datacontenttype, dataschema, ...extensions };
}

function fromParsed(found: unknown, text: string): CloudEvent | undefined {
  if (!isRecord(found)) return undefined;
  const { data, data_base64: base64, datacontenttype } = found;
  if (base64 === undefined || base64 === null) {
    if (data === undefined) return eventOf(found, undefined);
    const plain = typeof data === "string" && typeof datacontenttype === "string" && !isJson(datacontenttype);
    const json = plain ? undefined : memberText(text, "data");
    return eventOf(found, plain ? { bytes: Buffer.from(data) } : json === undefined ? undefined : { json });
  }
  if (typeof base64 !== "string" || data !== undefined) return undefined;
  return eventOf(found, { bytes: Buffer.from(base64, "base64") });
}

function eventOf(attributes: Readonly<Record<string, unknown>>, data: Value | undefined): CloudEvent | undefined {
  const { specversion, id, source, type } = attributes;
  if (specversion !== "1.0" || !isFilled(id) || !isFilled(source) || !isFilled(type)) return undefined;
  const event: { -readonly [Key in keyof CloudEvent]: CloudEvent[Key] } = { specversion, id, source, type };
  for (const name of optional) {
    const value = attributes[name];
    if (isFilled(value)) event[name] = value;
    else if (value !== undefined && value !== null && value !== "") return undefined;
  }
  if (data) event.data = data;
  const extensions = extensionsOf(attributes);
  if (extensions) event.extensions = extensions;
  return event;
}

/** Names and types that CloudEvents do not allow are left out: they come from whoever sent the event. */
function extensionsOf(attributes: Readonly<Record<string, unknown>>): CloudEvent["extensions"] {
  let extensions: Record<string, string | number | boolean> | undefined;
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (!isScalar(value) || !isExtension(name)) continue;
    extensions ??= emptyMap();
    extensions[name] = value;
  }
  return extensions;
}

function dataOf(body: string | Uint8Array, mediaType: string | undefined): Value {
  const bytes = (): Uint8Array => (typeof body === "string" ? Buffer.from(body) : body);
  if (!isJson(mediaType)) return { bytes: bytes() };
  try {
    const json = typeof body === "string" ? body : strict.decode(body);
    JSON.parse(json);
    return { json };
  } catch {
    return { bytes: bytes() };
  }
}

function utf8(bytes: Uint8Array | undefined): string | undefined {
  try {
    return bytes && strict.decode(bytes);
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "boolean" || Number.isSafeInteger(value);
}

function emptyMap(): Record<string, string | number | boolean> {
  return Object.create(null);
}

function isFilled(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** All but printable ASCII, and of that the space, the quote and the percent sign. */
function percentEncoded(value: string): string {
  return value.toWellFormed().replace(/[^\x21\x23\x24\x26-\x7e]+/g, encodeURIComponent);
}

/** Once, after the quotes are off, as the binding wants it; what is no UTF-8 becomes U+FFFD. */
function percentDecoded(value: string): string {
  if (!/["%]/.test(value)) return value;
  const bare = /^".*"$/s.test(value) ? value.slice(1, -1).replace(/\\(.)/gs, "$1") : value;
  return bare.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"));
}
