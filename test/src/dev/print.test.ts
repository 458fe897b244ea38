// What `faasten dev` says, to a person and to a pipe.
import { expect, test } from "vitest";
import { createPrinter, type Printer } from "../../../src/dev/print.ts";

function record(): { readonly print: Printer; readonly out: string[]; readonly error: string[] } {
  const out: string[] = [];
  const error: string[] = [];
  const stream = (into: string[]) => ({ isTTY: false, write: (text: string) => into.push(text) > 0 });
  // The two members that it uses of a stream.
  const print = createPrinter(stream(out) as NodeJS.WriteStream, stream(error) as NodeJS.WriteStream);
  return { print, out, error };
}

test("the functions stand in two columns", () => {
  const { print, out } = record();
  print.serving({ service: "shop", port: 1, token: "t", functions: ["a  GET /a", "longer  at 0 3 * * *"] });
  expect(out.join("")).toBe(
    "shop answers on http://127.0.0.1:1\n  a       GET /a\n  longer  at 0 3 * * *\n  control: http://127.0.0.1:1/_faasten/  token: t\n",
  );
});

test("to a pipe the app's lines are JSON, one object each, also where some are left out", () => {
  const { print, out } = record();
  print.lines(['{"level":"info"}'], 3);
  expect(
    out
      .join("")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([{ level: "info" }, { level: "info", message: "more invocations than are shown", left: 3 }]);
});

test("mistakes are told in the order of files and lines, a line each, on standard error", () => {
  const { print, out, error } = record();
  print.problems([
    { file: "b.ts", line: 2, code: "INVALID", message: "second" },
    { file: "a.ts", line: 9, code: "NOT_FOUND", message: "two\nlines" },
    { file: "b.ts", line: 1, code: "INVALID", message: "first" },
  ]);
  expect(out).toEqual([]);
  expect(error.join("")).toBe(
    "a.ts:9  NOT_FOUND  two\\x0alines\nb.ts:1  INVALID  first\nb.ts:2  INVALID  second\n3 mistakes: mend and save\n",
  );
});

test("a stack is told without Node's own frames", () => {
  const { print, error } = record();
  print.problem("Error: no\u001b[2J\n    at f (/a.ts:1:1)\n    at g (node:internal/b:1:1)");
  expect(error.join("")).toBe("Error: no\\x1b[2J\n    at f (/a.ts:1:1)\n");
});
