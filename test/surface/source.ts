// The repository's modules as the rules see them: parsed, with every import, type imports included.
import { globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { posix } from "node:path";
import { parseAst } from "vitest/node";

/** One breach: where, which rule, and what was found. */
export interface Breach {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
}

export function say(breaches: readonly Breach[]): readonly string[] {
  return breaches.map(({ file, line, rule }) => `${file}:${line} ${rule}`);
}

export interface Import {
  /** A path from the repository's root, `node:…`, or a package's name. */
  readonly to: string;
  readonly line: number;
  /** Nothing of it is left when the types are stripped. */
  readonly typesOnly: boolean;
  /** By `import()`: not loaded with the module. */
  readonly dynamic: boolean;
}

export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface Source {
  /** From the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly body: readonly Node[];
  readonly imports: readonly Import[];
  lineOf(node: Node): number;
}

export const root = new URL("../../", import.meta.url);

export function readSources(...patterns: readonly string[]): readonly Source[] {
  return globSync([...patterns], { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .sort()
    .map((path) => toSource(path, readFileSync(new URL(path, root), "utf8")));
}

export function toSource(path: string, text: string): Source {
  const { body } = parseAst(text, { lang: "ts" }) as unknown as { readonly body: readonly Node[] }; // Read as a plain tree.
  const lineOf = ({ start }: Node): number => text.slice(0, start).split("\n").length;
  const imports = nodesOf(body).flatMap((node): Import[] => {
    const from = node["source"];
    if (!isNode(from)) return [];
    const dynamic = node.type === "ImportExpression";
    if (typeof from["value"] !== "string") return []; // import(url): what it loads is not known here
    return [
      { to: resolve(path, from["value"]), line: lineOf(node), typesOnly: !dynamic && isTypesOnly(node), dynamic },
    ];
  });
  return { path, text, body, imports, lineOf };
}

/** All nodes below and including these, in the order of the text. */
export function nodesOf(value: unknown): readonly Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesOf);
  if (typeof value !== "object" || value === null) return [];
  const below = Object.values(value).flatMap(nodesOf);
  return isNode(value) ? [value, ...below] : below;
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** The identifier's name, or the literal's text. */
export function nameOf(node: unknown): string {
  if (!isNode(node)) return "";
  return String(node["name"] ?? node["value"] ?? "");
}

function isTypesOnly(node: Node): boolean {
  if (node.type === "TSImportType" || node["importKind"] === "type" || node["exportKind"] === "type") return true;
  const named = node["specifiers"];
  if (!Array.isArray(named) || named.length === 0) return false;
  return named.every((one) => isNode(one) && (one["importKind"] === "type" || one["exportKind"] === "type"));
}

function resolve(from: string, specifier: string): string {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(from), specifier);
  if (specifier.startsWith("node:")) return specifier;
  if (builtinModules.includes(specifier)) return `node:${specifier}`;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
