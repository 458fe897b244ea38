// What is done to the user's own modules on their way into a bundle.
import { readFileSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { PartialMessage, Plugin, PluginBuild, TransformFailure } from "esbuild";
import { type LambdaModules, loaderOf, noLambdaModules } from "./lambda-modules.ts";
import { checkPackages, ofLambda } from "./packages.ts";

export interface UserModules {
  /** The app's folder: what lies in it, and in no `node_modules`, is the user's own. */
  readonly folder: string;
  /** The functions of the app, by their exported names: each is marked pure, so that a bundle drops its neighbours. Left out: nothing is marked. */
  readonly functions?: ReadonlySet<string>;
  /** The one of them, by its exported name, whose Lambda handler alone goes into the bundle. */
  readonly handed?: string | undefined;
  /** Asked at each file. Lambda handlers and what they import stay as they are, and keep the native globals. */
  readonly lambdas?: () => LambdaModules;
  /** Where the host of Lambda handlers brings AWS's SDK. */
  readonly sdk?: boolean;
  /** Told of each file that is read. */
  readonly seen?: (file: string) => void;
}

/**
 * Free `Response`, `Request` and `fetch` become ours, which are lazy: the native ones cost 25 ms on the first reply and 5 µs
 * on each. No global is changed, and libraries keep the native ones.
 */
export function userModules({
  folder,
  functions,
  handed,
  lambdas = () => noLambdaModules,
  sdk,
  seen,
}: UserModules): Plugin {
  return {
    name: "user-modules",
    setup(build) {
      const isOwn = (path: string): boolean =>
        path.startsWith(folder + sep) && !path.includes(`${sep}node_modules${sep}`) && !isOurs(path);
      checkPackages(build, isOwn, (name, importer) => sdk === true && ofLambda(name) && lambdas().all.has(importer));
      dropUnused(build, lambdas);
      build.onLoad({ filter: ownFiles(folder) }, async ({ path }) => {
        if (!isOwn(path) || !/\.[cm]?[jt]sx?$/.test(path)) return undefined;
        seen?.(path);
        if (lambdas().all.has(path)) return undefined;
        const source = readFileSync(path, "utf8");
        if (!functions && !/\b(?:Response|Request|fetch)\b/.test(source))
          return { contents: source, loader: loaderOf(path) };
        const { transform } = await import("esbuild");
        const define = { Response: "$faasten.Response", Request: "$faasten.Request", fetch: "$faasten.fetch" };
        try {
          const { code } = await transform(source, {
            loader: loaderOf(path),
            define,
            sourcefile: path,
            sourcemap: "inline",
            target: "node22",
            format: "esm",
          });
          if (wrapped.test(code)) return undefined;
          const marked = functions ? (await import("./pure.ts")).markPure(code, functions, handed) : code;
          const contents = marked.includes("$faasten.")
            ? `import * as $faasten from "faasten/globals";${marked}`
            : marked;
          return { contents, loader: "js", resolveDir: dirname(path) };
        } catch (error) {
          return { errors: errorsOf(error) };
        }
      });
    },
  };
}

/** Of a library there may be a thousand, and each that is asked about costs a bundle half a millisecond. The bundler knows no lookahead. */
function ownFiles(folder: string): RegExp {
  const aside = "node_modules";
  const begins = [...aside].map((letter, index) => `${aside.slice(0, index)}[^${letter}/\\\\]`);
  const shorter = [...aside].slice(1).map((_letter, index) => aside.slice(0, index + 1));
  const own = `(?:${begins.join("|")}|(?:${shorter.join("|")})[/\\\\]|${aside}[^/\\\\])`;
  const begin = (folder + sep).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${begin}${own}`);
}

/** A Lambda handler's module that a bundle has no use for is left out, whatever it does while it is loaded. */
function dropUnused(build: PluginBuild, lambdas: () => LambdaModules): void {
  build.onResolve({ filter: /^\.{1,2}(?:\/|$)/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
    const { handlers, all } = lambdas();
    if (handlers.size === 0 || pluginData === looked || all.has(importer)) return undefined;
    // A library has a thousand such imports, and to resolve each costs more than to bundle it.
    const called = calledIn(handlers);
    if (!called.has(bare(join(resolveDir, path)))) return undefined;
    const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: looked });
    return handlers.has(found.path) ? { path: found.path, sideEffects: false } : undefined;
  });
}

/** By what names they can be imported: a folder's own for its index. */
function calledIn(files: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(
    [...files].flatMap((file) => [bare(file), ...(bare(file) === "index" ? [basename(dirname(file))] : [])]),
  );
}

function bare(path: string): string {
  return basename(path).replace(/\.[cm]?[jt]sx?$/, "");
}

const looked: unique symbol = Symbol("looked");

/** What esbuild makes of CommonJS by itself: its named exports would be lost, so it stays as it is. */
const wrapped = /^export default require_\w+\(\);$/m;

const root = fileURLToPath(new URL("../..", import.meta.url));

/** In this repository, our own sources lie in the demo app's folder. */
function isOurs(path: string): boolean {
  return [`src${sep}`, `providers${sep}`, `dist${sep}`].some((room) => path.startsWith(root + room));
}

/** As messages of the build, with their places; thrown on, they would be one text without any. */
function errorsOf(error: unknown): PartialMessage[] {
  if (typeof error !== "object" || error === null || !("errors" in error)) throw error;
  return (error as TransformFailure).errors;
}
