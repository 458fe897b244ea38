// `cors` of an event or of `provider.httpApi`, in the framework's several spellings.
import type { Cors } from "../contracts/trigger.ts";
import type { MapNode, Node } from "./nodes.ts";
import { quoted } from "./problems.ts";
import { checkSettings, plain, refuse, type SectionReader } from "./section-reader.ts";
import { asMap } from "./shape.ts";

/** `undefined`: none is asked for, or it was reported. */
export function readCors(reader: SectionReader, node: Node | undefined): Cors | undefined {
  const value = node && reader.resolve(node);
  if (!value || (value.kind === "scalar" && (value.value === false || value.value === null))) return undefined;
  if (value.kind === "scalar" && value.value === true) return { origins: ["*"], headers: usual };
  const map = asMap(value, reader.problems);
  if (!map || !checkSettings(reader, map, { known, refused: { cacheControl: "no reply to a preflight is kept so" } }))
    return undefined;
  const origins = listOf(reader, map, ["origin", "origins", "allowedOrigins"]) ?? ["*"];
  const partial = origins.find((origin) => origin !== "*" && origin.includes("*"));
  if (partial !== undefined) {
    return refuse(reader, map, `${quoted(map.path)}: ${quoted(partial)} is a part of an origin: write whole ones.`);
  }
  const headers = listOf(reader, map, ["headers", "allowedHeaders"]) ?? usual;
  const expose = listOf(reader, map, ["exposedResponseHeaders"]);
  const credentials = map.entries.get("allowCredentials");
  const maxAge = map.entries.get("maxAge");
  return {
    origins,
    headers,
    ...(expose && { expose }),
    ...(credentials && plain(reader, credentials) === true && { credentials: true }),
    ...(maxAge && { maxAge: Number(plain(reader, maxAge)) }),
  };
}

const known = [
  ...["origin", "origins", "allowedOrigins", "headers", "allowedHeaders", "exposedResponseHeaders"],
  ...["allowCredentials", "maxAge", "methods", "allowedMethods"],
];

/** Those that the framework allows unless told otherwise. */
const usual = [
  ...["content-type", "x-amz-date", "authorization", "x-api-key", "x-amz-security-token", "x-amz-user-agent"],
  "x-amzn-trace-id",
];

/** A list, or text with commas. */
function listOf(reader: SectionReader, map: MapNode, keys: readonly string[]): readonly string[] | undefined {
  const node = keys.map((key) => map.entries.get(key)).find((found) => found !== undefined);
  const value = node && plain(reader, node);
  if (value === undefined || value === null) return undefined;
  const items: readonly unknown[] = Array.isArray(value) ? value : String(value).split(",");
  return items.map((item) => String(item).trim());
}
