// Which functions an app has, and what is told of those that cannot be.
import { http, schedule, secret, state, topic } from "faasten";
import { expect, test } from "vitest";
import type { Definition } from "../../../src/contracts/function.ts";
import { look } from "./app.ts";

const ok = () => new Response();
const nothing = () => {};
const at = (path: `/${string}`): Definition => http.get(path, ok);

test("functions are those that the entries export, in the order in which they are written", async () => {
  const [a, b, c] = [at("/a"), at("/b"), at("/c")];
  const { functions, wrong } = await look(
    { "one.ts": { a, b, helper: 1, list: [c], nothing: null }, "two.ts": { c, a } },
    { lines: { a: 9, b: 3 } },
  );
  expect(functions.map(({ name }) => name)).toEqual(["b", "a", "c"]);
  expect(wrong).toEqual([]);
});

test("a file that exports none is told only where no other does", async () => {
  expect((await look({ "one.ts": { a: 1 }, "two.ts": {} })).wrong).toEqual([
    'one.ts:1  NOT_FOUND  no function is exported here: write `export const hello = http.get("/hello", …)`',
    'two.ts:1  NOT_FOUND  no function is exported here: write `export const hello = http.get("/hello", …)`',
  ]);
  expect((await look({ "one.ts": { a: 1 }, "two.ts": { a: at("/a") } })).wrong).toEqual([]);
});

test("a function under two names is told, and one that says its own name is not", async () => {
  const twice = at("/a");
  expect((await look({ "one.ts": { a: twice, b: twice } }, { lines: { b: 2 } })).wrong).toEqual([
    "one.ts:2  ALREADY_EXISTS  one function is exported as `a` and as `b`: export it once, or give its options a `name`",
  ]);
  const named = http.get("/a", { name: "own" }, ok);
  const { functions, wrong } = await look({ "one.ts": { a: named, b: named, default: named } });
  expect(wrong).toEqual([]);
  expect(functions.map(({ name }) => name)).toEqual(["own"]);
});

test("a default export needs a name", async () => {
  expect((await look({ "one.ts": { default: at("/a") } })).wrong).toEqual([
    "one.ts:1  MISCONFIGURED  a default export has no name: write `export const hello = …`, or give its options a `name`",
  ]);
});

test.each(["A", "a-b", "$a", `a${"b".repeat(40)}`, "_a", "größe", ""])("%o is no function's name", async (name) => {
  const { wrong } = await look({ "one.ts": { ok: http.get("/a", { name }, ok) } });
  expect(wrong).toEqual([expect.stringMatching(/^one\.ts:1 {2}INVALID {2}a function cannot be called `/)]);
});

test("names are compared as resources spell them", async () => {
  const { wrong } = await look({ "one.ts": { getHTML: at("/a") }, "two.ts": { getHtml: at("/b") } });
  expect(wrong).toEqual([
    "two.ts:1  ALREADY_EXISTS  the function getHtml has the name of getHTML (one.ts:1): as resources both are `get-html`; rename one",
  ]);
});

test.each([
  ["/_faasten/x", "reserved"],
  ["/_Faasten", "reserved in any spelling"],
  ["/a//b", "empty segment"],
  ["/a/", "empty segment"],
  ["/a/{id}", 'write ":name"'],
  ["/a?b", "leave out the query"],
  ["/:a/:a", "twice"],
  ["/*/a", "last segment"],
  ["/:constructor", "may not be"],
] as const)("the path %s is refused", async (path, why) => {
  const { wrong } = await look({ "one.ts": { a: at(path) } });
  expect(wrong).toHaveLength(1);
  expect(wrong[0]).toContain(why);
});

test("two functions that would answer the same requests are told, and those that differ are not", async () => {
  const clash = await look({ "one.ts": { a: at("/o/:id") }, "two.ts": { b: at("/o/:name") } });
  expect(clash.wrong).toEqual([
    "two.ts:1  ALREADY_EXISTS  b: GET /o/:name is answered by a already (one.ts:1): change one of the paths",
  ]);
  const exports = {
    a: at("/o/:id"),
    b: at("/o/all"),
    c: at("/o/*"),
    d: http.any("/o/:id", ok),
    e: http.post("/o/:id", ok),
  };
  expect((await look({ "one.ts": exports })).wrong).toEqual([]);
});

test("who may call is asked for by a cloud alone, and a word that is none is told everywhere", async () => {
  const open = http.get("/a", ok);
  expect((await look({ "one.ts": { open } })).wrong).toEqual([]);
  expect((await look({ "one.ts": { open } }, { cloud: true })).wrong).toEqual([
    'one.ts:1  MISCONFIGURED  open does not say who may call it: add `access: "public"`, `"service"` or `jwt({ … })`',
  ]);
  // @ts-expect-error nothing checks types on the way to a bundle
  const slip = http.get("/b", { access: "pubilc" }, ok);
  // @ts-expect-error nothing checks types on the way to a bundle
  const half = http.get("/c", { access: { issuer: "https://a.example" } }, ok);
  expect((await look({ "one.ts": { slip, half } })).wrong).toEqual(
    [
      'one.ts:1  INVALID  half: `access` lacks its `audience`: write jwt({ issuer: "https://…", audience: "…" })',
      "one.ts:1  INVALID  slip: there is no access `pubilc`. Did you mean `public`?",
    ].sort((a, b) => Number(a.includes("half")) - Number(b.includes("half"))),
  );
});

test("no function is called as what functions share is deployed", async () => {
  const app = http.get("/a", { access: "public" }, ok);
  const named = topic("t").subscribe({ name: "http" }, () => {});
  expect((await look({ "one.ts": { app, named } })).wrong).toEqual([
    "one.ts:1  INVALID  a function cannot be called `app`: what functions share is deployed under that name",
    "one.ts:1  INVALID  a function cannot be called `http`: what functions share is deployed under that name",
  ]);
});

test("origins are a list: of a text, any part would do", async () => {
  // @ts-expect-error nothing checks types on the way to a bundle
  const text = http.get("/a", { access: "public", cors: { origins: "https://a.example" } }, ok);
  expect((await look({ "one.ts": { text } })).wrong).toEqual([
    'one.ts:1  INVALID  text: `cors`: `origins` is a list, such as ["https://shop.example"]',
  ]);
});

test("credentials from any origin are told, for browsers take none", async () => {
  const any = http.get("/a", { access: "public", cors: { origins: ["*"], credentials: true } }, ok);
  const named = http.get("/b", { access: "public", cors: { origins: ["https://a.example"], credentials: true } }, ok);
  expect((await look({ "one.ts": { any, named } })).wrong).toEqual([
    'one.ts:1  INVALID  any: `cors`: browsers take no credentials where `origins` hold "*": name the origins',
  ]);
});

test("what is used must be a grant, of a component that can be, under a name that is free", async () => {
  const orders = state("orders");
  const placed = topic("placed");
  const uses: Readonly<Record<string, unknown>> = {
    orders,
    placed,
    log: orders.read,
    odd: 1,
    upper: state("Orders").read,
    words: topic("a b").publish,
    key: secret(""),
  };
  // @ts-expect-error nothing checks types on the way to a bundle
  const bad = http.get("/a", { uses }, ok);
  expect((await look({ "one.ts": { bad } })).wrong.map((line) => line.replace("one.ts:1  INVALID  bad: ", ""))).toEqual(
    [
      "`uses.orders` is no grant: say what it may do, with `.read` or `.readWrite` or `.list`",
      "`uses.placed` is no grant: say what it may do, with `.publish`",
      "`uses.log`: every handler has a `log` already; call it something else",
      "`uses.odd` is no grant: say what it may do, with `.read` or `.readWrite` or `.publish`",
      "`Orders` cannot name a component: 1 to 40 letters, digits, dashes and dots, a lower-case letter first",
      "`a b` cannot name a topic: 1 to 40 letters, digits, dashes and dots, a lower-case letter first",
      "a secret has a name, and this one's is empty",
    ],
  );
});

test("subscribers: the topic, its broker and the attempts", async () => {
  const exports = {
    a: topic("Order").subscribe(nothing),
    b: topic("order", { pubsub: "My Broker" }).subscribe(nothing),
    c: topic("order").subscribe({ attempts: 0 }, nothing),
    d: topic("order").subscribe({ attempts: 2.5 }, nothing),
  };
  const { wrong } = await look({ "one.ts": exports });
  expect(wrong.map((line) => line.slice(0, 60))).toEqual([
    "one.ts:1  INVALID  a: `Order` cannot name a topic: 1 to 40 l",
    "one.ts:1  INVALID  b: `My Broker` cannot name a component: 1",
    "one.ts:1  INVALID  c: 0 attempts cannot be: a whole number f",
    "one.ts:1  INVALID  d: 2.5 attempts cannot be: a whole number",
  ]);
});

test("topics that would be one resource are told, once for each function", async () => {
  const exports = {
    a: topic("order.placed").subscribe(nothing),
    b: http.post("/b", { uses: { placed: topic("order-placed").publish } }, ok),
    c: topic("order-placed", { pubsub: "other" }).subscribe(nothing),
  };
  expect((await look({ "one.ts": exports })).wrong).toEqual([
    "one.ts:1  ALREADY_EXISTS  the topics `order-placed` and `order.placed` are both `order-placed` as resources: write one name everywhere",
  ]);
});

test("schedules are checked", async () => {
  const { wrong } = await look({ "one.ts": { a: schedule("every 7 minutes", nothing) } });
  expect(wrong).toEqual([expect.stringContaining("a: `every 7 minutes` cannot be kept: N must divide 60")]);
});
