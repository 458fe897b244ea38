// The app as one module, rebuilt on each save.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BuildContext, Message, Plugin } from "esbuild";
import { userModules } from "../build/user-modules.ts";
import type { Problems } from "../manifest/problems.ts";

export interface Bundle {
  /** The module to import; its export `entries` holds the exports of each entry file, in their order. */
  readonly file: string;
  /** The user's own files in it. */
  readonly sources: readonly string[];
}

export interface Bundler {
  /** `undefined`: what is wrong was reported. */
  build(entries: readonly string[], problems: Problems): Promise<Bundle | undefined>;
  close(): Promise<void>;
}

/** Packages stay where they are: only the user's own files are bundled, so that a rebuild takes milliseconds. */
export function createBundler(folder: string, output: string): Bundler {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const sources = new Set<string>();
  let context: { readonly entries: string; readonly build: BuildContext; file: string } | undefined;
  let round = 0;

  async function open(entries: readonly string[]): Promise<BuildContext> {
    const key = entries.join("\n");
    if (context?.entries === key) return context.build;
    await context?.build.dispose();
    const { context: create } = await import("esbuild");
    const names = entries.map((_, index) => `entry${index}`);
    const lines = entries.map((file, index) => `import * as ${names[index]} from ${JSON.stringify(file)};`);
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
      plugins: [ours, userModules({ folder, seen: (file) => sources.add(file) })],
    });
    context = { entries: key, build, file: "" };
    return build;
  }

  return {
    async build(entries, problems) {
      const build = await open(entries);
      try {
        const { outputFiles = [] } = await build.rebuild();
        const { writeFile, rm } = await import("node:fs/promises");
        const file = join(output, `app-${++round}.mjs`);
        for (const { path, text } of outputFiles) {
          const map = path.endsWith(".map");
          await writeFile(
            map ? `${file}.map` : file,
            map ? text : text.replace("sourceMappingURL=app.mjs.map", `sourceMappingURL=app-${round}.mjs.map`),
          );
        }
        const old = join(output, `app-${round - 3}.mjs`);
        await Promise.all([old, `${old}.map`].map((path) => rm(path, { force: true })));
        return { file, sources: [...sources] };
      } catch (error) {
        for (const message of messagesOf(error)) {
          const { file = "", line = 1, column = 0 } = message.location ?? {};
          problems.add("INVALID", { file: join(folder, file), line, column: column + 1 }, message.text);
        }
        return undefined;
      }
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
