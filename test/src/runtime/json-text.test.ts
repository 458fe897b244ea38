// The spans that are found in JSON text are those that were put there.
import fc from "fast-check";
import { expect, test } from "vitest";
import { elementTexts, memberText } from "../../../src/runtime/json-text.ts";

const space = fc.constantFrom("", " ", "\n\t", "\r\n  ");
const leaf = fc.oneof(
  fc.constantFrom("1.50", "12345678901234567890", "-0", "1e400", "null", "true", '""', "{}", "[]", "[ ]", "{ }"),
  fc.constantFrom('"\\""', '"\\\\"', '"\\\\\\""', '"}],{["', '"\\u0022"', '"data"', '"a,b:c"'),
  fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
);
const key = fc.constantFrom('"data"', '"d\\u0061ta"', '"a"', '"data "', '"\\"data"', '"__proto__"', '""');

/** JSON as it might be written by hand. */
const { value } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof({ depthSize: "small" }, leaf, tie("list"), tie("object")),
  list: fc.tuple(fc.array(tie("value"), { maxLength: 3 }), space).map(([texts, gap]) => joined("[", texts, "]", gap)),
  object: fc
    .tuple(fc.array(fc.tuple(key, tie("value")), { maxLength: 3 }), space)
    .map(([pairs, gap]) => joined("{", members(pairs, gap), "}", gap)),
}));

test("memberText is the member as it was written, the last of several", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { maxLength: 5 }), space, (pairs, gap) => {
      const json = `${gap}${joined("{", members(pairs, gap), "}", gap)}${gap}`;
      const expected = pairs.findLast(([name]) => JSON.parse(name) === "data")?.[1];
      expect(memberText(json, "data")).toBe(expected);
      if (expected !== undefined) expect(JSON.parse(expected)).toEqual(JSON.parse(json).data);
    }),
    { numRuns: 2000 },
  );
});

test("elementTexts are the elements as they were written", () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), space, (texts, gap) => {
      expect(elementTexts(`${gap}${joined("[", texts, "]", gap)}${gap}`)).toEqual(texts);
    }),
    { numRuns: 1000 },
  );
});

test("a hundred thousand levels are no matter", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  expect(memberText(`{"data":${deep}}`, "data")).toBe(deep);
});

function members(pairs: readonly (readonly [string, string])[], gap: string): string[] {
  return pairs.map(([name, text]) => `${name}${gap}:${gap}${text}`);
}

function joined(open: string, texts: readonly string[], close: string, gap: string): string {
  return `${open}${gap}${texts.join(`${gap},${gap}`)}${gap}${close}`;
}
