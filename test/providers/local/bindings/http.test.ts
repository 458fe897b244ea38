// What `bindings.http` sends, where it may send it, and what it makes of the answer.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { create } from "../../../../providers/local/bindings/http.ts";
import type { Binding } from "../../../../src/provider.ts";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

async function serve(
  answer: (seen: Seen, response: ServerResponse, request: IncomingMessage) => void,
): Promise<{ readonly url: string; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { method = "", url = "", headers } = request;
    const one = { method, url, headers, body: Buffer.concat(parts).toString() };
    seen.push(one);
    answer(one, response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

type Service = Binding & Required<Pick<Binding, "create" | "get" | "delete" | "invoke">>;

async function open(url: string, metadata: Record<string, string> = {}): Promise<Service> {
  return (await create({ name: "hook", service: "tests", metadata: { url, ...metadata } })) as Service;
}

const bytes = (text: string): { bytes: Uint8Array } => ({ bytes: new TextEncoder().encode(text) });

test("create posts the data with its type; a key is a path below the url", async () => {
  const { url, seen } = await serve((_seen, response) => response.writeHead(201).end());
  const hook = await open(`${url}/base/`);
  expect(await hook.create({ value: { json: '{"a":1.50}' } })).toEqual({});
  expect(
    await hook.create({ value: bytes("é"), contentType: "text/plain", metadata: { "x-a": "1" } }, { key: "a b/ü?#" }),
  ).toEqual({
    key: "a b/ü?#",
  });
  expect(
    seen.map(({ method, url, headers, body }) => [method, url, headers["content-type"], headers["x-a"], body]),
  ).toEqual([
    ["POST", "/base/", "application/json", undefined, '{"a":1.50}'],
    ["POST", "/base/a%20b/%C3%BC%3F%23", "text/plain", "1", "é"],
  ]);
});

test("get and delete go by the key; what is not found is undefined and false", async () => {
  const { url } = await serve(({ method, url }, response) => {
    if (url === "/none") response.writeHead(404).end("no");
    else if (url === "/bad") response.writeHead(500).end();
    else if (method === "GET") response.writeHead(200, { "content-type": "text/x" }).end("found");
    else response.writeHead(204).end();
  });
  const hook = await open(url);
  expect(await hook.get("k")).toEqual({ key: "k", value: bytes("found"), contentType: "text/x" });
  expect([await hook.get("none"), await hook.delete("none"), await hook.delete("k")]).toEqual([undefined, false, true]);
  for (const work of [hook.get("bad"), hook.delete("bad")])
    await expect(work).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("Dapr's operations, paths and headers", async () => {
  const { url, seen } = await serve((_seen, response) => response.writeHead(200, { "x-reply": "yes" }).end("out"));
  const hook = await open(`${url}/v1`);
  for (const operation of ["create", "get", "head", "post", "put", "patch", "delete", "options"])
    await hook.invoke({
      operation,
      data: bytes("in"),
      metadata: { path: "/orders?x=1", Accept: "text/x", traceparent: "no" },
    });
  expect(seen.map(({ method }) => method)).toEqual([
    "POST",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
  ]);
  expect(new Set(seen.map((one) => one.url))).toEqual(new Set(["/v1/orders?x=1"]));
  expect(seen.map(({ headers }) => headers["accept"])).toEqual(seen.map(() => "text/x"));
  expect(seen.some(({ headers }) => "traceparent" in headers)).toBe(false);
  expect(seen.map(({ body }) => body)).toEqual(["in", "", "", "in", "in", "in", "in", "in"]);
  const reply = await hook.invoke({ operation: "get" });
  expect(Buffer.from(reply.data && "bytes" in reply.data ? reply.data.bytes : []).toString()).toBe("out");
  expect(reply.metadata).toMatchObject({ statusCode: "200", status: "200 OK", "x-reply": "yes" });
  expect(seen.at(-1)?.url).toBe("/v1");
});

test("a status that is no success is an error by its meaning, unless the component or the call says otherwise", async () => {
  const { url } = await serve(({ url }, response) => response.writeHead(Number(url.slice(1))).end("body"));
  const hook = await open(url);
  for (const [status, code] of [
    [400, "INVALID"],
    [401, "UNAUTHENTICATED"],
    [403, "DENIED"],
    [404, "NOT_FOUND"],
    [409, "CONFLICT"],
    [429, "THROTTLED"],
    [500, "UNAVAILABLE"],
    [503, "UNAVAILABLE"],
    [302, "INTERNAL"],
  ] as const) {
    const asked = { operation: "post", metadata: { path: `${status}` } };
    await expect(hook.invoke(asked), `${status}`).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`${status}`),
    });
    const told = await hook.invoke({ ...asked, metadata: { ...asked.metadata, errorIfNot2XX: "false" } });
    expect(told.metadata["statusCode"]).toBe(`${status}`);
  }
  const lenient = await open(url, { errorIfNot2XX: "false" });
  expect((await lenient.invoke({ operation: "get", metadata: { path: "500" } })).metadata["statusCode"]).toBe("500");
});

test("a redirect is not followed, and the token goes nowhere else", async () => {
  const elsewhere = await serve((_seen, response) => response.end("stolen"));
  const { url, seen } = await serve((_seen, response) => response.writeHead(307, { location: elsewhere.url }).end());
  const hook = await open(url, { securityToken: "s3cret", securityTokenHeader: "X-Token", errorIfNot2XX: "false" });
  const { metadata } = await hook.invoke({ operation: "post", data: bytes("x"), metadata: { "X-Token": "mine" } });
  expect([metadata["statusCode"], seen[0]?.headers["x-token"]]).toEqual(["307", "s3cret"]);
  expect(elsewhere.seen).toEqual([]);
});

test("no path and no key leads out of the url", async () => {
  const { url, seen } = await serve((_seen, response) => response.end());
  const hook = await open(`${url}/base`);
  const paths = ["../x", "a/../../x", "..\\x", "%2e%2e/x", ".%2E/x", "./x", "a/..", ".\t./x", "%2e"];
  for (const path of paths) {
    const refused = { code: "INVALID", message: expect.stringContaining("leads out") };
    await expect(hook.invoke({ operation: "get", metadata: { path } }), path).rejects.toMatchObject(refused);
  }
  for (const key of ["../x", "..", ".", "a/./b"])
    await expect(hook.get(key), key).rejects.toMatchObject({ code: "INVALID" });
  expect(seen).toEqual([]);
  for (const path of [
    "//evil.example/x",
    "@evil.example",
    "http://evil.example",
    ":80@evil.example",
    "\\\\evil.example",
  ])
    await hook.invoke({ operation: "get", metadata: { path } });
  await hook.get("%2e%2e/x");
  expect(seen).toHaveLength(6);
  for (const one of seen) expect(one.url).toMatch(/^\/base\//);
});

test("a server that never answers: the invocation's end, and the component's own", async () => {
  const { url } = await serve(() => {});
  const controller = new AbortController();
  const given = (await open(url)).invoke({ operation: "get" }, { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("the deadline")), 20);
  await expect(given).rejects.toThrow("the deadline");
  const own = await open(url, { responseTimeout: "20ms" });
  await expect(own.create({ value: bytes("x") })).rejects.toMatchObject({ code: "TIMEOUT" });
});

test("nobody there, and a connection that breaks, are UNAVAILABLE", async () => {
  const { url } = await serve((_seen, _response, request) => request.socket.destroy());
  await expect((await open(url)).get("k")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect((await open("http://127.0.0.1:1")).get("k")).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("an answer larger than it may be is not kept", async () => {
  const { url } = await serve((_seen, response) => response.end("x".repeat(2_000)));
  await expect((await open(url, { maxResponseBodySize: "1Ki" })).get("k")).rejects.toMatchObject({
    message: expect.stringContaining("larger than 1024 bytes"),
  });
  expect(await (await open(url, { maxResponseBodySize: "2k" })).get("k")).toMatchObject({ key: "k" });
});

test.each<[string, Record<string, string>, RegExp]>([
  ["no address", { url: "a.example" }, /http:\/\/ or https:\/\//],
  ["another scheme", { url: "file:///etc/passwd" }, /http:\/\/ or https:\/\//],
  ["a password in it", { url: "https://me:hunter2@a.example" }, /securityToken/],
  ["half of a token", { url: "https://a.example", securityToken: "hunter2" }, /go together/],
  ["no size", { url: "https://a.example", maxResponseBodySize: "huge" }, /maxResponseBodySize/],
])("metadata that cannot be: %s", async (_what, metadata, message) => {
  const making = (async () => create({ name: "hook", service: "tests", metadata }))();
  const error: unknown = await making.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "MISCONFIGURED", message: expect.stringMatching(message) });
  expect(String(error)).not.toContain("hunter2");
});
