// What is done to the user's own modules on their way into a bundle.
import { readFileSync } from "node:fs";
import { dirname, extname, sep } from "node:path";
import type { Loader, Plugin, TransformFailure } from "esbuild";

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
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
        if (!path.startsWith(folder + sep) || path.includes(`${sep}node_modules${sep}`)) return undefined;
        seen?.(path);
        const source = readFileSync(path, "utf8");
        if (!/\b(?:Response|Request|fetch)\b/.test(source)) return { contents: source, loader: loaderOf(path) };
        const define = { Response: "$faasten.Response", Request: "$faasten.Request", fetch: "$faasten.fetch" };
        const esbuild = await import("esbuild");
        const transformed = esbuild.transform(source, {
          loader: loaderOf(path),
          define,
          sourcefile: path,
          sourcemap: "inline",
          target: "node22",
          format: "esm",
        });
        const result = await transformed.catch(({ errors }: TransformFailure) => ({ errors }));
        if ("errors" in result) return { errors: [...result.errors] };
        const { code } = result;
        const contents = code.includes("$faasten.")
          ? `import * as $faasten from ${JSON.stringify(globals)};${code}`
          : code;
        return { contents, loader: "js", resolveDir: dirname(path) };
      });
    },
  };
}

function loaderOf(path: string): Loader {
  const extension = extname(path);
  if (extension === ".tsx" || extension === ".jsx") return extension === ".tsx" ? "tsx" : "jsx";
  return extension.endsWith("ts") ? "ts" : "js";
}
