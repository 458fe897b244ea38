// Imports an app's entry files once, to see what they export. They are inert: nothing is called and no client is made.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import "../bridge/awslambda.ts";
import { FaastenError } from "../errors.ts";
import type { Problems } from "../manifest/problems.ts";
import { bundling, forCommonJs, ours } from "./bundling.ts";
import { report, reportThrown } from "./compile-errors.ts";
import type { EntryModule, Find } from "./discover.ts";
import { type LambdaModules, lambdaModules } from "./lambda-modules.ts";
import { pretendedSdk } from "./packages.ts";
import { createSources } from "./sources.ts";
import { userModules } from "./user-modules.ts";

export interface Discovery {
  readonly modules: readonly EntryModule[];
  readonly find: Find;
  readonly lambdas: LambdaModules;
}

/** `sdk`: AWS's need not be installed. `undefined`: what does not compile was reported. */
export async function importEntries(
  folder: string,
  entries: readonly string[],
  output: string,
  problems: Problems,
  { sdk }: { readonly sdk: boolean },
): Promise<Discovery | undefined> {
  const sources = createSources();
  const files = new Set<string>();
  const seen = (path: string): void => {
    files.add(path);
    sources.add(path);
  };
  const names = entries.map((_, index) => `entry${index}`);
  const lines = entries.map((file, index) => `import * as ${names[index]} from ${JSON.stringify(file)};`);
  const file = join(output, `discover-${process.pid}-${Date.now()}.mjs`);
  try {
    const { outputFiles = [], metafile } = await build({
      ...bundling,
      ...forCommonJs,
      stdin: {
        contents: `${lines.join("\n")}\nexport const entries = [${names.join(", ")}];\n`,
        resolveDir: folder,
        loader: "js",
      },
      packages: "external",
      sourcemap: "inline",
      outfile: file, // the map names the sources from there
      write: false,
      metafile: true,
      absWorkingDir: folder,
      plugins: [ours({ external: true }), ...(sdk ? [pretendedSdk] : []), userModules({ folder, seen })],
    });
    mkdirSync(output, { recursive: true });
    writeFileSync(file, outputFiles[0]?.contents ?? "");
    process.setSourceMapsEnabled(true); // what throws at its top level is found where it was written
    const loaded = (await import(pathToFileURL(file).href)) as {
      readonly entries: readonly Readonly<Record<string, unknown>>[];
    };
    return {
      modules: entries.map((entry, index) => ({ file: entry, exports: loaded.entries[index] ?? {} })),
      find: sources.find,
      lambdas: await lambdaModules(metafile, folder, files),
    };
  } catch (error) {
    if (reportThrown(error, files, problems)) return undefined;
    if (error instanceof Error) report(error, folder, problems);
    else throw new FaastenError("INVALID", `a module throws while it is loaded, and no error with a line: ${error}`);
    return undefined;
  } finally {
    rmSync(file, { force: true });
  }
}
