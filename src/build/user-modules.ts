// What is done to the user's own modules on their way into a bundle.
import { readFileSync } from "node:fs";
import { dirname, extname, sep } from "node:path";
import type { Loader, PartialMessage, Plugin, TransformFailure } from "esbuild";
import { checkPackages } from "./packages.ts";

export interface UserModules {
  /** The app's folder: what lies in it, and in no `node_modules`, is the user's own. */
  readonly folder: string;
  /** Module specifier of our globals, as the bundle may import it. */
  readonly globals: string;
  /** Told of each file that is read. */
  readonly seen?: (file: string) => void;
}

/**
 * Free `Response`, `Request` and `fetch` become ours, which are lazy: the native ones cost 25 ms on the first reply and 5 µs
 * on each. No global is changed, and libraries keep the native ones.
 */
export function userModules({ folder, globals, seen }: UserModules): Plugin {
  return {
    name: "user-modules",
    setup(build) {
      const isOwn = (path: string): boolean =>
        path.startsWith(folder + sep) && !path.includes(`${sep}node_modules${sep}`);
      checkPackages(build, isOwn);
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
        if (!isOwn(path)) return undefined;
        seen?.(path);
        const source = readFileSync(path, "utf8");
        if (!/\b(?:Response|Request|fetch)\b/.test(source)) return { contents: source, loader: loaderOf(path) };
        const define = { Response: "$faasten.Response", Request: "$faasten.Request", fetch: "$faasten.fetch" };
        const { transform } = await import("esbuild");
        try {
          const { code } = await transform(source, {
            loader: loaderOf(path),
            define,
            sourcefile: path,
            sourcemap: "inline",
            target: "node22",
            format: "esm",
          });
          const contents = code.includes("$faasten.")
            ? `import * as $faasten from ${JSON.stringify(globals)};${code}`
            : code;
          return { contents, loader: "js", resolveDir: dirname(path) };
        } catch (error) {
          return { errors: errorsOf(error) };
        }
      });
    },
  };
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
