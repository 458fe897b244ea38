// The packages that the user's own files import: one that is not installed is told where it is imported.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import type { PluginBuild } from "esbuild";
import { nearest, quoted } from "../manifest/problems.ts";

/** Packages stay out of the bundle, so the bundler would not miss one, and Node would name the bundle and no line. */
export function checkPackages(build: PluginBuild, isOwn: (file: string) => boolean): void {
  build.onResolve({ filter: /^[^./#][^:]*$/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
    if (kind !== "import-statement" || pluginData === looked || !isOwn(importer) || isBuiltin(path)) return undefined;
    const [name = path] = /^(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
    if (foldersAbove(resolveDir).some((folder) => holds(folder, name))) return undefined;
    const { external } = await build.resolve(path, { kind, importer, resolveDir, pluginData: looked });
    if (!external) return undefined; // a path of the tsconfig
    const installed = foldersAbove(resolveDir).flatMap((folder) => packagesIn(join(folder, "node_modules")));
    const meant = nearest(name, installed);
    const mend = meant === undefined ? `install it with \`npm install ${name}\`` : `did you mean ${quoted(meant)}?`;
    return { errors: [{ text: `There is no package ${quoted(name)}: ${mend}` }] };
  });
}

const looked: unique symbol = Symbol("looked");

function foldersAbove(folder: string): readonly string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...foldersAbove(above)];
}

/** A package may import itself by its name. */
function holds(folder: string, name: string): boolean {
  if (existsSync(join(folder, "node_modules", name))) return true;
  const own = join(folder, "package.json");
  return existsSync(own) && nameIn(readFileSync(own, "utf8")) === name;
}

function packagesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(folder, name)).map((inner) => `${name}/${inner}`) : [name],
  );
}

function nameIn(json: string): unknown {
  try {
    return Object(JSON.parse(json)).name;
  } catch {
    return undefined;
  }
}
