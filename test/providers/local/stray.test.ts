// A rejection that nobody awaited, among others that run at once: the host knows whose it is.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

interface Told {
  readonly replies: readonly (readonly [name: string, status: number])[];
  readonly lines: readonly {
    readonly message: string;
    readonly function: string;
    readonly error: { readonly message: string };
  }[];
}

test("it fails the run that left it, and no other; after the reply it is logged with the function's name", async () => {
  const script = fileURLToPath(new URL("stray.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=faasten-source", script]);
  const { replies, lines } = JSON.parse(stdout) as Told;
  expect(replies).toEqual([
    ["healthy", 200],
    ["stray", 500],
    ["late", 200],
    ["healthy", 200],
    ["stray", 500],
    ["healthy", 200],
  ]);
  const strays = lines.filter(({ message }) => message === "an error that nobody caught");
  expect(strays.map((line) => `${line.function}: ${line.error.message}`).sort()).toEqual([
    "late: left behind",
    "stray: left alone",
    "stray: left alone",
  ]);
});
