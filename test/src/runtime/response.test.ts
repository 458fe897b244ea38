// The lazy Response against the native one, and what a reply holds.
import { describe, expect, test } from "vitest";
import { Response as LazyResponse, toBuffered, toReply } from "../../../src/runtime/response.ts";

type Class = typeof Response;
const classes: readonly (readonly [string, Class])[] = [
  ["lazy", LazyResponse],
  ["native", Response],
];

/** What one call comes to with each of the two classes. */
function both(call: (R: Class) => unknown): [unknown, unknown] {
  const [lazy, native] = classes.map(([, R]) => {
    try {
      return call(R);
    } catch (error) {
      return error instanceof Error && error.constructor;
    }
  });
  return [lazy, native];
}

describe("made as natively", () => {
  const calls: Record<string, (R: Class) => Response> = {
    "a text": (R) => new R("grüße"),
    nothing: (R) => new R(),
    null: (R) => new R(null, { status: 204 }),
    "a text with a type of its own": (R) => new R("x", { headers: { "Content-Type": "text/html" } }),
    bytes: (R) => new R(new Uint8Array([1, 255])),
    "a view into a larger buffer": (R) => new R(new Uint8Array([1, 2, 3, 4]).subarray(1, 3)),
    words: (R) => new R(new Uint16Array([1, 2])),
    "a buffer": (R) => new R(new Uint8Array([1, 2]).buffer),
    "a form": (R) => new R(new URLSearchParams({ a: "1 2" })),
    "a blob": (R) => new R(new Blob(["x"], { type: "image/png" })),
    "a stream": (R) => new R(new Blob(["streamed"]).stream()),
    "a number": (R) => Reflect.construct(R, [5]),
    "an object": (R) => Reflect.construct(R, [{}]),
    "half a pair of surrogates": (R) => new R("\uD800"),
    JSON: (R) => R.json({ a: [1] }, { status: 201, statusText: "Made", headers: [["x-a", "1"]] }),
    "JSON with a type of its own": (R) => R.json(1, { headers: { "content-type": "application/problem+json" } }),
    "JSON null": (R) => R.json(null),
    "a redirect": (R) => R.redirect("http://h/a b", 308),
    "a redirect by default": (R) => R.redirect(new URL("http://h/")),
    "a status as text": (R) => Reflect.construct(R, ["", { status: "404" }]),
    "a status with a fraction": (R) => new R("", { status: 200.7 }),
    cookies: (R) =>
      new R("x", {
        headers: [
          ["set-cookie", "a=1"],
          ["x-b", "1"],
          ["Set-Cookie", "b=2"],
          ["x-b", "2"],
        ],
      }),
    "headers of another": (R) => new R("x", { headers: new R("y", { headers: { "x-a": "1" } }).headers }),
    "another as init": (R) => new R("x", new R("y", { status: 202, headers: { "x-a": "1" } })),
  };

  test.each(Object.entries(calls))("%s", async (_name, call) => {
    const replies = await Promise.all(
      classes.map(async ([, R]) => {
        const { body, ...rest } = toReply(call(R));
        return { ...rest, body: bytesOf(await toBuffered(body)) };
      }),
    );
    expect(replies[0]).toEqual(replies[1]);
    const keys = ["status", "ok", "statusText", "type", "url", "redirected", "bodyUsed"] as const;
    for (const key of keys) {
      const [lazy, native] = both((R) => call(R)[key]);
      expect(lazy, key).toBe(native);
    }
    expect(await call(LazyResponse).bytes()).toEqual(await call(Response).bytes());
    expect([...call(LazyResponse).clone().headers]).toEqual([...call(Response).clone().headers]);
  });

  const refused: Record<string, (R: Class) => unknown> = {
    "status 199": (R) => new R("", { status: 199 }),
    "status 600": (R) => new R("", { status: 600 }),
    "status NaN": (R) => new R("", { status: Number.NaN }),
    "a body with 204": (R) => new R("", { status: 204 }),
    "a body with 205": (R) => new R("x", { status: 205 }),
    "a body with 304": (R) => new R(new Uint8Array(), { status: 304 }),
    "JSON with 204": (R) => R.json(1, { status: 204 }),
    "JSON of undefined": (R) => R.json(undefined),
    "JSON of a function": (R) => R.json(() => 1),
    "statusText of two lines": (R) => new R("", { statusText: "a\nb" }),
    "statusText beyond bytes": (R) => new R("", { statusText: "€" }),
    "a bad header": (R) => new R("", { headers: { "a b": "1" } }),
    "a locked stream": (R) => {
      const stream = new ReadableStream();
      stream.getReader();
      return new R(stream);
    },
    "a redirect to no URL": (R) => R.redirect("/x"),
    "a redirect with 200": (R) => R.redirect("http://h/", 200),
    "a change to a redirect": (R) => R.redirect("http://h/").headers.set("a", "b"),
    "a second class call": (R) => Reflect.apply(R, undefined, []),
  };

  test.each(Object.entries(refused))("refused: %s", (_name, call) => {
    const [lazy, native] = both(call);
    expect(lazy).toBe(native);
    expect(Object.getPrototypeOf(lazy) === Error || lazy === Error).toBe(true);
  });
});

describe("the lazy one", () => {
  test("is a Response to both, and both are to it", () => {
    expect(LazyResponse.json(1) instanceof Response).toBe(true);
    expect(new Response() instanceof LazyResponse).toBe(true);
    expect({} instanceof LazyResponse).toBe(false);
    expect(String(LazyResponse.json(1))).toBe("[object Response]");
  });

  test("can be subclassed", async () => {
    class Problem extends LazyResponse {
      get isProblem(): boolean {
        return true;
      }
    }
    const problem = new Problem("x", { status: 400 });
    expect([problem.isProblem, problem instanceof Problem, problem instanceof Response]).toEqual([true, true, true]);
    expect(new LazyResponse() instanceof Problem).toBe(false);
    expect(toReply(problem)).toMatchObject({ status: 400, body: "x" });
    expect(await problem.text()).toBe("x");
  });

  test("keeps what it was made from", () => {
    const bytes = new Uint8Array([1, 2]);
    const headers: Record<string, string> = { a: "1" };
    const response = new LazyResponse(bytes, { headers });
    bytes.fill(9);
    headers["a"] = "2";
    expect(toReply(response)).toMatchObject({ headers: [["a", "1"]], body: new Uint8Array([1, 2]) });
  });

  test("its headers can be changed until it is sent, read or not", async () => {
    const response = LazyResponse.json({ a: 1 });
    response.headers.set("content-type", "application/x");
    expect(await response.clone().json()).toEqual({ a: 1 });
    expect(response.body).not.toBeNull();
    response.headers.append("set-cookie", "a=1");
    expect(response.clone().headers.getSetCookie()).toEqual(["a=1"]);
    expect(toReply(response)).toMatchObject({ headers: [["content-type", "application/x"]], cookies: ["a=1"] });
  });

  test("a removed content-type stays removed", async () => {
    const response = new LazyResponse("x");
    response.headers.delete("content-type");
    expect(toReply(response.clone()).headers).toEqual([]);
    expect(response.body).not.toBeNull();
    expect(toReply(response).headers).toEqual([]);
  });

  test("its body passes on into another response", async () => {
    const first = LazyResponse.json({ a: 1 });
    const second = new LazyResponse(first.body, first);
    expect(toReply(second).headers).toEqual([["content-type", "application/json"]]);
    expect(await toBuffered(toReply(second).body)).toBe('{"a":1}');
  });
});

describe("toReply", () => {
  test.each(classes)("refuses what was read already: %s", async (_name, R) => {
    const read = new R("x");
    await read.text();
    expect(() => toReply(read)).toThrow(TypeError);
    const locked = new R(new ReadableStream());
    locked.body?.getReader();
    expect(() => toReply(locked)).toThrow(/clone/);
    expect(() => toReply(R.error())).toThrow(TypeError);
  });

  test("refuses a stream that somebody else reads", () => {
    const stream = new ReadableStream();
    const response = new LazyResponse(stream);
    stream.getReader();
    expect(() => toReply(response)).toThrow(/clone/);
  });

  test("hands a stream on as it is", () => {
    const stream = new ReadableStream();
    expect(toReply(new LazyResponse(stream)).body).toBe(stream);
  });
});

describe("toBuffered", () => {
  test("is text where the bytes are UTF-8, the byte order mark kept, and bytes else", async () => {
    expect(toBuffered(undefined)).toBeUndefined();
    expect(toBuffered("x")).toBe("x");
    expect(toBuffered(new Uint8Array([0xef, 0xbb, 0xbf, 0x78]))).toBe("\uFEFFx");
    expect(toBuffered(new Uint8Array([0xff]))).toEqual(new Uint8Array([0xff]));
    const stream = new ReadableStream({
      start(controller) {
        for (const byte of new TextEncoder().encode("grüße")) controller.enqueue(new Uint8Array([byte]));
        controller.close();
      },
    });
    expect(await toBuffered(stream)).toBe("grüße");
  });
});

function bytesOf(body: string | Uint8Array | undefined): Uint8Array {
  return typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body ?? []);
}
