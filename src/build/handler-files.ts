// Looks through the handler files of a serverless.yml without running them: what they export, and what they import.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type Metafile } from "esbuild";
import { nearest, type Problems, quoted } from "../manifest/problems.ts";
import { bundling, ours } from "./bundling.ts";
import { report } from "./compile-errors.ts";
import type { SectionModule } from "./section-modules.ts";

export interface HandlerFiles {
  readonly folder: string;
  readonly modules: readonly SectionModule[];
  /** Of portable functions: these are none of it. */
  readonly entries: readonly string[];
}

/** The user's own files that the handlers are made of: they are bundled as they are. What a handler's file does not export is reported. */
export async function plainFiles(
  { folder, modules, entries }: HandlerFiles,
  problems: Problems,
): Promise<ReadonlySet<string>> {
  if (modules.length === 0) return new Set();
  const files = [...new Set(modules.map(({ handler }) => handler.file))];
  try {
    const { metafile } = await build({
      ...bundling,
      entryPoints: files,
      packages: "external",
      outdir: join(folder, "nowhere"),
      write: false,
      metafile: true,
      absWorkingDir: folder,
      plugins: [ours({ external: true })],
    });
    for (const module of modules) checkExport(module, folder, metafile, problems);
    const plain = new Set(Object.keys(metafile.inputs).map((file) => resolve(folder, file)));
    for (const entry of entries) plain.delete(entry);
    return plain;
  } catch (error) {
    report(error, folder, problems);
    return new Set(files);
  }
}

/** An ES module tells what it exports. CommonJS is run to tell: there, only a name that its text does not hold is missing for sure. */
function checkExport({ handler, places }: SectionModule, folder: string, metafile: Metafile, problems: Problems): void {
  const { file, exported } = handler;
  const [name = ""] = exported;
  const path = Object.keys(metafile.inputs).find((input) => resolve(folder, input) === file);
  const input = path === undefined ? undefined : metafile.inputs[path];
  const output = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint === path);
  const exports = input?.format === "cjs" || !output ? undefined : output.exports;
  const text = exports ? "" : readFileSync(file, "utf8");
  const passesOn = /module\.exports\s*=\s*(?!\{)|\brequire\(|\.\.\./.test(text);
  if (
    exports
      ? exports.includes(name) || exports.includes("default")
      : passesOn || new RegExp(`\\b${escaped(name)}\\b`).test(text)
  )
    return;
  const meant = nearest(name, exports ?? []);
  const mend = meant === undefined ? `write \`export const ${name} = …\` there` : `did you mean ${quoted(meant)}?`;
  for (const place of Object.values(places).slice(0, 1)) {
    problems.add("NOT_FOUND", place, `${quoted(problems.relative(file))} exports no ${quoted(name)}: ${mend}.`);
  }
}

function escaped(name: string): string {
  return name.replace(/[^\w]/g, "\\$&");
}
