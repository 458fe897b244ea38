// The lazy Request against the native one.
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bodyOf, type RequestParts, sizeOf, toNative, toRequest } from "../../../src/runtime/request.ts";
import { Response as LazyResponse } from "../../../src/runtime/response.ts";

const url = "http://h:8080/a%20b/c?x=1&x=2";
const headers = { "content-type": "application/json", "x-id": "7" };
const post = (body: RequestParts["body"], more: Partial<RequestParts> = {}): Request =>
  toRequest({ method: "POST", url: () => url, headers, body, ...more });

const reads = ["text", "json", "bytes", "arrayBuffer", "blob"] as const;

async function outcome(read: () => Promise<unknown>): Promise<unknown> {
  try {
    const result = await read();
    if (result instanceof Blob) return { result: await result.text() };
    return { result: result instanceof ArrayBuffer ? new Uint8Array(result) : result };
  } catch (error) {
    return { error: error instanceof Error && error.constructor };
  }
}

describe("what is read", () => {
  // Not two marks in a row: Node takes off both, the standard one, and so do we.
  const bodies = fc.oneof(
    fc.constantFrom(undefined, "", '{"a":1}', "\uFEFF[1]", "\uD800", "{bad", "null"),
    fc.string({ unit: "binary" }),
    fc.uint8Array({ maxLength: 6 }),
    fc.constantFrom(new Uint8Array([0xef, 0xbb, 0xbf, 0x31]), new Uint8Array([0xff, 0x31])),
  );

  test.each(reads)("%s() answers as natively, also the second time", async (read) => {
    await fc.assert(
      fc.asyncProperty(bodies, fc.constantFrom("POST", "GET", "HEAD", "DELETE"), async (body, method) => {
        const bare = method === "GET" || method === "HEAD" || body === undefined;
        const lazy = post(body, { method });
        const native = new Request(url, {
          method,
          headers,
          ...(bare ? {} : { body: new Blob([new Uint8Array(bytes(body))]) }),
        });
        expect(lazy.bodyUsed).toBe(false);
        for (let time = 0; time < 2; time++) {
          expect(await outcome(() => lazy[read]())).toEqual(await outcome(() => native[read]()));
          expect(lazy.bodyUsed).toBe(native.bodyUsed);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("half a pair of surrogates is replaced, as natively", async () => {
    expect(await post("a\uD800").text()).toBe("a\uFFFD");
    expect(await toNative(post("a\uD800")).text()).toBe("a\uFFFD");
  });

  test("base64 is decoded", async () => {
    const body = Buffer.from("grüße").toString("base64");
    expect(await post(body, { base64: true }).text()).toBe("grüße");
    expect(await post(body, { base64: true }).bytes()).toEqual(new TextEncoder().encode("grüße"));
    expect(sizeOf(post(body, { base64: true }))).toBe(7);
    expect(Buffer.from((await bodyOf(post(body, { base64: true }))) ?? "").toString()).toBe("grüße");
    expect(await toNative(post(body, { base64: true })).text()).toBe("grüße");
  });

  test("bad JSON is a SyntaxError, a second read a TypeError", async () => {
    await expect(post("{bad").json()).rejects.toThrow(SyntaxError);
    const request = post("1");
    await request.json();
    await expect(request.text()).rejects.toThrow(new TypeError("Body is unusable: Body has already been read"));
  });

  test("what is read is a copy of what the host holds", async () => {
    const body = Buffer.from("abc");
    const request = post(body);
    (await request.bytes()).fill(0);
    expect(body.toString()).toBe("abc");
    expect((await post(body).arrayBuffer()).byteLength).toBe(3);
  });
});

describe("beside the body", () => {
  test("method, URL and headers, the URL as natively written and asked for once", () => {
    let asked = 0;
    const request = post(undefined, { url: () => `http://H/a b/../c?x y#${++asked}` });
    expect(asked).toBe(0);
    expect([request.url, request.url]).toEqual(["http://h/c?x%20y#1", "http://h/c?x%20y#1"]);
    expect(request.method).toBe("POST");
    expect(request.headers).toBe(request.headers);
    request.headers.set("x-new", "1");
    expect(request.headers.get("x-new")).toBe("1");
    expect(headers).not.toHaveProperty("x-new");
  });

  test("is a Request, and its headers are Headers", () => {
    const request = post("x");
    expect(request instanceof Request).toBe(true);
    expect(request.headers instanceof Headers).toBe(true);
    expect(String(request)).toBe("[object Request]");
  });

  test("every member of the native one is there, and answers alike", () => {
    const [lazy, native] = [post("x"), new Request(url, { method: "POST", headers, body: new Uint8Array([120]) })];
    const apart = new Set(["constructor", "headers", "body", "signal", "isReloadNavigation", "isHistoryNavigation"]);
    for (const key of Object.getOwnPropertyNames(Request.prototype).filter((name) => !apart.has(name))) {
      const [ours, theirs] = [Reflect.get(lazy, key), Reflect.get(native, key)];
      if (typeof theirs === "function") expect(typeof ours, key).toBe("function");
      else expect(ours, key).toBe(theirs);
    }
    expect(lazy.signal.aborted).toBe(false);
    expect(lazy.body).toBeInstanceOf(ReadableStream);
  });
});

test("the console shows the native ones", () => {
  const native = new Request(url, { method: "POST", headers, body: new Uint8Array([120]) });
  expect(inspect(post("x").headers)).toBe(inspect(native.headers));
  expect(inspect(post("x"))).toContain(url);
  expect(inspect(LazyResponse.json(1))).toContain("status: 200");
});

describe("clone", () => {
  test("is lazy, and reads and writes for itself", async () => {
    const request = post("abc");
    request.headers.set("x-id", "8");
    const copy = request.clone();
    copy.headers.set("x-id", "9");
    expect([await copy.text(), await request.text()]).toEqual(["abc", "abc"]);
    expect([request.headers.get("x-id"), copy.headers.get("x-id")]).toEqual(["8", "9"]);
    expect([copy.url, copy.method]).toEqual([url, "POST"]);
    expect(() => request.clone()).toThrow(TypeError);
  });

  test("of one that is native by now", async () => {
    const request = post("abc");
    expect(request.body).not.toBeNull();
    expect([await request.clone().text(), await request.text()]).toEqual(["abc", "abc"]);
  });
});

describe("toNative", () => {
  test("is one and the same native request, which holds the body from then on", async () => {
    const request = post("abc");
    request.headers.set("x-id", "8");
    const native = toNative(request);
    expect(toNative(request)).toBe(native);
    expect(toNative(native)).toBe(native);
    expect([...native.headers]).toEqual([
      ["content-type", "application/json"],
      ["x-id", "8"],
    ]);
    expect(await native.text()).toBe("abc");
    expect(request.bodyUsed).toBe(true);
    await expect(request.text()).rejects.toThrow(TypeError);
    native.headers.set("x-id", "9");
    expect(request.headers.get("x-id")).toBe("9");
  });

  test("adds no content-type of its own", () => {
    expect([...toNative(post("abc", { headers: {} })).headers]).toEqual([]);
  });

  test("of one that was read is one that was read", async () => {
    const request = post("abc");
    await request.text();
    expect(toNative(request).bodyUsed).toBe(true);
    await expect(request.blob()).rejects.toThrow(TypeError);
    expect(() => new Request(toNative(request))).toThrow(TypeError);
  });

  test("is what a form is read by", async () => {
    const request = post("a=1&b=%20", { headers: { "content-type": "application/x-www-form-urlencoded" } });
    expect([...(await request.formData())]).toEqual([
      ["a", "1"],
      ["b", " "],
    ]);
  });

  test("a native request takes a lazy one as its init", async () => {
    const copy = new Request("http://other/", post("abc"));
    expect([copy.method, copy.headers.get("x-id"), await copy.text()]).toEqual(["POST", "7", "abc"]);
  });
});

describe("bodyOf and sizeOf", () => {
  test("leave the body unread", async () => {
    const lazy = post("grüße");
    expect([bodyOf(lazy), sizeOf(lazy)]).toEqual(["grüße", 7]);
    const native = new Request(url, { method: "POST", body: "grüße" });
    expect(Buffer.from((await bodyOf(native)) ?? "").toString()).toBe("grüße");
    expect(sizeOf(native)).toBeUndefined();
    expect([await lazy.text(), await native.text()]).toEqual(["grüße", "grüße"]);
    expect(bodyOf(lazy)).toBe("grüße");
    await expect(bodyOf(native)).rejects.toThrow(TypeError);
  });

  test("no body is none, and GET drops what came along", () => {
    for (const request of [post(undefined), post("x", { method: "GET" }), new Request(url)]) {
      expect([bodyOf(request), sizeOf(request)]).toEqual([undefined, 0]);
    }
    expect(sizeOf(post(new Uint8Array(5)))).toBe(5);
  });
});

function bytes(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? new TextEncoder().encode(body) : body;
}
