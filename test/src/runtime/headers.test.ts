// The lazy Headers against the native ones: whatever is done to both, they answer alike.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LazyHeaders } from "../../../src/runtime/headers.ts";

const name = fc.oneof(
  fc.constantFrom(
    "a",
    "B",
    "x-Id",
    "Set-Cookie",
    "set-cookie",
    "content-type",
    "",
    "a b",
    "é",
    "constructor",
    "__proto__",
  ),
  fc.string({ maxLength: 3 }),
);
const value = fc.oneof(
  fc.constantFrom("1", " \tpadded\r\n ", "a\nb", "a\0b", "€", "\u00a0é", "", "\u0001"),
  fc.string({ maxLength: 4, unit: "binary" }),
);
const operation = fc.oneof(
  fc.record({ kind: fc.constantFrom("set", "append"), name, value }),
  fc.record({ kind: fc.constantFrom("get", "has", "delete"), name }),
);

/** What came of a call: its result, or the class of its error. */
function outcome(call: () => unknown): unknown {
  try {
    return { result: call() };
  } catch (error) {
    return { error: error instanceof Error && error.constructor };
  }
}

function apply(headers: Headers, step: { kind: string; name: string; value?: string }): unknown {
  const text = step.value ?? "";
  switch (step.kind) {
    case "set":
      return headers.set(step.name, text);
    case "append":
      return headers.append(step.name, text);
    case "delete":
      return headers.delete(step.name);
    case "has":
      return headers.has(step.name);
    default:
      return headers.get(step.name);
  }
}

describe("LazyHeaders", () => {
  test("answer as the native ones do, whatever is done to both", () => {
    const fields = { host: "h", "x-id": "7", "set-cookie": "a=1", gone: undefined };
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 12 }), (steps) => {
        const lazy = new LazyHeaders(undefined, fields);
        const native = new Headers({ host: "h", "x-id": "7", "set-cookie": "a=1" });
        for (const step of steps) expect(outcome(() => apply(lazy, step))).toEqual(outcome(() => apply(native, step)));
        expect([...lazy]).toEqual([...native]);
        expect([...lazy.keys()]).toEqual([...native.keys()]);
        expect([...lazy.values()]).toEqual([...native.values()]);
        expect(lazy.getSetCookie()).toEqual(native.getSetCookie());
      }),
      { numRuns: 500 },
    );
  });

  test("are made from pairs, a record or other headers as natively", () => {
    const inits: HeadersInit[] = [
      [
        ["b", "1"],
        ["Set-Cookie", "x"],
        ["set-cookie", "y"],
        ["B", "2"],
      ],
      { "X-A": "1", "set-cookie": "x" },
      new Headers({ a: "1" }),
      new LazyHeaders({ a: "1" }),
    ];
    for (const init of inits) expect([...new LazyHeaders(init)]).toEqual([...new Headers(init)]);
    const wrong: unknown[] = [[["a"]], [["a", "b", "c"]], "text", null, 5, [["a b", "c"]], { a: "€" }];
    for (const init of wrong) {
      expect(() => Reflect.construct(LazyHeaders, [init])).toThrow(TypeError);
      expect(() => Reflect.construct(Headers, [init])).toThrow(TypeError);
    }
  });

  test("are taken by native things as headers", () => {
    const lazy = new LazyHeaders([
      ["a", "1"],
      ["set-cookie", "x"],
      ["set-cookie", "y"],
    ]);
    expect([...new Headers(lazy)]).toEqual([...lazy]);
    expect(new Request("http://h/", { headers: lazy }).headers.get("a")).toBe("1");
    expect(new Response(null, { headers: lazy }).headers.getSetCookie()).toEqual(["x", "y"]);
    expect(lazy instanceof Headers).toBe(true);
    expect(String(lazy)).toBe("[object Headers]");
  });

  test("read only the host's own fields", () => {
    const lazy = new LazyHeaders(undefined, { a: "1" });
    for (const key of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      expect(lazy.get(key)).toBeNull();
      expect(lazy.has(key)).toBe(false);
    }
    const host: Record<string, string> = JSON.parse('{"__proto__":"own","constructor":"own"}');
    expect([...new LazyHeaders(undefined, host)]).toEqual([
      ["__proto__", "own"],
      ["constructor", "own"],
    ]);
  });

  test("are live while they are listed, as the native ones are", () => {
    const left = [
      new LazyHeaders({ a: "1", b: "2", c: "3", d: "4" }),
      new Headers({ a: "1", b: "2", c: "3", d: "4" }),
    ].map((headers) => {
      for (const [key] of headers) headers.delete(key);
      return [...headers];
    });
    expect(left[0]).toEqual(left[1]);
    expect(left[0]).toHaveLength(2);
  });

  test("frozen ones are read only", () => {
    const lazy = new LazyHeaders({ a: "1" });
    LazyHeaders.freeze(lazy);
    expect(() => lazy.set("a", "2")).toThrow(TypeError);
    expect(() => lazy.append("a", "2")).toThrow(TypeError);
    expect(() => lazy.delete("a")).toThrow(TypeError);
    expect(lazy.get("A")).toBe("1");
  });

  test("and the native ones that they follow are one", () => {
    const [lazy, native] = [new LazyHeaders({ a: "1" }), new Headers({ a: "1" })];
    LazyHeaders.follow(lazy, native);
    lazy.append("set-cookie", "x");
    lazy.delete("a");
    native.set("b", "2");
    expect([...lazy]).toEqual([...native]);
    expect([...lazy]).toEqual([
      ["b", "2"],
      ["set-cookie", "x"],
    ]);
    expect(lazy.get("b")).toBe("2");
    expect(lazy.getSetCookie()).toEqual(["x"]);
  });

  test("forEach tells value, name and the headers, and wants a function", () => {
    const lazy = new LazyHeaders({ b: "2", a: "1" });
    const seen: unknown[] = [];
    lazy.forEach(function (this: unknown, ...told) {
      seen.push([this, ...told]);
    }, "self");
    expect(seen).toEqual([
      ["self", "1", "a", lazy],
      ["self", "2", "b", lazy],
    ]);
    expect(() => Reflect.apply(lazy.forEach, lazy, [5])).toThrow(TypeError);
  });
});
