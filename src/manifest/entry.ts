// The files that `custom.faasten.entry` names.
import { globSync, statSync } from "node:fs";
import { basename, isAbsolute, resolve } from "node:path";
import type { Node } from "./nodes.ts";
import { type Problems, quoted } from "./problems.ts";
import { asText } from "./shape.ts";

/** Absolute, sorted, each once. A glob takes modules alone: no declarations, nothing of `node_modules`. */
export function expandEntry(folder: string, globs: readonly Node[], problems: Problems): readonly string[] {
  const files = new Set<string>();
  for (const node of globs) {
    const glob = asText(node, problems);
    if (glob === undefined) continue;
    if (isAbsolute(glob)) {
      problems.add("INVALID", node, `${quoted(glob)} must be relative to the folder of this file.`);
      continue;
    }
    const found = globSync(glob, { cwd: folder, exclude: (path) => basename(path) === "node_modules" })
      .map((path) => resolve(folder, path))
      .filter(isModule);
    if (found.length === 0) {
      problems.add("NOT_FOUND", node, `${quoted(glob)} matches no .ts or .js file: mend it, or remove it.`);
    }
    for (const file of found) files.add(file);
  }
  return [...files].sort();
}

/** The folders below which, however deep, a new file may match. */
export function foldersBelow(folder: string, globs: readonly string[]): readonly string[] {
  return globs.flatMap((glob) => {
    const [, fixed = "", open = ""] = /^((?:[^*?[\]{}()!+@]*\/)?)(.*)$/s.exec(glob) ?? [];
    return open.includes("/") ? [resolve(folder, fixed)] : [];
  });
}

function isModule(file: string): boolean {
  return (
    /\.[cm]?[jt]sx?$/.test(file) &&
    !/\.d\.[cm]?ts$/.test(file) &&
    statSync(file, { throwIfNoEntry: false })?.isFile() === true
  );
}
