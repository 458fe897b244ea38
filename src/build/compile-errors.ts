// What is wrong with an app's code as mistakes of the app: what the bundler says, and what a module throws while it is loaded.
import { join } from "node:path";
import type { Message } from "esbuild";
import { FaastenError } from "../errors.ts";
import { type Place, type Problems, quoted } from "../manifest/problems.ts";

/** What the bundler says; anything else is thrown. */
export function report(error: unknown, folder: string, problems: Problems): void {
  if (typeof error !== "object" || error === null || !("errors" in error) || !Array.isArray(error.errors)) throw error;
  for (const { location, text } of error.errors as readonly Message[]) {
    const place = { file: join(folder, location?.file ?? ""), line: location?.line ?? 1 };
    problems.add("INVALID", { ...place, column: (location?.column ?? 0) + 1 }, sentenceOf(text));
  }
}

/** `false`: none of these files is where it came from. */
export function reportThrown(error: unknown, files: Iterable<string>, problems: Problems): boolean {
  const place = placeOf(error, files);
  if (!place) return false;
  if (error instanceof FaastenError) {
    problems.add(error.code, place, error.message);
    return true;
  }
  const what = quoted(String(error).split("\n", 1)[0] ?? "");
  problems.add("INVALID", place, `this throws ${what} while its module is loaded: mend it, or move it into a handler`);
  return true;
}

function sentenceOf(text: string): string {
  const [, missing] = /^Could not resolve "(.+)"$/.exec(text) ?? [];
  if (missing === undefined) return text;
  if (/^[./]/.test(missing)) return `There is no file ${quoted(missing)}: mend its path`;
  const [name = missing] = /^(?:@[^/]+\/)?[^/]+/.exec(missing) ?? [];
  return `There is no package ${quoted(name)}: install it with \`npm install ${name}\``;
}

/** The innermost of these files that an error went through. */
function placeOf(error: unknown, files: Iterable<string>): Place | undefined {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const frame of stack.split("\n").filter((line) => /^ +at /.test(line))) {
    for (const file of files) {
      const [, line, column] = frame.split(file)[1]?.match(/^:(\d+):(\d+)/) ?? [];
      if (line !== undefined) return { file, line: Number(line), column: Number(column) };
    }
  }
  return undefined;
}
