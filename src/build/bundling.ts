// What the bundles of every target have in common.
import { fileURLToPath } from "node:url";
import type { BuildOptions, Plugin } from "esbuild";

/** Whether this is the repository, whose sources are run as they are, or the package. */
const inRepository = import.meta.url.endsWith(".ts");

/** ES modules first, so that what is not used can be left out. Naming a condition drops the implied `module`. */
export const bundling: BuildOptions = {
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22",
  mainFields: ["module", "main"],
  conditions: inRepository ? ["faasten-source", "module"] : ["module"],
  logLevel: "silent",
};

/** `faasten` is the running copy, whatever else is installed: the functions and their runtime are of one make. */
export function ours({ external }: { readonly external: boolean }): Plugin {
  return {
    name: "faasten",
    setup(build) {
      build.onResolve({ filter: /^faasten(?:\/|$)/ }, ({ path }) => {
        const found = import.meta.resolve(path);
        return external ? { path: found, external } : { path: fileURLToPath(found), sideEffects: false };
      });
    },
  };
}

/** An import of `node:http` by a library loads undici on the spot, which costs 30 ms; `getBuiltinModule` does not. */
export const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  setup(build) {
    build.onResolve({ filter: /^(?:node:)?https?$/ }, ({ path }) => ({
      path: path.startsWith("node:") ? path : `node:${path}`,
      namespace: "lazy-builtin",
    }));
    build.onLoad({ filter: /.*/, namespace: "lazy-builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: "js",
    }));
  },
};

/** What modules of CommonJS need inside an ES module: a `require` for builtins, and where they lie. */
export const forCommonJs = {
  banner: { js: 'import{createRequire as $require}from"node:module";const require=$require(import.meta.url);' },
  define: { __dirname: "import.meta.dirname", __filename: "import.meta.filename" },
} as const;
