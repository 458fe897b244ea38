// What is done to the user's own modules on their way into a bundle.
import { readFileSync } from "node:fs";
import { dirname, extname, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Loader, PartialMessage, Plugin, TransformFailure } from "esbuild";
import { checkPackages } from "./packages.ts";

export interface UserModules {
  /** The app's folder: what lies in it, and in no `node_modules`, is the user's own. */
  readonly folder: string;
  /** The functions of the app, by their exported names: each is marked pure, so that a bundle drops its neighbours. Left out: nothing is marked. */
  readonly functions?: ReadonlySet<string>;
  /** Files of Lambda handlers: they stay as they are. */
  readonly plain?: ReadonlySet<string>;
  /** Told of each file that is read. */
  readonly seen?: (file: string) => void;
}

/**
 * Free `Response`, `Request` and `fetch` become ours, which are lazy: the native ones cost 25 ms on the first reply and 5 µs
 * on each. No global is changed, and libraries keep the native ones.
 */
export function userModules({ folder, functions, plain, seen }: UserModules): Plugin {
  return {
    name: "user-modules",
    setup(build) {
      const isOwn = (path: string): boolean =>
        path.startsWith(folder + sep) && !path.includes(`${sep}node_modules${sep}`) && !isOurs(path);
      checkPackages(build, isOwn);
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
        if (!isOwn(path)) return undefined;
        seen?.(path);
        if (plain?.has(path)) return undefined;
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
          const marked = functions ? (await import("./pure.ts")).markPure(code, functions) : code;
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

function loaderOf(path: string): Loader {
  const extension = extname(path);
  if (extension === ".tsx" || extension === ".jsx") return extension === ".tsx" ? "tsx" : "jsx";
  return extension.endsWith("ts") ? "ts" : "js";
}
