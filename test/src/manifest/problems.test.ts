import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nearest, Problems, quoted, suggest } from "../../../src/manifest/problems.ts";

describe("Problems", () => {
  test("are listed by file, line and column, each once, files relative to the app", () => {
    const problems = new Problems("/app");
    problems.add("INVALID", { file: "/app/serverless.yml", line: 9 }, "later");
    problems.add("INVALID", { file: "/app/serverless.yml", line: 2, column: 5 }, "second");
    problems.add("NOT_FOUND", { file: "/app/serverless.yml", line: 2, column: 1 }, "first");
    problems.add("NOT_FOUND", { file: "/app/serverless.yml", line: 2, column: 1 }, "first");
    problems.add("UNSUPPORTED", { file: join("/app", "components", "a.yaml"), line: 10 }, "other file");
    expect(problems.list()).toEqual([
      { code: "UNSUPPORTED", file: "components/a.yaml", line: 10, message: "other file" },
      { code: "NOT_FOUND", file: "serverless.yml", line: 2, column: 1, message: "first" },
      { code: "INVALID", file: "serverless.yml", line: 2, column: 5, message: "second" },
      { code: "INVALID", file: "serverless.yml", line: 9, message: "later" },
    ]);
  });

  test("throw as one error that names all of them, and not where there are none", () => {
    const problems = new Problems("/app");
    problems.throwIfAny();
    problems.add("INVALID", { file: "/app/b.yml", line: 2 }, "two");
    problems.add("NOT_FOUND", { file: "/app/a.yml", line: 1 }, "one");
    expect(() => problems.throwIfAny()).toThrow(
      expect.objectContaining({ code: "MISCONFIGURED", message: "a.yml:1  NOT_FOUND  one\nb.yml:2  INVALID  two" }),
    );
  });
});

describe("nearest", () => {
  test.each([
    ["entri", "entry"],
    ["etnry", "entry"],
    ["ENTRY", "entry"],
    ["awz", "aws"],
    ["state.dynamodb", "state.aws.dynamodb"],
    ["stepFunctions", undefined],
    ["redis", undefined],
    ["x", undefined],
    ["", undefined],
    ["x".repeat(1_000_000), undefined],
  ])("%.20s → %s", (word, meant) => {
    expect(nearest(word, ["entry", "aws", "state.aws.dynamodb", "functions", "y", "y".repeat(1_000_000)])).toBe(meant);
  });

  test("prefers fewer slips, and the first of equals", () => {
    expect(nearest("names", ["nomad", "named", "name"])).toBe("named");
    expect(nearest("memorysize", ["memorySizes", "memorySize"])).toBe("memorySize");
  });

  test("finds a word of four letters or more again after any one slip", () => {
    const word = fc.stringMatching(/^[a-z]{4,20}$/);
    fc.assert(
      fc.property(word, fc.nat(), fc.constantFrom("drop", "add", "swap"), (right, index, slip) => {
        const at = index % (right.length - 1);
        const [a = "", b = ""] = right.slice(at, at + 2);
        const middle = { drop: b, add: `${a}-${b}`, swap: b + a }[slip];
        expect(nearest(right.slice(0, at) + middle + right.slice(at + 2), [right])).toBe(right);
      }),
    );
  });
});

test("a short vocabulary is told where no word of it is near", () => {
  expect(suggest("nonsense", ["v1", "v2"])).toBe(" Known: `v1`, `v2`.");
  expect(suggest("nonsense", [])).toBe("");
  expect(
    suggest(
      "nonsense",
      Array.from({ length: 13 }, (_, index) => `v${index}`),
    ),
  ).toBe("");
});

test("a word of the user's breaks no line and floods no terminal", () => {
  expect(quoted("a\nb\u001b[31m\u2028")).toBe("`a\\u000ab\\u001b[31m\\u2028`");
  expect(quoted("x".repeat(500))).toHaveLength(82);
});
