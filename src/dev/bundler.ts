// The app as one module, rebuilt on each save.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BuildContext, BuildResult, Plugin } from "esbuild";
import { forCommonJs } from "../build/bundling.ts";
import { report } from "../build/compile-errors.ts";
import { lambdaModules, noLambdaModules } from "../build/lambda-modules.ts";
import { type SectionModule, sectionPlugin } from "../build/section-modules.ts";
import { userModules } from "../build/user-modules.ts";
import type { Problems } from "../manifest/problems.ts";

export interface Bundler {
  /** The module to import; its export `entries` holds the exports of each entry file, then of each of the section's modules, in their order. `undefined`: what is wrong was reported. */
  build(entries: readonly string[], section: readonly SectionModule[], problems: Problems): Promise<string | undefined>;
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
  let lambdas = noLambdaModules;
  let context: { readonly entries: string; readonly build: BuildContext } | undefined;
  const built: string[] = [];
  let kept = "";
  let round = 0;

  async function open(entries: readonly string[], section: readonly SectionModule[]): Promise<BuildContext> {
    const key = JSON.stringify([entries, section]);
    if (context?.entries === key) return context.build;
    await context?.build.dispose();
    const { context: create } = await import("esbuild");
    const modules = [...entries, ...section.map(({ specifier }) => specifier)];
    const names = modules.map((_, index) => `entry${index}`);
    const lines = modules.map((file, index) => `import * as ${names[index]} from ${JSON.stringify(file)};`);
    const build = await create({
      ...forCommonJs,
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
      metafile: true,
      outfile: join(output, "app.mjs"),
      absWorkingDir: folder,
      logLevel: "silent",
      plugins: [
        ours,
        sectionPlugin(section, folder),
        userModules({ folder, lambdas: () => lambdas, seen: (file) => sources.add(file) }),
      ],
    });
    context = { entries: key, build };
    return build;
  }

  /** Which files stay as they are is known only once they are read: where that has changed, they are read again. */
  async function rebuild(build: BuildContext, known: readonly string[]): Promise<BuildResult> {
    const result = await build.rebuild();
    const before = [...lambdas.all].sort().join("\n");
    if (result.metafile) lambdas = await lambdaModules(result.metafile, folder, sources, known);
    return [...lambdas.all].sort().join("\n") === before ? result : build.rebuild();
  }

  function remove(file: string): void {
    built.splice(built.indexOf(file), 1);
    for (const path of [file, `${file}.map`]) rmSync(path, { force: true });
  }

  return {
    async build(entries, section, problems) {
      const build = await open(entries, section);
      sources.clear();
      try {
        const { outputFiles = [] } = await rebuild(
          build,
          section.map(({ handler }) => handler.file),
        );
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
        report(error, folder, problems);
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
