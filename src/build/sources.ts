// Where in the user's own files what an entry exports was written.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Place } from "../manifest/problems.ts";

export interface Sources {
  /** Reads one file's exports. */
  add(file: string): void;
  /** The line of an export, followed through imports and re-exports; the first line of `entry` where it cannot be told. */
  find(name: string, entry: string): Place;
}

export function createSources(): Sources {
  const files = new Map<string, Names>();

  function follow(file: string, name: string, seen: Set<string>): Place | undefined {
    const names = files.get(file);
    const step = `${file}\n${name}`;
    if (!names || seen.has(step)) return undefined;
    seen.add(step);
    const written = names.exports.get(name);
    if (written) {
      const { local, from, line } = written;
      const source = from === undefined ? names.imports.get(local) : { name: local, from };
      const target = source && fileOf(file, source.from);
      const there = source && target !== undefined ? follow(target, source.name, seen) : undefined;
      return there ?? { file, line: names.locals.get(local) ?? line };
    }
    for (const from of names.all) {
      const target = fileOf(file, from);
      const there = target === undefined || name === "default" ? undefined : follow(target, name, seen);
      if (there) return there;
    }
    return undefined;
  }

  function fileOf(importer: string, specifier: string): string | undefined {
    if (!specifier.startsWith(".")) return undefined;
    const path = resolve(dirname(importer), specifier);
    const bare = path.replace(/\.([cm]?)jsx?$/, "");
    const candidates = [path, bare].flatMap((base) => [base, ...endings.map((ending) => base + ending)]);
    return candidates.find((candidate) => files.has(candidate));
  }

  return {
    add(file) {
      files.set(file, namesOf(readFileSync(file, "utf8")));
    },
    find: (name, entry) => follow(entry, name, new Set()) ?? { file: entry, line: 1 },
  };
}

interface Export {
  /** As it is called in this file, or in the one that it comes `from`. */
  readonly local: string;
  readonly from?: string;
  readonly line: number;
}

interface Names {
  readonly exports: ReadonlyMap<string, Export>;
  readonly imports: ReadonlyMap<string, { readonly name: string; readonly from: string }>;
  /** Top-level declarations, by line. */
  readonly locals: ReadonlyMap<string, number>;
  /** Of `export * from`. */
  readonly all: readonly string[];
}

const extensions = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"];
const endings = [...extensions, ...extensions.map((extension) => `/index${extension}`)];

/** Good enough to tell a line by, and no parser: what it cannot read is told at a line nearby, and nothing is lost by it. */
function namesOf(source: string): Names {
  const text = withoutComments(source);
  const exports = new Map<string, Export>();
  const imports = new Map<string, { readonly name: string; readonly from: string }>();
  const locals = new Map<string, number>();
  const all: string[] = [];
  const lines = lineStarts(text);

  for (const { 0: found, 1: exported, 2: name = "", index } of text.matchAll(declaration)) {
    const line = lines(index + found.length - name.length);
    if (!locals.has(name)) locals.set(name, line);
    if (exported !== undefined) exports.set(name, { local: name, line });
  }
  for (const { 0: found, 1: name = "default", index } of text.matchAll(byDefault))
    exports.set("default", { local: name, line: lines(index + found.search(/\S/)) });
  for (const { 1: list = "", 2: from, index, 0: found } of text.matchAll(listed)) {
    const start = index + found.indexOf("{") + 1;
    for (const { local, as, at } of pairsOf(list))
      exports.set(as, { local, line: lines(start + at), ...(from !== undefined && { from }) });
  }
  for (const { 1: list = "", 2: from = "" } of text.matchAll(imported))
    for (const { local, as } of pairsOf(list)) imports.set(as, { name: local, from });
  for (const { 1: name = "", 2: from = "" } of text.matchAll(importedDefault))
    imports.set(name, { name: "default", from });
  for (const { 1: from = "" } of text.matchAll(everything)) all.push(from);
  return { exports, imports, locals, all };
}

const declaration = /^(export\s+)?(?:declare\s+)?(?:const|let|var|(?:async\s+)?function\s*\*?|class)\s+([\w$]+)/gm;
const byDefault = /^export\s+default\s+(?:([A-Za-z_$][\w$]*)\s*(?:;|$))?/gm;
const listed = /^export\s*\{([^}]*)\}(?:\s*from\s*["']([^"'\n]+)["'])?/gm;
const imported = /^import\s+(?:[\w$]+\s*,\s*)?\{([^}]*)\}\s*from\s*["']([^"'\n]+)["']/gm;
const importedDefault = /^import\s+([\w$]+)\s*(?:,\s*\{[^}]*\}\s*)?from\s*["']([^"'\n]+)["']/gm;
const everything = /^export\s*\*\s*from\s*["']([^"'\n]+)["']/gm;

/** `a, b as c` */
function pairsOf(list: string): readonly { readonly local: string; readonly as: string; readonly at: number }[] {
  return [...list.matchAll(/(?:type\s+)?([\w$]+)(?:\s+as\s+([\w$]+))?/g)].map(
    ({ 1: local = "", 2: as = local, index }) => ({
      local,
      as,
      at: index,
    }),
  );
}

/** Comments and templates made blank, so that nothing in them looks like code; every line stays where it is. */
function withoutComments(source: string): string {
  return source.replace(
    /\/\*[\s\S]*?\*\/|\/\/.*|`(?:\\[\s\S]|[^`\\])*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g,
    (found) => (/^["']/.test(found) ? found : found.replace(/[^\n]/g, " ")),
  );
}

function lineStarts(text: string): (index: number) => number {
  const ends = [...text.matchAll(/\n/g)].map(({ index }) => index);
  return (index) => ends.filter((end) => end < index).length + 1;
}
