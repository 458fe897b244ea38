// The names that a build binds: no global changed, no undici loaded, and native and lazy things know each other.
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as bound from "../../../src/runtime/globals.ts";
import { toRequest } from "../../../src/runtime/request.ts";

const post = (url = "http://h/x"): Request =>
  toRequest({ method: "POST", url: () => url, headers: { "x-id": "7" }, body: "abc" });

describe("Request", () => {
  test("takes a lazy request, alone and with an init", async () => {
    const copy = new bound.Request(post());
    expect([copy.method, copy.headers.get("x-id"), await copy.text()]).toEqual(["POST", "7", "abc"]);
    expect(new bound.Request(post(), { headers: { a: "1" } }).headers.get("a")).toBe("1");
    expect(new bound.Request("http://h/y").url).toBe("http://h/y");
    expect(new bound.Request(new Request("http://h/y")).url).toBe("http://h/y");
    expect(() => Reflect.construct(bound.Request, [])).toThrow(TypeError);
  });

  test("knows native, lazy and its own as instances, and the global knows them", () => {
    for (const request of [post(), new Request("http://h/"), new bound.Request("http://h/")]) {
      expect(request instanceof bound.Request).toBe(true);
      expect(request instanceof Request).toBe(true);
    }
    expect({} instanceof bound.Request).toBe(false);
    expect(bound.Request.prototype).toBe(Request.prototype);
  });

  test("can be subclassed", async () => {
    class Marked extends bound.Request {
      get mark(): string {
        return `${this.method}!`;
      }
    }
    const marked = new Marked(post());
    expect([marked.mark, await marked.text()]).toEqual(["POST!", "abc"]);
    expect(marked instanceof Marked).toBe(true);
    expect(marked instanceof Request).toBe(true);
    expect(post() instanceof Marked).toBe(false);
  });
});

describe("Headers and Response", () => {
  test("are known as instances in both directions", () => {
    expect(new bound.Headers() instanceof Headers).toBe(true);
    expect(new Headers() instanceof bound.Headers).toBe(true);
    expect(post().headers instanceof bound.Headers).toBe(true);
    expect(new bound.Response() instanceof Response).toBe(true);
    expect(new Response() instanceof bound.Response).toBe(true);
    class Mine extends bound.Headers {}
    expect(new Mine({ a: "1" }).get("a")).toBe("1");
    expect(new bound.Headers() instanceof Mine).toBe(false);
  });
});

describe("fetch", () => {
  const server = createServer(async (request, response) => {
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part);
    response.end(`${request.method} ${request.headers["x-id"]} ${Buffer.concat(parts)}`);
  });
  let origin = "";
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test("sends a lazy request, and an init with bound headers", async () => {
    expect(await (await bound.fetch(post(origin))).text()).toBe("POST 7 abc");
    const headers = new bound.Headers({ "X-Id": "8" });
    expect(await (await bound.fetch(origin, { method: "PUT", headers, body: "x" })).text()).toBe("PUT 8 x");
    expect((await bound.fetch(origin)) instanceof bound.Response).toBe(true);
  });
});

describe("the cold path", () => {
  const run = promisify(execFile);
  const source = (file: string): string =>
    JSON.stringify(fileURLToPath(new URL(`../../../src/runtime/${file}`, import.meta.url)));

  async function undici(script: string): Promise<number> {
    const code = `${script}
      console.log(process.moduleLoadList.filter((name) => name.includes("undici")).length);`;
    const { stdout } = await run(process.execPath, ["--no-warnings", "--input-type=module", "-e", code]);
    return Number(stdout);
  }

  test("loads no undici, from import to reply", async () => {
    const script = `
      import { fetch, Headers, Request, Response } from ${source("globals.ts")};
      import { toReply, toBuffered } from ${source("response.ts")};
      import { bodyOf, sizeOf, toRequest } from ${source("request.ts")};
      import { fromBinary, fromStructured } from ${source("cloudevent.ts")};
      import { fromNode } from ${source("node-http.ts")};
      import { createRouter } from ${source("router.ts")};
      createRouter([{ method: "POST", path: "/:id" }]).match("POST", "/x");
      fromStructured("{}"), fromBinary({}, undefined);
      const { request } = fromNode({ method: "POST", url: "/x", headers: { host: "h" } }, Buffer.from("1"));
      await request.json();
      const lazy = toRequest({ method: "POST", url: () => "http://h/", headers: { a: "1" }, body: "{}" });
      lazy.headers.get("a"), lazy.headers.get("none"), [...lazy.headers], lazy.headers.set("b", "2"), lazy.url, lazy.clone();
      bodyOf(lazy), sizeOf(lazy), await lazy.json();
      if (!(lazy instanceof Request) || !(lazy.headers instanceof Headers)) throw new Error("no instance");
      const response = Response.json({ a: 1 }, { status: 201, headers: new Headers({ c: "3" }) });
      if (!(response instanceof Response)) throw new Error("no instance");
      response.headers.set("d", "4");
      await toBuffered(toReply(response).body);
      toReply(Response.redirect("http://h/")), toReply(new Response(null, { status: 204 }));
      await toBuffered(toReply(new Response(new ReadableStream({ start: (c) => c.close() }))).body);`;
    expect(await undici(script)).toBe(0);
  });

  test("would have noticed: the global one loads it", async () => {
    expect(await undici("globalThis.Response.json(1);")).toBeGreaterThan(0);
    const script = `import { toRequest } from ${source("request.ts")};
      toRequest({ method: "GET", url: () => "http://h/", headers: {}, body: undefined }).signal;`;
    expect(await undici(script)).toBeGreaterThan(0);
  });

  test("changes no global", async () => {
    const before = [Request, Response, Headers, fetch];
    await import("../../../src/runtime/globals.ts");
    expect([globalThis.Request, globalThis.Response, globalThis.Headers, globalThis.fetch]).toEqual(before);
  });
});
