// Which packages lead to a cloud, and where the user's own code asks for them.
import { existsSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { join, sep } from "node:path";
import { type Metafile, transform } from "esbuild";
import type { Place } from "../manifest/problems.ts";
import { loaderOf } from "./lambda-modules.ts";
import { nodesOf, textOf } from "./nodes.ts";
import { readSyntax } from "./syntax.ts";
import { libraryTie } from "./ties.ts";

/** Of the paths of a metafile or source map: the entry, and modules that a plugin makes, are none. */
export function isFile(path: string): boolean {
  return path !== "faasten-entry.js" && !/^[\w-]{2,}:/.test(path);
}

export interface Package {
  readonly name: string;
  /** Its folder. */
  readonly root: string;
}

/** Whose file it is; `undefined`: the user's own. */
export function packageOf(file: string): Package | undefined {
  const [root, name] = /^.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file) ?? [];
  return root === undefined || name === undefined ? undefined : { root, name: name.split(sep).join("/") };
}

/** Packages, by their names, as far as a cloud is concerned. */
export interface Packages {
  /** Compiled for one platform. */
  readonly native: ReadonlySet<string>;
  /** Those that lead to no library of a cloud and to nothing that is compiled. */
  readonly free: ReadonlySet<string>;
}

/** `inputs`: all that the app reaches. */
export function packagesIn({ inputs }: Metafile, folder: string): Packages {
  const roots = new Map<string, string>();
  const ties = new Map<string, Set<string>>();
  const tied = new Set<string>();
  for (const [path, { imports }] of Object.entries(inputs)) {
    const importer = packageOf(join(folder, path));
    if (!importer) continue;
    roots.set(importer.name, importer.root);
    for (const { path: to, external } of imports) {
      if (external && (libraryTie(to) || to.endsWith(".node"))) tied.add(importer.name);
      const next = external ? undefined : packageOf(join(folder, to));
      if (next) ties.set(next.name, (ties.get(next.name) ?? new Set()).add(importer.name));
    }
  }
  const native = new Set([...roots].filter(([, root]) => isNative(root)).map(([name]) => name));
  const spread = (name: string): void => {
    for (const importer of ties.get(name) ?? []) {
      if (tied.has(importer)) continue;
      tied.add(importer);
      spread(importer);
    }
  };
  for (const name of [...tied, ...native]) spread(name);
  return { native, free: new Set([...roots.keys()].filter((name) => !tied.has(name) && !native.has(name))) };
}

/** `@scope/name` of `@scope/name/part`. */
export function packageName(specifier: string): string {
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
}

/** Built by node-gyp, or by one package for each platform. */
function isNative(root: string): boolean {
  if (existsSync(join(root, "binding.gyp"))) return true;
  const file = join(root, "package.json");
  if (!existsSync(file)) return false;
  const { gypfile, dependencies, optionalDependencies } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly gypfile?: unknown;
    readonly dependencies?: object;
    readonly optionalDependencies?: object;
  };
  const loaders = ["bindings", "node-gyp-build", "prebuild-install", "@mapbox/node-pre-gyp"];
  return (
    gypfile === true ||
    Object.keys(dependencies ?? {}).some((name) => loaders.includes(name)) ||
    Object.keys(optionalDependencies ?? {}).some((name) => /(?:linux|darwin|win32)-(?:x64|arm64)/.test(name))
  );
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `import "x"`, for what it does alone. */
  readonly bare: boolean;
}

/** Imports of types alone are none. */
export async function importsOf(file: string): Promise<readonly Import[]> {
  const { code, map } = await transform(readFileSync(file, "utf8"), {
    loader: loaderOf(file),
    sourcefile: file,
    sourcemap: "external",
    target: "node22",
  });
  const { program, requiredBy } = readSyntax(code);
  const sources = new SourceMap(JSON.parse(map));
  return nodesOf(program).flatMap((node) => {
    const from =
      "source" in node && node.type !== "ImportExpression" && node.source ? textOf(node.source) : requiredBy(node);
    if (from === undefined || !node.loc) return [];
    const entry = sources.findEntry(node.loc.start.line - 1, node.loc.start.column);
    const line = "originalLine" in entry ? entry.originalLine + 1 : 1;
    return [{ specifier: from, line, bare: node.type === "ImportDeclaration" && node.specifiers.length === 0 }];
  });
}

/** The first line of the user's own by which the package comes in, through others where it must. */
export async function lineOfPackage({ inputs }: Metafile, folder: string, name: string): Promise<Place | undefined> {
  const leads = (path: string, seen: Set<string>): boolean => {
    if (seen.has(path)) return false;
    seen.add(path);
    const library = packageOf(join(folder, path));
    if (library?.name === name) return true;
    return library !== undefined && (inputs[path]?.imports ?? []).some((next) => leads(next.path, seen));
  };
  for (const [path, { imports }] of Object.entries(inputs)) {
    if (packageOf(join(folder, path)) || !isFile(path)) continue;
    const found = imports.find((one) => !one.external && leads(one.path, new Set()));
    if (!found) continue;
    const file = join(folder, path);
    const written = (await importsOf(file)).find(({ specifier }) => specifier === found.original);
    return { file, line: written?.line ?? 1 };
  }
  return undefined;
}
