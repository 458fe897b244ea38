// What leaves for another app, and what never does.
import { describe, expect, test } from "vitest";
import { type PlainFetch, service } from "../../../src/blocks/service.ts";
import type { ServiceCaller, ServiceRequest } from "../../../src/contracts/service-caller.ts";
import { Headers as LazyHeaders } from "../../../src/runtime/globals.ts";
import { invocation, open, type Run } from "./opening.ts";

/** What one call sends. */
async function sent(
  path: string,
  init?: Parameters<PlainFetch>[1],
  run: Run = invocation(),
): Promise<ServiceRequest & { readonly text: string; readonly signal: AbortSignal | undefined }> {
  const all: (ServiceRequest & { readonly text: string; readonly signal: AbortSignal | undefined })[] = [];
  const caller: ServiceCaller = {
    async call(request, { signal } = {}) {
      const text = request.body ? await new Response(request.body as BodyInit).text() : "";
      all.push({ ...request, text, signal });
      return new Response("ok");
    },
  };
  await open(service("billing"), caller, run).fetch(path as "/", init);
  const [one] = all;
  if (!one || all.length > 1) throw new Error(`${all.length} calls were made`);
  return one;
}

test("is a GET, unless said otherwise, with the trace of the run", async () => {
  const run = invocation();
  const { method, path, headers, body } = await sent("/invoices/1?full=1", undefined, run);
  expect([method, path, body]).toEqual(["GET", "/invoices/1?full=1", undefined]);
  expect([...headers]).toEqual([["traceparent", run.traceparent]]);
});

describe("a body", () => {
  test("of JSON says so, unless a type is given", async () => {
    const plain = await sent("/", { method: "POST", json: { a: [1] } });
    expect([plain.text, plain.headers.get("content-type")]).toEqual(['{"a":[1]}', "application/json"]);
    const own = await sent("/", { method: "POST", json: null, headers: { "content-type": "application/x+json" } });
    expect([own.text, own.headers.get("content-type")]).toEqual(["null", "application/x+json"]);
  });

  test.each([
    ["text", "text/plain;charset=UTF-8", "text"],
    [new URLSearchParams({ a: "b c" }), "application/x-www-form-urlencoded;charset=UTF-8", "a=b+c"],
    [new TextEncoder().encode("bytes"), null, "bytes"],
    [new Blob(["blob"], { type: "image/png" }), "image/png", "blob"],
  ])("is whole and has its type: %s", async (body, type, text) => {
    const got = await sent("/", { method: "POST", body });
    expect([got.text, got.body instanceof Uint8Array]).toEqual([text, true]);
    expect(got.headers.get("content-type")).toBe(type);
  });

  test("that is a stream stays one", async () => {
    const stream = new Blob(["streamed"]).stream();
    const got = await sent("/", { method: "PUT", body: stream });
    expect([got.text, got.body instanceof ReadableStream]).toEqual(["streamed", true]);
  });

  test.each([
    ["a GET with one", { body: "b" }],
    ["JSON that cannot be", { method: "POST", json: 1n }],
    ["bytes as JSON", { method: "POST", json: new Uint8Array(1) }],
    ["a method that there is not", { method: "GE T" }],
    ["a method that is a proxy's", { method: "CONNECT" }],
    ["a header that ends the line", { headers: { "x-a": "b\r\nhost: evil" } }],
    ["a header's name that is none", { headers: { "x a": "b" } }],
  ])("%s is INVALID, and nothing is sent", async (_what, init) => {
    await expect(sent("/", init as Parameters<PlainFetch>[1])).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringContaining("service billing: "),
    });
  });
});

describe("of the headers that came in", () => {
  const inbound = {
    authorization: "Bearer user",
    Host: "shop.example",
    "x-forwarded-for": "1.2.3.4",
    "X-Forwarded-Host": "shop.example",
    "x-forwarded-proto": "https",
    "x-forwarded-anything": "x",
    "x-real-ip": "1.2.3.4",
    forwarded: "for=1.2.3.4",
    "proxy-authorization": "Basic x",
    connection: "close",
    "transfer-encoding": "chunked",
    "content-length": "5",
    upgrade: "websocket",
    te: "trailers",
    traceparent: `00-${"c".repeat(32)}-${"d".repeat(16)}-01`,
    "accept-language": "fr",
    "x-own": "1",
  };

  test.each([
    ["an object", inbound],
    ["a list", Object.entries(inbound) as [string, string][]],
    ["native ones", new Headers(inbound)],
    ["the lazy ones of a handler", new LazyHeaders(inbound)],
  ])("none that is a credential or a connection's is passed on: %s", async (_what, headers) => {
    const run = invocation();
    const got = await sent("/", { headers }, run);
    expect(Object.fromEntries(got.headers)).toEqual({
      "accept-language": "fr",
      "x-own": "1",
      traceparent: run.traceparent,
    });
  });
});

describe("a path", () => {
  test.each([
    "https://evil.example/",
    "http://127.0.0.1:1/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/\t/evil.example",
    "@evil.example/",
    ".evil.example/",
    ":80@evil.example",
    "javascript:alert(1)",
    "invoices",
    "",
    "/a/../admin",
    "/a/./b",
    "/..",
    "/.",
    "/a/%2e%2e/admin",
    "/a/.%2E/admin",
    "/%2E",
    "/a/..?b",
    "/a#b",
    "/a b",
    "/a\nb",
    "/a\u0000",
    "/a\r\nhost: evil",
    "/a\\..\\b",
  ])("that is none, or leads elsewhere, is INVALID: %j", async (path) => {
    await expect(sent(path)).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringContaining("service billing: "),
    });
  });

  test.each(["/", "/a//b", "/a/..b/c..", "/...", "/%2F..%2f", "/a?x=../..&y=//b", "/a:b/:c", "/*", "/é/日本"])(
    "of any other kind goes as it is: %j",
    async (path) => expect((await sent(path)).path).toBe(path),
  );

  test.each([
    ["/invoices/:id", { id: 7 }, "/invoices/7"],
    [
      "/invoices/:id/lines/:line?full=1&at=:id",
      { id: "a/b?c#d", line: "é %" },
      "/invoices/a%2Fb%3Fc%23d/lines/%C3%A9%20%25?full=1&at=:id",
    ],
    ["/files/*", { "*": "a%20b/c%2Fd?e" }, "/files/a%20b/c%2Fd%3Fe"],
    ["/files/*", { "*": "" }, "/files/"],
    ["/x/:id", { id: "\ud800" }, "/x/%EF%BF%BD"],
    ["/x/:id", { id: "//evil.example" }, "/x/%2F%2Fevil.example"],
    ["/:id", { id: "https://evil.example" }, "/https%3A%2F%2Fevil.example"],
  ])("has its parameters written in, percent-encoded: %s %j", async (path, params, expected) => {
    expect((await sent(path, { params: params as Record<string, string> })).path).toBe(expected);
  });

  test.each([
    ["/invoices/:id", {}],
    ["/invoices/:id", { id: "" }],
    ["/invoices/:id", { other: "1" }],
    ["/invoices/:id", { id: ".." }],
    ["/invoices/:id/lines", { id: "." }],
    ["/files/*", { "*": "../secrets" }],
    ["/files/*", { "*": "%2e%2E/secrets" }],
    ["/files/*", { "*": "a b" }],
    ["/files/*", { "*": "a#b" }],
    ["/files/*", {}],
    ["/files/*", { "*": "a/../../b" }],
    ["/*", { "*": "/evil.example" }],
    ["/x/:constructor", {}],
    ["/x/:toString", {}],
  ])("whose parameter is missing, or leads elsewhere, is INVALID: %s %j", async (path, params) => {
    await expect(sent(path, { params })).rejects.toMatchObject({ code: "INVALID" });
  });
});

describe("the time that it has", () => {
  test("is the run's, and the caller's own where that ends first", async () => {
    const run = new AbortController();
    const own = new AbortController();
    const both = await sent("/", { signal: own.signal }, invocation({ signal: run.signal }));
    expect(both.signal?.aborted).toBe(false);
    own.abort(new Error("own"));
    expect(both.signal?.reason).toEqual(new Error("own"));
    const alone = await sent("/", {}, invocation({ signal: run.signal }));
    run.abort(new Error("late"));
    expect(alone.signal?.reason).toEqual(new Error("late"));
  });
});

test("a reply of any status is what it is, a redirect too", async () => {
  const reply = new Response(null, { status: 302, headers: { location: "https://evil.example/" } });
  expect(await open(service("billing"), { call: async () => reply }).fetch("/")).toBe(reply);
});

test("is data for the build", () => {
  expect(service("billing")).toMatchObject({
    block: "invocation",
    component: "billing",
    right: "call",
    resource: "billing",
  });
  expect(service("billing", { component: "billing-app" })).toMatchObject({
    component: "billing-app",
    resource: "billing",
  });
});
