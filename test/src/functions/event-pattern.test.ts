// Event patterns, operator by operator, as AWS documents them.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type EventPattern, matches } from "../../../src/functions/event-pattern.ts";

const event = {
  source: "shop.web",
  "detail-type": "OrderPlaced",
  detail: {
    id: "a1",
    total: 12.5,
    paid: true,
    coupon: null,
    note: "",
    tags: ["new", "gift"],
    file: "in/photo.PNG",
    address: { country: "FR", city: "Lyon" },
    lines: [
      { sku: "tea", count: 2 },
      { sku: "pot", count: 1 },
    ],
  },
};

const detail = (pattern: EventPattern): EventPattern => ({ detail: pattern });

describe("holds", () => {
  test.each<[what: string, pattern: EventPattern]>([
    ["an empty pattern", {}],
    ["one of several values", { source: ["shop.app", "shop.web"] }],
    ["each field", { source: ["shop.web"], detail: { address: { country: ["FR"], city: ["Lyon"] } } }],
    ["a number", detail({ total: [12.5] })],
    ["a boolean", detail({ paid: [true] })],
    ["null", detail({ coupon: [null] })],
    ["empty text", detail({ note: [""] })],
    ["one of an array's values", detail({ tags: ["gift"] })],
    ["a field of one of an array's maps", detail({ lines: { sku: ["pot"] } })],
    ["prefix", { source: [{ prefix: "shop." }] }],
    ["prefix, whatever its case", { source: [{ prefix: { "equals-ignore-case": "SHOP." } }] }],
    ["suffix", detail({ file: [{ suffix: ".PNG" }] })],
    ["suffix, whatever its case", detail({ file: [{ suffix: { "equals-ignore-case": ".png" } }] })],
    ["equals-ignore-case", { source: [{ "equals-ignore-case": "Shop.Web" }] }],
    ["wildcard", { source: [{ wildcard: "s*.w*b" }] }],
    ["anything-but a value", { source: [{ "anything-but": "shop.app" }] }],
    ["anything-but several", detail({ total: [{ "anything-but": [1, 2] }] })],
    ["anything-but a prefix", { source: [{ "anything-but": { prefix: "bank." } }] }],
    ["anything-but several suffixes", detail({ file: [{ "anything-but": { suffix: [".jpg", ".gif"] } }] })],
    ["anything-but a wildcard", detail({ file: [{ "anything-but": { wildcard: "out/*" } }] })],
    ["anything-but, whatever its case", { source: [{ "anything-but": { "equals-ignore-case": "bank" } }] }],
    ["numeric", detail({ total: [{ numeric: [">", 0, "<=", 12.5] }] })],
    ["numeric equality", detail({ total: [{ numeric: ["=", 12.5] }] })],
    ["exists", detail({ id: [{ exists: true }] })],
    ["exists of null", detail({ coupon: [{ exists: true }] })],
    ["does not exist", detail({ gone: [{ exists: false }] })],
    ["does not exist, deep in what is not there", detail({ gone: { deeper: [{ exists: false }] } })],
    ["one of $or", { $or: [{ source: ["bank"] }, { detail: { paid: [true] } }] }],
    ["an operator or a value", detail({ id: [{ prefix: "b" }, "a1"] })],
  ])("%s", (_, pattern) => expect(matches(pattern, event)).toBe(true));
});

describe("does not hold", () => {
  test.each<[what: string, pattern: EventPattern]>([
    ["another value", { source: ["shop"] }],
    ["one field of two", { source: ["shop.web"], detail: { paid: [false] } }],
    ["a number as text", detail({ total: ["12.5"] })],
    ["a field that is not there", detail({ gone: ["a"] })],
    ["a value where a map is", detail({ address: ["FR"] })],
    ["a map where a value is", detail({ id: { deeper: ["a1"] } })],
    ["no value of an array", detail({ tags: ["old"] })],
    ["another case", { source: [{ prefix: "Shop" }] }],
    ["a wildcard that wants more", { source: [{ wildcard: "shop.*.eu" }] }],
    ["a star that is meant", { source: [{ wildcard: "shop\\*" }] }],
    ["anything-but itself", { source: [{ "anything-but": ["shop.web", "shop.app"] }] }],
    ["anything-but, of what is not there", detail({ gone: [{ "anything-but": "a" }] })],
    ["numeric of text", detail({ id: [{ numeric: [">", 0] }] })],
    ["out of range", detail({ total: [{ numeric: [">=", 0, "<", 12.5] }] })],
    ["exists of a map", detail({ address: [{ exists: true }] })],
    ["exists: false of what is there", detail({ id: [{ exists: false }] })],
    ["none of $or", { $or: [{ source: ["bank"] }, { source: ["post"] }] }],
    ["no matcher at all", { source: [] }],
    ["a name of every object's", { constructor: [{ exists: true }] }],
    ["an operator that is unknown", { source: [{ cidr: "10.0.0.0/8" }] }],
  ])("%s", (_, pattern) => expect(matches(pattern, event)).toBe(false));
});

test("a wildcard is as its regular expression says", () => {
  const signs = fc.array(fc.constantFrom("a", "b", "*", "."), { maxLength: 8 });
  fc.assert(
    fc.property(signs, fc.array(fc.constantFrom("a", "b", "."), { maxLength: 10 }), (wildcard, text) => {
      const regular = new RegExp(
        `^${wildcard.map((sign) => (sign === "*" ? ".*" : `\\${sign}`.replace(/\\([ab])/, "$1"))).join("")}$`,
      );
      const pattern = { text: [{ wildcard: wildcard.join("") }] };
      expect(matches(pattern, { text: text.join("") })).toBe(regular.test(text.join("")));
    }),
  );
});

test("whatever it is handed, it answers", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.array(fc.jsonValue())), fc.jsonValue(), (pattern, value) => {
      expect(typeof matches(pattern, value)).toBe("boolean");
    }),
  );
});
