// The app as one module, rebuilt on each save.
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { BuildContext, Message, Plugin } from "esbuild";
import { requireBanner } from "../build/bundling.ts";
import { plainFiles } from "../build/handlers.ts";
import { type LambdaModule, lambdaModules } from "../build/lambdas.ts";
import { userModules } from "../build/user-modules.ts";
import type { Problems } from "../manifest/problems.ts";

export interface Bundler {
  /** The module to import; its export `entries` holds the exports of each entry file, then of each Lambda handler's module, in their order. `undefined`: what is wrong was reported. */
  build(entries: readonly string[], lambdas: readonly LambdaModule[], problems: Problems): Promise<string | undefined>;
  /** The user's own files that the last build has read, also where it failed. */
  sources(): readonly string[];
  /** This version serves: its module stays, however many others are built. */
  keep(file: string): void;
  close(): Promise<void>;
}

/** Packages stay where they are: only the user's own files are bundled, so that a rebuild takes milliseconds. */
export function createBundler(folder: string, output: string): Bundler {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const sources = new Set<string>();
  let context: { readonly entries: string; readonly build: BuildContext } | undefined;
  const built: string[] = [];
  let kept = "";
  let round = 0;

  async function open(
    entries: readonly string[],
    lambdas: readonly LambdaModule[],
    plain: ReadonlySet<string>,
  ): Promise<BuildContext> {
    const key = JSON.stringify([entries, lambdas, [...plain]]);
    if (context?.entries === key) return context.build;
    await context?.build.dispose();
    const { context: create } = await import("esbuild");
    const modules = [...entries, ...lambdas.map(({ specifier }) => specifier)];
    const names = modules.map((_, index) => `entry${index}`);
    const lines = modules.map((file, index) => `import * as ${names[index]} from ${JSON.stringify(file)};`);
    const build = await create({
      stdin: {
        contents: `${lines.join("\n")}\nexport const entries = [${names.join(", ")}];\n`,
        resolveDir: folder,
        loader: "js",
      },
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node22",
      packages: "external",
      sourcemap: "linked",
      write: false,
      outfile: join(output, "app.mjs"),
      absWorkingDir: folder,
      logLevel: "silent",
      banner: lambdas.length > 0 ? { js: requireBanner } : {},
      plugins: [
        ours,
        lambdaModules(lambdas, folder),
        userModules({ folder, plain, seen: (file) => sources.add(file) }),
      ],
    });
    context = { entries: key, build };
    return build;
  }

  function remove(file: string): void {
    built.splice(built.indexOf(file), 1);
    for (const path of [file, `${file}.map`]) rmSync(path, { force: true });
  }

  return {
    async build(entries, lambdas, problems) {
      const before = problems.list().length;
      const plain = await plainFiles({ folder, modules: lambdas, entries }, problems);
      for (const file of plain) sources.add(file);
      if (problems.list().length > before) return undefined;
      const build = await open(entries, lambdas, plain);
      sources.clear();
      try {
        const { outputFiles = [] } = await build.rebuild();
        const { writeFile } = await import("node:fs/promises");
        const file = join(output, `app-${++round}.mjs`);
        for (const { path, text } of outputFiles) {
          const map = path.endsWith(".map");
          await writeFile(
            map ? `${file}.map` : file,
            map ? text : text.replace("sourceMappingURL=app.mjs.map", `sourceMappingURL=app-${round}.mjs.map`),
          );
        }
        built.push(file);
        for (const old of built.slice(0, -3)) if (old !== kept) remove(old);
        return file;
      } catch (error) {
        for (const message of messagesOf(error)) {
          const { file = "", line = 1, column = 0 } = message.location ?? {};
          problems.add("INVALID", { file: resolve(folder, file), line, column: column + 1 }, message.text);
        }
        return undefined;
      }
    },
    sources: () => [...sources],
    keep(file) {
      kept = file;
    },
    async close() {
      await context?.build.dispose();
      rmSync(output, { recursive: true, force: true });
    },
  };
}

/** `faasten` is the running copy, whatever else is installed: the functions and their runtime are of one make. */
const ours: Plugin = {
  name: "faasten",
  setup(build) {
    build.onResolve({ filter: /^faasten(?:\/|$)/ }, ({ path }) => ({
      path: import.meta.resolve(path),
      external: true,
    }));
  },
};

function messagesOf(error: unknown): readonly Message[] {
  if (typeof error === "object" && error !== null && "errors" in error && Array.isArray(error.errors))
    return error.errors;
  throw error;
}
