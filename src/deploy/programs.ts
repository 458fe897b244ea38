// The programs of the user's own that a plan calls.
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Program } from "../contracts/plan.ts";

/** Value → the name of the program that stands for it. Those that are not there are left out. */
export function findPrograms(
  programs: readonly Program[],
  path: string = process.env["PATH"] ?? "",
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    programs.flatMap(({ value, names }): [string, string][] => {
      const found = names.find((name) => isThere(name, path));
      return found === undefined ? [] : [[value, found]];
    }),
  );
}

/** A sentence for each that is not there. */
export function missingPrograms(
  programs: readonly Program[],
  found: Readonly<Record<string, string>>,
): readonly string[] {
  return programs
    .filter(({ value }) => found[value] === undefined)
    .map(({ names, mend }) => `there is no \`${names.join("` and no `")}\` on the PATH: ${mend}`);
}

function isThere(name: string, path: string): boolean {
  return path.split(delimiter).some((folder) => folder !== "" && isProgram(join(folder, name)));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
