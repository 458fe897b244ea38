// Which of the user's files are Lambda handlers, and what those import: they go into a bundle as they are.
import { readFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { Expression, Program } from "acorn";
import type { Loader, Metafile } from "esbuild";
import { nodesOf } from "./nodes.ts";

export interface LambdaModules {
  /** The modules that handlers are imported from. */
  readonly handlers: ReadonlySet<string>;
  /** These, and all that they import. What a portable function imports too is among them. */
  readonly all: ReadonlySet<string>;
}

export const noLambdaModules: LambdaModules = { handlers: new Set(), all: new Set() };

/** `sources`: the user's own files. `known`: more files of handlers. The metafile's paths begin at the folder. */
export async function lambdaModules(
  { inputs }: Metafile,
  folder: string,
  sources: Iterable<string>,
  known: Iterable<string> = [],
): Promise<LambdaModules> {
  const imports = new Map(Object.entries(inputs).map(([path, input]) => [join(folder, path), input.imports]));
  const handlers = new Set<string>();
  for (const file of sources) {
    const wanted = await handlersIn(file);
    for (const { path, original, external } of imports.get(file) ?? [])
      if (!external && original !== undefined && wanted.has(original)) handlers.add(join(folder, path));
  }
  const all = new Set<string>();
  const reach = (file: string): void => {
    if (all.has(file)) return;
    all.add(file);
    for (const { path, external } of imports.get(file) ?? []) if (!external) reach(join(folder, path));
  };
  for (const handler of [...handlers, ...known]) reach(handler);
  return { handlers, all };
}

/** `ts` of `.mts`: by a file's ending, how it is read. */
export function loaderOf(path: string): Loader {
  const extension = extname(path);
  if (extension === ".tsx" || extension === ".jsx") return extension === ".tsx" ? "tsx" : "jsx";
  return extension.endsWith("ts") ? "ts" : "js";
}

/** What a file imports and hands to `lambda()`, as its import lines name it. */
async function handlersIn(file: string): Promise<ReadonlySet<string>> {
  const source = readFileSync(file, "utf8");
  if (!/\blambda\b/.test(source) || !/["']faasten["']/.test(source)) return new Set();
  const [{ parse }, { transform }] = await Promise.all([import("acorn"), import("esbuild")]);
  const { code } = await transform(source, { loader: loaderOf(file), target: "node22", format: "esm" });
  const program = parse(code, { ecmaVersion: "latest", sourceType: "module" });
  const imported = importsOf(program);
  const found = new Set<string>();
  for (const node of nodesOf(program)) {
    if (node.type !== "CallExpression" || !isLambda(node.callee, imported)) continue;
    const [handler] = node.arguments;
    for (const inner of handler ? nodesOf(handler) : []) {
      const from = inner.type === "Identifier" ? imported.get(inner.name)?.from : undefined;
      if (from !== undefined) found.add(from);
    }
  }
  return found;
}

interface Imported {
  readonly from: string;
  /** Left out: the whole module. */
  readonly name?: string;
}

function importsOf({ body }: Program): ReadonlyMap<string, Imported> {
  const found = new Map<string, Imported>();
  for (const statement of body) {
    if (statement.type !== "ImportDeclaration") continue;
    const from = String(statement.source.value);
    for (const specifier of statement.specifiers) {
      const { local } = specifier;
      const name =
        specifier.type === "ImportSpecifier" && "name" in specifier.imported ? specifier.imported.name : undefined;
      found.set(local.name, { from, ...(name !== undefined && { name }) });
    }
  }
  return found;
}

/** `lambda`, whatever it is called here, or `faasten.lambda`. */
function isLambda(callee: Expression | { readonly type: "Super" }, imported: ReadonlyMap<string, Imported>): boolean {
  if (callee.type === "Identifier") {
    const { from, name } = imported.get(callee.name) ?? {};
    return from === "faasten" && name === "lambda";
  }
  if (callee.type !== "MemberExpression") return false;
  const { object, property } = callee;
  const whole = object.type === "Identifier" && imported.get(object.name)?.from === "faasten";
  return whole && property.type === "Identifier" && property.name === "lambda";
}
