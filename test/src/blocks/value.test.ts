// What becomes of a user's value on its way to a store or a broker.
import { expect, test } from "vitest";
import { toValue } from "../../../src/blocks/value.ts";

test("bytes are bytes, however they are held, and anything else is JSON", () => {
  expect(toValue(new Uint8Array([1, 2]), "it")).toEqual({ bytes: new Uint8Array([1, 2]) });
  expect(toValue(new Uint8Array([1, 2]).buffer, "it")).toEqual({ bytes: new Uint8Array([1, 2]) });
  expect(toValue(Buffer.from("a"), "it")).toEqual({ bytes: Buffer.from("a") });
  expect(toValue({ a: [null, 1.5, "ü"] }, "it")).toEqual({ json: '{"a":[null,1.5,"ü"]}' });
  expect(toValue(null, "it")).toEqual({ json: "null" });
});

test.each([
  ["a Map", new Map([[1, 2]])],
  ["a Set", new Set([1])],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["nothing", undefined],
  ["a function", () => 1],
  ["a bigint", 1n],
])("%s is INVALID: JSON would make something else of it", (_, value) => {
  expect(() => toValue(value, "it")).toThrow(expect.objectContaining({ code: "INVALID" }));
});
