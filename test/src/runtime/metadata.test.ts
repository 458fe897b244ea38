// How metadata is read.
import { expect, test } from "vitest";
import { duration, flag, setting } from "../../../src/provider.ts";

const options = (metadata: Record<string, string>) => ({ name: "store", service: "shop", metadata });

test("names are found without regard to case, and an empty one is none", () => {
  expect(setting(options({ ConnectionString: "x" }), "connectionString")).toBe("x");
  expect(setting(options({ connectionString: "" }), "connectionString")).toBeUndefined();
  expect(setting(options({}), "constructor")).toBeUndefined();
});

test.each([
  ["2s", 2000],
  ["500ms", 500],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  ["0", 0],
  ["0s", 0],
  ["7", 7000],
])("the duration %s is %d ms", (text, milliseconds) => {
  expect(duration(options({ wait: text }), "wait", 1)).toBe(milliseconds);
});

test.each(["soon", "2 s", "-1s", "1s2", "s", "1d"])("%s is no duration", (text) => {
  expect(() => duration(options({ wait: text }), "wait", 1)).toThrow(/"store": wait/);
});

test("what is left out falls back", () => {
  expect(duration(options({}), "wait", 42)).toBe(42);
  expect(flag(options({}), "on")).toBe(false);
});

test("a flag is true or false and nothing else", () => {
  expect(flag(options({ on: "True" }), "on")).toBe(true);
  expect(flag(options({ on: "FALSE" }), "on")).toBe(false);
  expect(() => flag(options({ on: "maybe" }), "on")).toThrow(/"store": on/);
});
