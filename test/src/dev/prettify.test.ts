// Log lines on a terminal: nothing in them moves the cursor, and each stays one line.
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clean, prettify } from "../../../src/dev/prettify.ts";

beforeEach(() => void vi.stubEnv("FORCE_COLOR", "1"));
afterEach(() => void vi.unstubAllEnvs());

const time = "2026-01-31T03:00:00.123Z";
const line = (fields: object) => JSON.stringify({ time, level: "info", message: "m", ...fields });
const shown = (fields: object) => stripVTControlCharacters(prettify(line(fields)));

test("time, level, message, fields, function and invocation", () => {
  expect(shown({ message: "counted", function: "sweep", invocation: "a-1", trace: "f00", count: 3, list: [1] })).toBe(
    "03:00:00.123 info  counted count=3 list=[1] sweep a-1",
  );
  expect(shown({ text: "two words", empty: "", one: "word", tricky: 'a="b"' })).toBe(
    '03:00:00.123 info  m text="two words" empty="" one=word tricky="a=\\"b\\""',
  );
});

test("an invocation is one line, in green or red", () => {
  const done = { message: "invoked", function: "ship", trigger: "order.placed", outcome: "done", milliseconds: 1.5 };
  expect(shown(done)).toBe("03:00:00.123 done  order.placed ship 1.5 ms");
  expect(prettify(line(done))).toContain("\u001b[32mdone");
  for (const outcome of ["500", "retry", "dead"]) expect(prettify(line({ ...done, outcome }))).toContain("\u001b[31m");
});

test("what was thrown stands below, with its cause and without frames of Node and Faasten", () => {
  const ours = new URL("../../../src/functions/http.ts", import.meta.url).href;
  const stack = `Error: no\n    at f (/a.ts:1:1)\n    at work (${ours}:1:1)\n    at g (node:internal/x:1:1)`;
  const error = {
    name: "Error",
    message: "no",
    code: "E1",
    stack,
    error: { stack: "TypeError: why\n    at h (/b.ts:2:2)" },
  };
  expect(shown({ level: "error", message: "failed", error })).toBe(
    "03:00:00.123 error failed\n  Error: no (E1)\n      at f (/a.ts:1:1)\n  caused by TypeError: why\n      at h (/b.ts:2:2)",
  );
  expect(shown({ error: { stack: `Error: no\n    at work (${ours}:1:1)` } }), "where there are no others").toContain(
    "http.ts",
  );
  expect(shown({ error: "just text" })).toBe('03:00:00.123 info  m "just text"');
});

const escapes = "\u001b[2J\r\n\u0007\u009b31m\u2028\u202e";

test("control characters are escaped wherever they stand", () => {
  const seen = "\\x1b[2J\\x0d\\x0a\\x07\\x9b31m\\u2028\\u202e";
  expect(clean(escapes)).toBe(seen);
  const everywhere = {
    ...{ time: escapes, level: escapes, message: escapes, function: escapes, invocation: escapes, [escapes]: escapes },
    ...{ error: { stack: escapes.replace("\n", ""), code: escapes } },
  };
  const invoked = { message: "invoked", trigger: escapes, outcome: escapes, milliseconds: escapes, function: escapes };
  for (const text of [line(everywhere), line(invoked), escapes, JSON.stringify([escapes])]) {
    const left = stripVTControlCharacters(prettify(text)).replaceAll("\n  ", "");
    expect(left).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
  }
});

test("a line that is no log line is shown as it is", () => {
  for (const text of ["", "plain text", "null", "5", "[1]", '{"a":1}', "{broken", '"level"'])
    expect(prettify(text)).toBe(text);
});

test("odd fields throw nothing", () => {
  for (const level of [null, 1, {}, [], true, { toString: 1 }]) expect(() => prettify(line({ level }))).not.toThrow();
  for (const error of [null, 1, {}, [], { stack: null }, { stack: { a: 1 }, error: { stack: 5 } }])
    expect(() => prettify(line({ error }))).not.toThrow();
  fc.assert(
    fc.property(fc.json(), fc.object(), (text, fields) => {
      prettify(text);
      expect(prettify(line({ ...fields, error: undefined })).split("\n")).toHaveLength(1);
    }),
  );
});

test("huge values are cut, and the cut is told", () => {
  const big = "x".repeat(1_000_000);
  for (const text of [line({ message: big, field: big, error: { stack: `${big}\n${big}` } }), big])
    expect(prettify(text).length).toBeLessThan(10_000);
  expect(prettify(big)).toMatch(/… \(998000 more\)$/);
});
