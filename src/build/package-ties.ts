// Where the user's own code asks for a package.
import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { extname, join, sep } from "node:path";
import { type Metafile, transform } from "esbuild";
import type { Place } from "../manifest/problems.ts";
import { loaderOf } from "./lambda-modules.ts";
import { nodesOf, readSyntax, textOf } from "./syntax.ts";

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
    if (packageOf(join(folder, path)) || extname(path) === "" || path === "faasten-entry.js") continue;
    const found = imports.find((one) => !one.external && leads(one.path, new Set()));
    if (!found) continue;
    const file = join(folder, path);
    const written = (await importsOf(file)).find(({ specifier }) => specifier === found.original);
    return { file, line: written?.line ?? 1 };
  }
  return undefined;
}
