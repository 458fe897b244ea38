// Which names a module exports, types included, through whatever it re-exports.
import { posix } from "node:path";
import { isNode, type Node, nameOf, type Source } from "./source.ts";

export type Kind = "value" | "type";

/** Name → what it is. Of `export * as name`, the members too: `name.member`. */
export function exportsOf(path: string, sources: readonly Source[]): ReadonlyMap<string, Kind> {
  const source = sources.find((one) => one.path === path);
  if (!source) throw new Error(`${path} is not among the files that were read`);
  const names = new Map<string, Kind>();
  for (const node of source.body) {
    const from = isNode(node["source"]) ? posix.join(posix.dirname(path), nameOf(node["source"])) : undefined;
    const all = (): ReadonlyMap<string, Kind> => exportsOf(from ?? path, sources);
    const typesOnly = node["exportKind"] === "type";
    if (node.type === "ExportAllDeclaration") {
      const as = nameOf(node["exported"]);
      if (as !== "") names.set(as, typesOnly ? "type" : "value");
      for (const [name, kind] of all())
        if (name !== "default") names.set(as === "" ? name : `${as}.${name}`, typesOnly ? "type" : kind);
    } else if (node.type === "ExportDefaultDeclaration") names.set("default", "value");
    else if (node.type === "ExportNamedDeclaration") {
      for (const one of list(node["specifiers"])) {
        const there = from?.endsWith(".ts") ? all().get(nameOf(one["local"])) : "value";
        if (there === undefined) throw new Error(`${path} exports ${nameOf(one["local"])}, which ${from} has not`);
        names.set(nameOf(one["exported"]), typesOnly || one["exportKind"] === "type" ? "type" : there);
      }
      for (const [name, kind] of declared(node["declaration"])) if (names.get(name) !== "value") names.set(name, kind);
    }
  }
  return names;
}

function declared(node: unknown): readonly (readonly [string, Kind])[] {
  if (!isNode(node)) return [];
  const kind = /^TS(?:Interface|TypeAlias)/.test(node.type) ? "type" : "value";
  if (node.type !== "VariableDeclaration") return [[nameOf(node["id"]), kind]];
  return list(node["declarations"]).map(({ id }) => [nameOf(id), kind]);
}

function list(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}
