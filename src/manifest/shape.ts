// What a value must be: each check reports what it finds wrong, and gives the value only where it is right.
import type { ListNode, MapNode, Node, ScalarNode } from "./nodes.ts";
import { nearest, type Problems, quoted, suggest } from "./problems.ts";

/** What is under a key; an empty value (`key:`) is as good as none. */
export function field(map: MapNode | undefined, key: string): Node | undefined {
  const node = map?.entries.get(key);
  return node?.kind === "scalar" && node.value === null && node.tag === undefined ? undefined : node;
}

export function asMap(node: Node | undefined, problems: Problems): MapNode | undefined {
  return expect(node, "map", "a map of keys and values", problems);
}

export function asList(node: Node | undefined, problems: Problems): ListNode | undefined {
  return expect(node, "list", "a list", problems);
}

export function asScalar(node: Node | undefined, problems: Problems): ScalarNode | undefined {
  return expect(node, "scalar", "one plain value", problems);
}

/** Text that is not empty. */
export function asText(node: Node | undefined, problems: Problems): string | undefined {
  const scalar = asScalar(node, problems);
  if (!scalar) return undefined;
  if (typeof scalar.value === "string" && scalar.value !== "") return scalar.value;
  const mend = scalar.value === "" || scalar.value === null ? "" : `: write "${scalar.text}"`;
  problems.add("INVALID", scalar, `${named(scalar)} must be text${mend}.`);
  return undefined;
}

export function asTexts(node: Node | undefined, problems: Problems): readonly string[] | undefined {
  return asList(node, problems)?.items.flatMap((item) => asText(item, problems) ?? []);
}

/** A number, or text that is one: what comes from the environment is text. */
export function asNumber(node: Node | undefined, problems: Problems): number | undefined {
  const scalar = asScalar(node, problems);
  if (!scalar) return undefined;
  const { value } = scalar;
  const number =
    typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  if (Number.isFinite(number)) return number;
  problems.add("INVALID", scalar, `${named(scalar)} must be a number, and is ${quoted(scalar.text)}.`);
  return undefined;
}

/** Reports each key that is not one of `known`. */
export function checkKeys(map: MapNode | undefined, known: readonly string[], problems: Problems): void {
  for (const [key, node] of map?.entries ?? []) {
    if (known.includes(key)) continue;
    const where = map?.path ? ` in ${named(map)}` : "";
    problems.add("INVALID", node, `There is no key ${quoted(key)}${where}.${suggest(key, known)}`);
  }
}

/** The value under a key that must be there. A misspelt key in its place is reported by `checkKeys`, and not here too. */
export function required(
  map: MapNode | undefined,
  key: string,
  known: readonly string[],
  mend: string,
  problems: Problems,
): Node | undefined {
  const node = field(map, key);
  if (node || !map) return node;
  const path = map.path === "" ? key : `${map.path}.${key}`;
  if (!misspells(map, key, known))
    problems.add("MISCONFIGURED", map.entries.get(key) ?? map, `${quoted(path)} is missing: ${mend}.`);
  return undefined;
}

/** Whether an unknown key of the map was likely meant to be this one. */
export function misspells(map: MapNode, key: string, known: readonly string[]): boolean {
  return [...map.entries.keys()].some((other) => !known.includes(other) && nearest(other, known) === key);
}

/** A null-prototype map: no name in it can reach a prototype. */
export function record<T>(entries: Iterable<readonly [string, T]>): Readonly<Record<string, T>> {
  const made: Record<string, T> = Object.create(null);
  for (const [key, value] of entries) made[key] = value;
  return made;
}

function expect<Kind extends Node["kind"]>(
  node: Node | undefined,
  kind: Kind,
  what: string,
  problems: Problems,
): Extract<Node, { kind: Kind }> | undefined {
  if (!node) return undefined;
  if (node.tag !== undefined) {
    problems.add(
      "UNSUPPORTED",
      node,
      `${named(node)} is ${quoted(node.tag)}, which Faasten does not read: write ${what}.`,
    );
    return undefined;
  }
  if (isKind(node, kind)) return node;
  problems.add("INVALID", node, `${named(node)} must be ${what}.`);
  return undefined;
}

function isKind<Kind extends Node["kind"]>(node: Node, kind: Kind): node is Extract<Node, { kind: Kind }> {
  return node.kind === kind;
}

function named(node: Node): string {
  return node.path === "" ? "The document" : quoted(node.path);
}
