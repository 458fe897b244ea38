// One document of kind Component, checked.
import type { MetadataValue } from "../contracts/provider.ts";
import { checkKeyPrefix, readFields } from "./metadata.ts";
import { componentName } from "./names.ts";
import type { MapNode, Node } from "./nodes.ts";
import { type Place, type Problems, quoted, suggest } from "./problems.ts";
import { asList, asMap, asScalar, asText, asTexts, checkKeys, field, record, required } from "./shape.ts";

/** `file` and `line` are those of its name. */
export interface ComponentManifest extends Required<Place> {
  readonly name: string;
  readonly type: string;
  readonly version?: string;
  readonly metadata: Readonly<Record<string, MetadataValue>>;
  /** App ids; none, or left out: all. */
  readonly scopes?: readonly string[];
  readonly secretStore?: string;
  /** Only grants are emitted, never the resource. */
  readonly existing: boolean;
  /** Where each metadata field is written, by its name in lower case. */
  readonly places: Readonly<Record<string, Place>>;
}

/** `undefined`: it has no name or no type. Everything that is wrong is reported, whatever is returned. */
export function readComponent(
  document: MapNode,
  types: readonly string[],
  problems: Problems,
): ComponentManifest | undefined {
  checkKeys(document, documentKeys, problems);
  checkApiVersion(document, problems);
  const head = asMap(
    required(document, "metadata", documentKeys, "write `metadata: { name: my-component }`", problems),
    problems,
  );
  checkKeys(head, headKeys, problems);
  const named = required(head, "name", headKeys, "write `name: my-component`", problems);
  const name = checkName(named, problems);
  const existing = readExisting(head, problems);
  const spec = asMap(
    required(document, "spec", documentKeys, "write `spec: { type: …, version: v1 }`", problems),
    problems,
  );
  checkKeys(spec, specKeys, problems);
  const type = readType(spec, types, problems);
  const version = readVersion(spec, problems);
  const auth = asMap(field(document, "auth"), problems);
  checkKeys(auth, authKeys, problems);
  const secretStore = asText(field(auth, "secretStore"), problems);
  const fields = readFields(asList(field(spec, "metadata"), problems), secretStore ?? "", problems);
  if ([...fields.values()].some(({ value }) => typeof value === "object" && "store" in value)) {
    const store = required(document, "auth", documentKeys, needsStore, problems);
    if (store) required(auth, "secretStore", authKeys, needsStore, problems);
  }
  if (type?.startsWith("state.")) checkKeyPrefix(fields, problems);
  const scopes = asTexts(field(document, "scopes"), problems);
  if (!named || name === undefined || type === undefined) return undefined;
  const { file, line, column } = named;
  return {
    name,
    type,
    ...(version !== undefined && { version }),
    metadata: record([...fields.values()].map(({ name, value }) => [name, value])),
    ...(scopes && { scopes }),
    ...(secretStore !== undefined && { secretStore }),
    existing,
    file,
    line,
    column,
    places: record([...fields].map(([key, { place }]) => [key, { file: place.file, line: place.line }])),
  };
}

/**
 * Holds a component's metadata against the fields of its type, case aside as in Dapr. `keyPrefix` is a field of every
 * state store.
 */
export function checkFields(
  component: ComponentManifest,
  fields: readonly string[],
  requiredFields: readonly string[],
  problems: Problems,
): void {
  const known = component.type.startsWith("state.") ? [...fields, "keyPrefix"] : fields;
  const lower = new Set(known.map((field) => field.toLowerCase()));
  const written = Object.keys(component.metadata);
  for (const name of written) {
    if (lower.has(name.toLowerCase())) continue;
    const message = `${quoted(component.type)} has no field ${quoted(name)}.${suggest(name, known)}`;
    problems.add("INVALID", component.places[name.toLowerCase()] ?? component, message);
  }
  for (const name of requiredFields) {
    if (written.some((other) => other.toLowerCase() === name.toLowerCase())) continue;
    const message = `The component ${quoted(component.name)} needs the field ${quoted(name)}: write it in \`spec.metadata\`.`;
    problems.add("MISCONFIGURED", component, message);
  }
}

const apiVersion = "dapr.io/v1alpha1";
const documentKeys = ["apiVersion", "kind", "metadata", "spec", "auth", "scopes"];
const headKeys = ["name", "namespace", "labels", "annotations"];
/** `ignoreErrors` and `initTimeout` have no meaning here: a component connects when it is first used. */
const specKeys = ["type", "version", "metadata", "ignoreErrors", "initTimeout"];
const authKeys = ["secretStore"];
const needsStore = "a `secretKeyRef` reads from a store: write `auth: { secretStore: … }` beside `spec`";
const existingAnnotation = "faasten.dev/existing";

function checkApiVersion(document: MapNode, problems: Problems): void {
  const node = required(document, "apiVersion", documentKeys, `write \`apiVersion: ${apiVersion}\``, problems);
  const version = asText(node, problems);
  if (!node || version === undefined || version === apiVersion) return;
  problems.add("INVALID", node, `A Component's apiVersion is ${quoted(apiVersion)}, not ${quoted(version)}.`);
}

function checkName(node: Node | undefined, problems: Problems): string | undefined {
  const name = asText(node, problems);
  if (!node || name === undefined || componentName.pattern.test(name)) return name;
  problems.add("INVALID", node, `${quoted(name)} cannot name a component: ${componentName.rule}.`);
  return name;
}

function readExisting(head: MapNode | undefined, problems: Problems): boolean {
  const annotations = asMap(field(head, "annotations"), problems);
  for (const [name, node] of annotations?.entries ?? []) {
    if (!name.startsWith("faasten.dev/") || name === existingAnnotation) continue;
    problems.add("INVALID", node, `There is no annotation ${quoted(name)}.${suggest(name, [existingAnnotation])}`);
  }
  const scalar = asScalar(field(annotations, existingAnnotation), problems);
  if (scalar && scalar.text !== "true" && scalar.text !== "false") {
    problems.add("INVALID", scalar, `${quoted(existingAnnotation)} is "true" or "false", not ${quoted(scalar.text)}.`);
  }
  return scalar?.text === "true";
}

function readType(spec: MapNode | undefined, types: readonly string[], problems: Problems): string | undefined {
  const node = required(spec, "type", specKeys, "write `type: state.sqlite`, or another", problems);
  const type = asText(node, problems);
  if (!node || type === undefined || types.includes(type)) return type;
  const block = type.split(".", 1)[0];
  const siblings = types.filter((known) => known.split(".", 1)[0] === block);
  const hint = suggest(type, siblings) || suggest(type, types);
  if (/^[a-z]+(\.[a-zA-Z0-9-]+)+$/.test(type)) {
    problems.add("INVALID", node, `Faasten has no component of type ${quoted(type)}.${hint}`);
  } else problems.add("INVALID", node, `${quoted(type)} is no component type: one is written <block>.<name>.${hint}`);
  return type;
}

function readVersion(spec: MapNode | undefined, problems: Problems): string | undefined {
  const node = field(spec, "version");
  const scalar = asScalar(node, problems);
  if (!scalar || /^v[1-9][0-9]*$/.test(scalar.text)) return scalar?.text;
  problems.add("INVALID", scalar, `${quoted(scalar.text)} is no version: write v1 or v2.`);
  return undefined;
}
