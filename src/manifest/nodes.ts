// The values of a YAML file, each with where it is written.
import type { Place } from "./problems.ts";

/** One value: the place is that of its key, or of itself in a list. `path` is for messages. */
export type Node = ScalarNode | MapNode | ListNode;

interface Located extends Required<Place> {
  readonly path: string;
  /** `!Ref`, `!Sub`…: the value is made elsewhere. */
  readonly tag?: string;
}

/** `text` is what the file says: `1.10` stays `1.10`. */
export interface ScalarNode extends Located {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  readonly text: string;
}

export interface MapNode extends Located {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, Node>;
}

export interface ListNode extends Located {
  readonly kind: "list";
  readonly items: readonly Node[];
}

/** Names that must never become a property. */
export const forbiddenNames: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Where `path` is written, or the nearest that is written of what holds it. */
export function placeOf(root: Node, path: readonly (string | number)[]): Place {
  let node = root;
  for (const key of path) {
    const next = child(node, String(key));
    if (!next) break;
    node = next;
  }
  return { file: node.file, line: node.line, column: node.column };
}

/** The value under one key of a map, or at one index of a list. */
export function child(node: Node, key: string): Node | undefined {
  if (node.kind === "map") return node.entries.get(key);
  return node.kind === "list" ? node.items[Number(key)] : undefined;
}

/** What CloudFormation makes: `!Ref Queue` and `{ Ref: Queue }` alike are `["Ref", Queue]`. */
export function toIntrinsic(node: Node): readonly [name: string, argument: Node] | undefined {
  if (node.tag !== undefined) {
    const { tag, ...argument } = node;
    const name = tag.slice(1);
    return [name === "Ref" || name === "Condition" ? name : `Fn::${name}`, argument];
  }
  const [only, second] = node.kind === "map" ? node.entries : [];
  if (!only || second) return undefined;
  return only[0] === "Ref" || only[0].startsWith("Fn::") ? only : undefined;
}

/** The value as JSON has it. `resolve` fills in variables; what it reports is `null`. */
export function toPlain(node: Node, resolve: (node: Node) => Node | undefined): unknown {
  const value = resolve(node);
  if (!value) return null;
  const intrinsic = value.tag === undefined ? undefined : toIntrinsic(value);
  if (intrinsic) {
    const [name, argument] = intrinsic;
    const plain = toPlain(argument, resolve);
    return { [name]: name === "Fn::GetAtt" && typeof plain === "string" ? plain.split(/\.(.*)/s, 2) : plain };
  }
  if (value.kind === "scalar") return value.value;
  if (value.kind === "list") return value.items.map((item) => toPlain(item, resolve));
  return Object.fromEntries([...value.entries].map(([key, inner]) => [key, toPlain(inner, resolve)]));
}

/** Plain data, all of it written where `at` is. */
export function fromPlain(data: unknown, at: Node): Node {
  const { file, line, column, path } = at;
  const inside = (key: string, value: unknown): Node => fromPlain(value, { ...at, path: `${path}${key}` });
  if (Array.isArray(data))
    return { kind: "list", file, line, column, path, items: data.map((item, index) => inside(`[${index}]`, item)) };
  if (typeof data === "object" && data !== null) {
    const entries = Object.entries(data).filter(([key]) => !forbiddenNames.has(key));
    return {
      kind: "map",
      file,
      line,
      column,
      path,
      entries: new Map(entries.map(([key, value]) => [key, inside(`.${key}`, value)])),
    };
  }
  const value = typeof data === "number" || typeof data === "boolean" || data === null ? data : String(data);
  return { kind: "scalar", file, line, column, path, value, text: String(value ?? "") };
}
