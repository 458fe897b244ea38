// The packages that an app needs: one that is not installed is told, with what brings it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Message, Plugin, PluginBuild } from "esbuild";
import { nearest, quoted } from "../manifest/problems.ts";

/** Packages stay out of the bundle, so the bundler would not miss one, and Node would name the bundle and no line. */
export function checkPackages(
  build: PluginBuild,
  isOwn: (file: string) => boolean,
  isBrought: (name: string, importer: string) => boolean,
): void {
  build.onResolve({ filter: /^[^./#][^:]*$/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
    if (kind !== "import-statement" || pluginData === looked || !isOwn(importer) || isBuiltin(path)) return undefined;
    const [name = path] = /^(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
    if (isInstalled(name, resolveDir)) return undefined;
    if (isBrought(name, importer)) return { path, external: true };
    const { external } = await build.resolve(path, { kind, importer, resolveDir, pluginData: looked });
    if (!external) return undefined; // a path of the tsconfig
    const installed = foldersAbove(resolveDir).flatMap((folder) => packagesIn(join(folder, "node_modules")));
    const meant = nearest(name, installed);
    const text =
      meant === undefined ? missing(name) : `There is no package ${quoted(name)}: did you mean ${quoted(meant)}?`;
    return { errors: [{ text }] };
  });
}

/** AWS's SDK lies in Lambda's own Node.js. https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html */
export function ofLambda(name: string): boolean {
  return /^@(?:aws-sdk|smithy)\//.test(name);
}

export function missing(name: string): string {
  const why = ofLambda(name) ? "Lambda's runtime brings it to plain Lambda handlers, and nothing else does" : "";
  return `There is no package ${quoted(name)}: ${why && `${why}: `}install it with \`npm install ${name}\``;
}

/** For a module that is loaded away from Lambda, to see what it exports: whatever it makes of the SDK is nothing. */
export const pretendedSdk: Plugin = {
  name: "pretended-sdk",
  setup(build) {
    const namespace = "pretended-sdk";
    build.onResolve({ filter: /^@(?:aws-sdk|smithy)\// }, ({ path, resolveDir }) => {
      const [name = path] = /^(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
      return isInstalled(name, resolveDir) ? undefined : { path, namespace };
    });
    build.onLoad({ filter: /.*/, namespace }, () => ({ contents: pretended, loader: "js" }));
  },
};

const pretended = `const any = new Proxy(function () {}, {
  get: (_, name) => (typeof name === "symbol" || name === "then" ? undefined : any),
  apply: () => any,
  construct: () => any,
  // A bundler's namespace of CommonJS has the prototype of what was exported.
  getPrototypeOf: () => any,
});
module.exports = any;
`;

/**
 * What a library requires and is not installed, as long as nothing else is wrong: it may never ask for it, and is then as
 * good as unbundled. `brought`: by the host. `undefined`: that is not all that is wrong.
 */
export function optionalPackages(
  errors: readonly Message[],
  brought: (name: string) => boolean,
): readonly string[] | undefined {
  const names = errors.map(({ text, location }) => {
    const [, path = "", name = ""] = /^Could not resolve "((@[^/"]+\/[^/"]+|[^./"][^/"]*)[^"]*)"$/.exec(text) ?? [];
    const library = location !== null && /(?:^|[/\\])node_modules[/\\]/.test(location.file);
    const asked = location !== null && /\brequire(?:\.resolve)?\s*\(|\bimport\s*\(/.test(location.lineText);
    return (library && asked) || brought(name) ? path : "";
  });
  return names.length > 0 && !names.includes("") ? [...new Set(names)] : undefined;
}

/** The clouds' own libraries are the app's to install: only those of its targets and components. */
export function cloudPackages(target: string): Plugin {
  return {
    name: "cloud-packages",
    setup(build) {
      build.onResolve({ filter: /^[^./#][^:]*$/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
        if (pluginData === looked || !importer.startsWith(providers) || isBuiltin(path)) return undefined;
        const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: looked });
        if (found.errors.length === 0) return found;
        const [name = path] = /^(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
        const text = `The target ${target} needs the package ${quoted(name)}: install it with \`npm install ${name}\``;
        return { errors: [{ text, location: { file: "serverless.yml", line: 1 } }] };
      });
    },
  };
}

const providers = fileURLToPath(new URL("../../providers/", import.meta.url));

const looked: unique symbol = Symbol("looked");

function isInstalled(name: string, from: string): boolean {
  return foldersAbove(from).some((folder) => holds(folder, name));
}

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
