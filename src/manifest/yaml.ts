// Reads a YAML file, hostile ones too: bounded in bytes, depth and what its aliases amount to.
import { readFileSync, statSync } from "node:fs";
import type { Document, Node as SyntaxNode } from "yaml";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml";
import type { ErrorCode } from "../errors.ts";
import { forbiddenNames, type Node } from "./nodes.ts";
import { type Place, type Problems, quoted, suggest } from "./problems.ts";

export const maxBytes: number = 1024 * 1024;
const maxDepth = 100;
const maxValues = 500_000;
const tooMany = `The file holds more than ${maxValues} values, aliases counted each time.`;
const tooDeep = `Values are nested deeper than ${maxDepth}.`;

/** The documents of one file, empty ones left out; `path`: how messages name it. `undefined`: it cannot be read, and that is reported, once. */
export function readYaml(file: string, problems: Problems, path = ""): readonly Node[] | undefined {
  const top: Place = { file, line: 1 };
  const source = readText(file, problems);
  if (source === undefined) return undefined;
  const lines = new LineCounter();
  const parsed = parseAllDocuments(source, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    resolveKnownTags: false,
    logLevel: "silent",
  });
  const documents = "empty" in parsed ? [] : parsed;
  const error = documents.flatMap((document) => document.errors)[0];
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    problems.add("INVALID", { ...top, line, column: col }, `This is not YAML: ${error.message.split("\n")[0]}`);
    return undefined;
  }
  try {
    return documents
      .map((document) => toNode(document, { file, path }, lines, problems))
      .filter((node) => !(node.kind === "scalar" && node.value === null));
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    problems.add(refused.code, refused.place, refused.message);
    return undefined;
  }
}

class Refused extends Error {
  readonly code: ErrorCode;
  readonly place: Place;
  constructor(code: ErrorCode, place: Place, message: string) {
    super(message);
    this.code = code;
    this.place = place;
  }
}

function readText(file: string, problems: Problems): string | undefined {
  const refuse = (code: ErrorCode, message: string): undefined => {
    problems.add(code, { file, line: 1 }, message);
  };
  try {
    const { size } = statSync(file);
    if (size > maxBytes) return refuse("TOO_LARGE", `The file has ${size} bytes; at most ${maxBytes} are read.`);
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof TypeError) return refuse("INVALID", "The file is not UTF-8: save it as such.");
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const reason = code === "EISDIR" ? "it is a folder" : code;
    return refuse("INVALID", `The file cannot be read: ${reason}.`);
  }
}

/** Aliases share what they name, so a bomb costs nothing here; what a walk over all of it would cost is measured, and refused. */
function toNode(
  document: Document.Parsed,
  { file, path: root }: { readonly file: string; readonly path: string },
  lines: LineCounter,
  problems: Problems,
): Node {
  const anchors = new Map<string, Node | undefined>();
  const extents = new Map<Node, { readonly values: number; readonly depth: number }>();
  const start = { file, line: 1, column: 1 };
  let mergedKeys = 0;
  return convert(document.contents, root, placeAt(document.contents, start), 0);

  function placeAt(node: SyntaxNode | null, otherwise: Required<Place>): Required<Place> {
    if (!node?.range) return otherwise;
    const { line, col } = lines.linePos(node.range[0]);
    return { file, line, column: col };
  }

  function convert(node: SyntaxNode | null, path: string, place: Required<Place>, depth: number): Node {
    if (depth > maxDepth) throw new Refused("INVALID", place, tooDeep);
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
    if (anchor !== undefined) anchors.set(anchor, undefined);
    const converted = isAlias(node) ? aliased(node.source, place) : convertOwn(node, path, place, depth);
    if (!isAlias(node)) measure(converted);
    if (anchor !== undefined) anchors.set(anchor, converted);
    return converted;
  }

  function measure(node: Node): void {
    let values = 1;
    let depth = 0;
    for (const inner of node.kind === "list" ? node.items : node.kind === "map" ? node.entries.values() : []) {
      const extent = extents.get(inner);
      values += extent?.values ?? 1;
      depth = Math.max(depth, extent?.depth ?? 0);
    }
    if (values > maxValues) throw new Refused("TOO_LARGE", node, tooMany);
    if (depth >= maxDepth) throw new Refused("INVALID", node, tooDeep);
    extents.set(node, { values, depth: depth + 1 });
  }

  function aliased(name: string, place: Required<Place>): Node {
    const named = anchors.get(name);
    if (named) {
      const node: Node = { ...named, ...place };
      extents.set(node, extents.get(named) ?? { values: 1, depth: 1 });
      return node;
    }
    const alias = quoted(`*${name}`);
    if (anchors.has(name)) throw new Refused("INVALID", place, `The alias ${alias} stands inside of what it names.`);
    throw new Refused(
      "INVALID",
      place,
      `The alias ${alias} names nothing above it.${suggest(name, [...anchors.keys()])}`,
    );
  }

  function convertOwn(node: SyntaxNode | null, path: string, place: Required<Place>, depth: number): Node {
    const tag = node?.tag?.startsWith("!") ? { tag: node.tag } : {};
    const located = { ...place, path, ...tag };
    if (isMap(node)) return { ...located, kind: "map", entries: convertEntries(node.items, path, depth) };
    if (isSeq(node)) {
      const items = node.items.map((item, index) => {
        const syntax = toSyntax(item);
        return convert(syntax, `${path}[${index}]`, placeAt(syntax, place), depth + 1);
      });
      return { ...located, kind: "list", items };
    }
    const value = isScalar(node) ? node.value : null;
    const text = isScalar(node) && node.source !== undefined ? node.source : String(value ?? "");
    const plain =
      typeof value === "string" || typeof value === "number" || typeof value === "boolean" || value === null;
    return { ...located, kind: "scalar", value: plain ? value : text, text };
  }

  function convertEntries(
    pairs: readonly { readonly key: unknown; readonly value: unknown }[],
    path: string,
    depth: number,
  ): ReadonlyMap<string, Node> {
    const own = new Map<string, Node>();
    const merged = new Map<string, Node>();
    for (const pair of pairs) {
      const key = toSyntax(pair.key);
      const place = placeAt(key, start);
      if (!isScalar(key) || key.value === null) {
        problems.add("INVALID", place, "A key must be plain text.");
        continue;
      }
      const name = typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
      const value = convert(toSyntax(pair.value), path === "" ? name : `${path}.${name}`, place, depth + 1);
      if (name === "<<") merge(value, merged);
      else if (forbiddenNames.has(name)) {
        problems.add("INVALID", place, `${quoted(name)} cannot be a key: choose another name.`);
      } else if (own.has(name)) {
        const first = own.get(name)?.line;
        problems.add(
          "ALREADY_EXISTS",
          place,
          `The key ${quoted(name)} is there already, in line ${first}: remove one.`,
        );
      } else own.set(name, value);
    }
    for (const [name, value] of merged) if (!own.has(name)) own.set(name, value);
    return own;
  }

  /** YAML's `<<`: of several maps the first that has a key wins. */
  function merge(from: Node, into: Map<string, Node>): void {
    for (const map of from.kind === "list" ? from.items : [from]) {
      if (map.kind !== "map") {
        problems.add("INVALID", map, "`<<` takes a map, or a list of maps.");
        continue;
      }
      mergedKeys += map.entries.size;
      if (mergedKeys > maxValues) throw new Refused("TOO_LARGE", map, tooMany);
      for (const [name, value] of map.entries) if (!into.has(name)) into.set(name, value);
    }
  }
}

function toSyntax(node: unknown): SyntaxNode | null {
  return isAlias(node) || isMap(node) || isSeq(node) || isScalar(node) ? node : null;
}
