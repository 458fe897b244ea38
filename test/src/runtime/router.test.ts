// The router against an oracle that knows nothing of how it is made, and what is wrong with a pattern.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkPath, compile, conflicts, createRouter, type Route } from "../../../src/runtime/router.ts";

const segment = fc.constantFrom("a", "b", ":x", ":y");
const pattern = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.boolean())
  .map(
    ([segments, rest]) =>
      `/${[...segments.map((text, at) => (text.startsWith(":") ? `${text}${at}` : text)), ...(rest ? ["*"] : [])].join("/")}`,
  );
const route = fc.record({ method: fc.constantFrom("GET", "POST", "*"), path: pattern });
const path = fc
  .array(fc.constantFrom("a", "b", "c", "", "%20", "%61"), { maxLength: 5 })
  .map((texts) => `/${texts.join("/")}`);

/** Every route is tried by a regular expression; of those that match, the least by the written rule is the answer. */
function oracle(routes: readonly Route[], method: string, asked: string): unknown {
  const plain = asked.replaceAll("%61", "a");
  const matching = routes.flatMap((candidate, index) => {
    const source = candidate.path.replace(/\/\*$/, "(?:/(?<rest>.*))?").replaceAll(/:(\w+)/g, "(?<$1>[^/]+)");
    const match = new RegExp(`^${source}$`).exec(candidate.path === "/*" ? plain : plain);
    if (!match) return [];
    const params = Object.fromEntries(
      Object.entries(match.groups ?? {}).map(([name, value]) =>
        name === "rest" ? ["*", raw(asked, candidate.path)] : [name, decodeURIComponent(value)],
      ),
    );
    // "0" static, "1" parameter, "2" wildcard: as texts they sort segment by segment, and a pattern that ends goes first.
    const rank = candidate.path
      .slice(1)
      .split("/")
      .map((text) => (text === "*" ? "2" : text.startsWith(":") ? "1" : "0"));
    return [{ index, method: candidate.method, params, rank: rank.join("") }];
  });
  const serving = matching.filter((found) => found.method === method || found.method === "*");
  const [best] = serving.toSorted(
    (a, b) =>
      compare(a.rank, b.rank) || compare(a.method === "*" ? 1 : 0, b.method === "*" ? 1 : 0) || a.index - b.index,
  );
  if (best) return { index: best.index, params: best.params };
  return matching.length > 0 ? { allow: [...new Set(matching.map((found) => found.method))].sort() } : undefined;
}

function compare<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function raw(asked: string, wildcard: string): string {
  const before = wildcard.split("/").length - 2;
  return asked
    .split("/")
    .slice(1 + before)
    .join("/");
}

describe("createRouter", () => {
  test("answers as an oracle that tries them all", () => {
    fc.assert(
      fc.property(
        fc.array(route, { maxLength: 8 }),
        path,
        fc.constantFrom("GET", "POST", "PUT"),
        (routes, asked, method) => {
          const answer = createRouter(routes).match(method, asked);
          expect(answer && "params" in answer ? { ...answer, params: { ...answer.params } } : answer).toEqual(
            oracle(routes, method, asked),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  const routes = ["/a/b", "/a/:x/c", "/a/*", "/:x", "/*"].map((text) => ({ method: "GET", path: text }));
  test.each([
    ["/a/b", "/a/b"],
    ["/a/b/c", "/a/:x/c"],
    ["/a/b/d", "/a/*"],
    ["/a", "/a/*"],
    ["/c", "/:x"],
    ["/a/", "/a/*"],
    ["/b/b", "/*"],
    ["/", "/*"],
    ["//a", "/*"],
  ])("%s goes to %s", (asked, expected) => {
    const answer = createRouter(routes).match("GET", asked);
    expect(answer && "index" in answer && routes[answer.index]?.path).toBe(expected);
  });

  test("a method that the best pattern does not serve goes to the next one", () => {
    const router = createRouter([
      { method: "*", path: "/*" },
      { method: "GET", path: "/users/me" },
      { method: "*", path: "/users/me/x" },
      { method: "DELETE", path: "/users/me/x" },
    ]);
    expect(router.match("GET", "/users/me")).toMatchObject({ index: 1 });
    expect(router.match("POST", "/users/me")).toMatchObject({ index: 0, params: { "*": "users/me" } });
    expect(router.match("DELETE", "/users/me/x")).toMatchObject({ index: 3 });
    expect(router.match("PUT", "/users/me/x")).toMatchObject({ index: 2 });
  });

  test("says which methods a known path has", () => {
    const router = createRouter([
      { method: "POST", path: "/a" },
      { method: "GET", path: "/:x" },
    ]);
    expect(router.match("PUT", "/a")).toEqual({ allow: ["GET", "POST"] });
    expect(router.match("PUT", "/a/b")).toBeUndefined();
    expect(router.match("OPTIONS", "*")).toBeUndefined();
  });

  test("a broken percent-encoding is INVALID, whichever route it would reach", () => {
    const router = createRouter([{ method: "GET", path: "/*" }]);
    for (const broken of ["/%", "/a/%zz", "/%e2%82", "/%E2/%82"]) {
      expect(() => router.match("GET", broken)).toThrow(expect.objectContaining({ code: "INVALID" }));
      expect(() => compile("/x")(broken)).toThrow(expect.objectContaining({ code: "INVALID" }));
    }
  });
});

describe("compile", () => {
  test("gives decoded parameters and the raw rest, in a map without a prototype", () => {
    const params = compile("/files/:owner/*")("/files/J%C3%BCrgen%2F1/a%20b//c");
    expect({ ...params }).toEqual({ owner: "Jürgen/1", "*": "a%20b//c" });
    expect(Object.getPrototypeOf(params)).toBeNull();
    expect(compile("/orders")("/orders")).toEqual({});
  });

  test("a static segment is compared decoded, and an encoded slash is none", () => {
    expect(compile("/café/:x")("/caf%C3%A9/1")).toEqual({ x: "1" });
    expect(compile("/a/b")("/a%2Fb")).toBeUndefined();
    expect(compile("/a/b")("/%61/b")).toEqual({});
  });

  test.each(["/orders/", "/order", "/orders/1", "orders", "", "/Orders"])("/orders is not %j", (asked) => {
    expect(compile("/orders")(asked)).toBeUndefined();
  });

  test("a parameter is never empty", () => {
    expect(compile("/a/:x")("/a/")).toBeUndefined();
    expect(compile("/:x")("/")).toBeUndefined();
    expect(compile("/")("/")).toEqual({});
  });
});

describe("checkPath", () => {
  test.each(["/", "/*", "/a", "/a/:id/b/*", "/a:b", "/caf\u00e9", "/_x/:_y1", "/.well-known/x"])(
    "%s is right",
    (text) => {
      expect(checkPath(text)).toBeUndefined();
    },
  );

  test.each([
    ["a", "must begin"],
    ["/a?x=1", "query"],
    ["/a/", "trailing"],
    ["/a//b", "empty segment"],
    ["/*/a", "last segment"],
    ["/a*", "whole segment"],
    ["/{id}", ":name"],
    ["/:1", "name"],
    ["/:", "name"],
    ["/:a-b", "name"],
    ["/:__proto__", "may not"],
    ["/:id/:id", "twice"],
    ["/a%20b", "decoded"],
    ["/a b", "white space"],
    ["/a/../b", "remove"],
    ["/_faasten/x", "reserved"],
  ])("%s is wrong: %s", (text, reason) => {
    expect(checkPath(text)).toContain(reason);
    expect(checkPath(text)).toContain(`"${text}"`);
  });
});

test.each([
  ["GET /a/:x", "GET /a/:y", true],
  ["GET /a/:x", "POST /a/:x", false],
  ["GET /a/:x", "* /a/:x", false],
  ["GET /a/b", "GET /a/:x", false],
  ["GET /a/b", "GET /a/c", false],
  ["GET /a", "GET /a/*", false],
  ["GET /:a/*", "GET /:b/*", true],
])("conflicts(%s, %s) is %s", (first, second, expected) => {
  const [a, b] = [first, second].map((text) => {
    const [method = "", path = ""] = text.split(" ");
    return { method, path };
  });
  expect(a && b && conflicts(a, b)).toBe(expected);
});
