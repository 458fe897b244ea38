// The fields of a component: `spec.metadata`.
import type { MetadataValue } from "../contracts/provider.ts";
import { forbiddenNames, type ListNode, type MapNode } from "./nodes.ts";
import { type Place, type Problems, quoted } from "./problems.ts";
import { asMap, asScalar, asText, checkKeys, field, misspells, required } from "./shape.ts";

/** `store` of a secret is "" where the document names none. */
export interface Field {
  readonly name: string;
  readonly value: MetadataValue;
  readonly place: Place;
}

/** By name in lower case: Dapr matches names so, and hence two that differ in case are one. */
export function readFields(list: ListNode | undefined, store: string, problems: Problems): Map<string, Field> {
  const fields = new Map<string, Field>();
  for (const node of list?.items ?? []) {
    const map = asMap(node, problems);
    checkKeys(map, itemKeys, problems);
    const value = map && readValue(map, store, problems);
    const place = required(map, "name", itemKeys, "each field has a name and a value", problems);
    const name = asText(place, problems);
    if (!place || name === undefined) continue;
    const first = fields.get(name.toLowerCase());
    if (forbiddenNames.has(name)) {
      problems.add("INVALID", place, `${quoted(name)} cannot name a field: choose another name.`);
    } else if (first) {
      const message = `The field ${quoted(name)} is there already, in line ${first.place.line} (case aside): remove one.`;
      problems.add("ALREADY_EXISTS", place, message);
    } else if (value !== undefined) fields.set(name.toLowerCase(), { name, value, place });
  }
  return fields;
}

/** Of a state store. Stored keys are `<prefix>||<key>`, so a prefix must not look like two. */
export function checkKeyPrefix(fields: ReadonlyMap<string, Field>, problems: Problems): void {
  const prefix = fields.get("keyprefix");
  if (!prefix) return;
  if (typeof prefix.value !== "string") {
    const message = "`keyPrefix` must be a plain `value`: the layout of stored keys hangs on it.";
    problems.add("INVALID", prefix.place, message);
  } else if (prefix.value.includes("||")) {
    const mend = "write appid, name, namespace, none, or a text without `||`";
    problems.add("INVALID", prefix.place, `The keyPrefix ${quoted(prefix.value)} holds \`||\`: ${mend}.`);
  }
}

const sources = ["value", "secretKeyRef", "envRef"];
const itemKeys = ["name", ...sources];

function readValue(item: MapNode, store: string, problems: Problems): MetadataValue | undefined {
  const written = sources.filter((key) => item.entries.has(key));
  if (written.length > 1) {
    const both = written.map(quoted).join(" and ");
    problems.add("MISCONFIGURED", item, `${quoted(item.path)} has ${both}: keep one of them.`);
    return undefined;
  }
  if (written.length === 0) {
    if (!sources.some((key) => misspells(item, key, itemKeys))) {
      problems.add(
        "MISCONFIGURED",
        item,
        `${quoted(item.path)} has no value: write \`value\`, \`secretKeyRef\` or \`envRef\`.`,
      );
    }
    return undefined;
  }
  const secret = asMap(field(item, "secretKeyRef"), problems);
  if (secret) return readSecret(secret, store, problems);
  const env = asText(field(item, "envRef"), problems);
  if (env !== undefined) return readEnv(env, item, problems);
  const value = field(item, "value");
  if (value) return asScalar(value, problems)?.text;
  const [key = "value"] = written;
  if (!field(item, key)) {
    const message = `${quoted(`${item.path}.${key}`)} is empty: write a value, or \`""\`.`;
    problems.add("INVALID", item.entries.get(key) ?? item, message);
  }
  return undefined;
}

function readSecret(ref: MapNode, store: string, problems: Problems): MetadataValue | undefined {
  checkKeys(ref, ["name", "key"], problems);
  const secret = asText(required(ref, "name", ["name", "key"], "write the name of the secret", problems), problems);
  const key = asText(field(ref, "key"), problems) ?? secret;
  return secret === undefined || key === undefined ? undefined : { store, secret, key };
}

function readEnv(env: string, item: MapNode, problems: Problems): MetadataValue {
  if (/^(APP_API_TOKEN|DAPR_)/.test(env)) {
    const message = `${quoted(env)} cannot be read by a component: no envRef begins with APP_API_TOKEN or DAPR_.`;
    problems.add("INVALID", item.entries.get("envRef") ?? item, message);
  }
  return { env };
}
