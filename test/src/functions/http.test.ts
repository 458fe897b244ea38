// Functions that answer a web request.
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createOn } from "../../../providers/local/state/in-memory.ts";
import { type ErrorCode, FaastenError } from "../../../src/errors.ts";
import * as http from "../../../src/functions/http.ts";
import { Response as LazyResponse } from "../../../src/runtime/response.ts";
import { bound } from "../runtime/stand-ins.ts";
import { calling } from "./calling.ts";

const json = { "content-type": "application/json" };

describe("a path and a method", () => {
  test("reach the handler with what the path holds", async () => {
    const { request } = calling(
      http.get("/orders/:id/files/*", (_request, { params }) => LazyResponse.json({ ...params })),
    );
    expect((await request("/orders/a%20b%2Fc/files/x/y%20z")).json).toEqual({ id: "a b/c", "*": "x/y%20z" });
    expect((await request("/orders/1/files")).json).toEqual({ id: "1", "*": "" });
  });

  test("that are not the function's are refused: 404, 405 with allow, 400 for a broken encoding", async () => {
    const { request, lines } = calling(http.post("/orders", () => new LazyResponse("in")));
    expect(await request("/other", { method: "POST" })).toMatchObject({ status: 404, json: { code: "NOT_FOUND" } });
    const wrong = await request("/orders");
    expect(wrong).toMatchObject({ status: 405, json: { code: "UNSUPPORTED", status: 405 } });
    expect(wrong.headers.get("allow")).toBe("POST");
    expect(wrong.headers.get("content-type")).toBe("application/problem+json");
    expect(await request("/%zz", { method: "POST" })).toMatchObject({ status: 400, json: { code: "INVALID" } });
    expect(lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  test.each([
    ["GET", http.get],
    ["HEAD", http.head],
    ["POST", http.post],
    ["PUT", http.put],
    ["PATCH", http.patch],
    ["DELETE", http.delete],
  ] as const satisfies readonly (readonly [string, http.HttpMethod])[])(
    "%s alone is taken by its own",
    async (method, own) => {
      const define: http.HttpMethod = own;
      const { request } = calling(
        define("/", (got) => new LazyResponse(null, { headers: { "x-method": got.method } })),
      );
      for (const each of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        const { status, headers } = await request("/", { method: each });
        expect([each, status, headers.get("x-method")]).toEqual(
          each === method ? [each, 200, method] : [each, 405, null],
        );
      }
    },
  );

  test("http.any takes every method", async () => {
    const { request } = calling(http.any("/*", (got) => new LazyResponse(got.method)));
    for (const method of ["GET", "POST", "OPTIONS", "PURGE"])
      expect((await request("/x/y", { method })).text).toBe(method);
  });

  test("of an event reach no handler", async () => {
    const { deliver } = calling(http.get("/", () => new LazyResponse("never")));
    const event = { specversion: "1.0", id: "1", source: "s", type: "t" } as const;
    expect(await deliver({ kind: "event", event })).toEqual([{ kind: "dead", reason: "this function takes requests" }]);
  });
});

describe("http.fetch", () => {
  test("hands the native Request over, body and all", async () => {
    const { request } = calling(
      http.fetch("/*", { access: "public" }, async (got) => {
        expect(Object.getPrototypeOf(got)).toBe(globalThis.Request.prototype);
        return new Response(`${got.method} ${got.url} ${await got.text()}`);
      }),
    );
    expect((await request("/a?b=1", { method: "POST", body: "hello" })).text).toBe("POST http://host/a?b=1 hello");
    expect((await request("/a", { method: "POST", body: "hello", native: true })).text).toBe(
      "POST http://host/a hello",
    );
  });
});

describe("a body", () => {
  const Order = z.object({ id: z.string(), total: z.coerce.number() });
  const order = () => calling(http.post("/", { body: Order }, (_request, { body }) => LazyResponse.json(body)));

  test("is given as its schema gives it back", async () => {
    expect((await order().request("/", { method: "POST", body: '{"id":"1","total":"7"}' })).json).toEqual({
      id: "1",
      total: 7,
    });
    expect((await order().request("/", { method: "POST", body: '{"id":"1","total":"7"}', native: true })).json).toEqual(
      { id: "1", total: 7 },
    );
  });

  test("that does not fit is a 400 with what is wrong, and no failure of the function", async () => {
    const { request, lines } = order();
    const reply = await request("/", { method: "POST", body: '{"total":"x"}' });
    expect(reply).toMatchObject({
      status: 400,
      json: { code: "INVALID", issues: [{ path: "id" }, { path: "total" }] },
    });
    expect(lines).toMatchObject([{ level: "info", message: "refused" }]);
  });

  test.each(["", "{", "undefined", new Uint8Array([0xff, 0xfe])])("that is no JSON (%j) is a 400", async (body) => {
    const expected = { status: 400, json: { code: "INVALID", detail: "the body is not JSON" } };
    expect(await order().request("/", { method: "POST", body })).toMatchObject(expected);
    const reading = calling(http.post("/", async (request) => LazyResponse.json(await request.json())));
    expect(await reading.request("/", { method: "POST", body })).toMatchObject(expected);
    const cloning = calling(http.post("/", async (request) => LazyResponse.json(await request.clone().json())));
    expect(await cloning.request("/", { method: "POST", body })).toMatchObject(expected);
  });

  test("of somebody else that is no JSON is the function's own failure", async () => {
    const { request } = calling(http.post("/", async () => LazyResponse.json(JSON.parse("{"))));
    expect(await request("/", { method: "POST", body: "{}" })).toMatchObject({
      status: 500,
      json: { code: "INTERNAL" },
    });
  });

  test("over the limit is a 413 by us, before the handler, and also where its size is known only once it is read", async () => {
    let handled = 0;
    const definition = http.post("/", { body: z.unknown() }, () => LazyResponse.json({ handled: ++handled }));
    const { request } = calling(definition);
    const body = `"${"x".repeat(4 * 1024 * 1024)}"`;
    for (const native of [false, true]) {
      const reply = await request("/", { method: "POST", body, ...(native && { native }) });
      expect(reply).toMatchObject({ status: 413, json: { code: "TOO_LARGE" } });
    }
    expect(handled).toBe(0);
    expect((await request("/", { method: "POST", body: body.slice(3).replace("x", '"x') })).status).toBe(200);
  });
});

describe("what a handler gives or throws", () => {
  test.each<[string, unknown, string]>([
    ["nothing", undefined, "nothing"],
    ["null", null, "null"],
    ["a text", "hello", "a string"],
    ["plain data", { status: 200 }, "an object"],
    ["Response.error()", Response.error(), "Response.error(), which stands for a failed fetch"],
  ])("%s is a 500, and the log says so", async (_what, given, words) => {
    const { request, lines } = calling(http.get("/", () => given as Response));
    const reply = await request("/");
    expect(reply).toMatchObject({ status: 500, json: { code: "INTERNAL" } });
    expect(lines).toMatchObject([
      { level: "error", message: "failed", error: { message: `work gave ${words}: return a Response` } },
    ]);
  });

  test("a Response that was read already is a 500 too", async () => {
    const { request, lines } = calling(
      http.get("/", async () => {
        const response = new Response("x");
        await response.text();
        return response;
      }),
    );
    expect((await request("/")).status).toBe(500);
    expect(lines).toMatchObject([{ error: { message: expect.stringContaining("was read already") } }]);
  });

  test.each<[ErrorCode, number]>([
    ["INVALID", 400],
    ["UNAUTHENTICATED", 401],
    ["DENIED", 403],
    ["NOT_FOUND", 404],
    ["ALREADY_EXISTS", 409],
    ["CONFLICT", 409],
    ["TOO_LARGE", 413],
    ["THROTTLED", 429],
    ["UNSUPPORTED", 501],
    ["UNAVAILABLE", 503],
    ["TIMEOUT", 504],
  ])("%s is a %i, with its message", async (code, status) => {
    const { request, lines } = calling(
      http.get("/", () => {
        throw new FaastenError(code, "what and where");
      }),
    );
    const reply = await request("/");
    expect(reply).toMatchObject({
      status,
      json: { status, code, detail: "what and where", instance: expect.any(String) },
    });
    expect(lines).toMatchObject([{ level: status < 500 ? "info" : "error", invocation: reply.json["instance"] }]);
  });

  test.each<[ErrorCode, number, ErrorCode]>([
    ["DENIED", 500, "INTERNAL"],
    ["UNAUTHENTICATED", 500, "INTERNAL"],
    ["INVALID", 500, "INTERNAL"],
    ["THROTTLED", 429, "THROTTLED"],
    ["UNAVAILABLE", 503, "UNAVAILABLE"],
    ["TIMEOUT", 504, "TIMEOUT"],
  ])("%s of a service behind a component is a %i, and tells nothing of it", async (code, status, said) => {
    const { request, lines } = calling(
      http.get("/", () => {
        throw new FaastenError(code, "role arn:aws:iam::1 may not", { inner: true });
      }),
    );
    const reply = await request("/");
    expect(reply).toMatchObject({ status, json: { status, code: said } });
    expect(reply.text).not.toContain("arn:");
    expect(reply.headers.get("www-authenticate")).toBeNull();
    expect(lines).toMatchObject([{ error: { message: "role arn:aws:iam::1 may not" } }]);
  });

  test.each<[string, unknown]>([
    ["an error", new TypeError("the inside: db.internal:5432")],
    ["one of ours that is about the inside", new FaastenError("MISCONFIGURED", "the inside")],
    ["a text", "the inside"],
    ["nothing", undefined],
    ["what has no text", Object.create(null)],
  ])("%s that is unexpected says nothing of the inside, and where to find it", async (_what, thrown) => {
    const { request, lines } = calling(
      http.get("/", () => {
        throw thrown;
      }),
    );
    const reply = await request("/");
    expect(reply).toMatchObject({ status: 500, json: { code: "INTERNAL" } });
    expect(reply.text).not.toContain("inside");
    expect(lines).toMatchObject([{ level: "error", message: "failed", invocation: reply.json["instance"] }]);
  });

  test("no secret is in any problem: not in its detail, not in its issues", async () => {
    const secret = "hunter22";
    const definition = http.post(
      "/",
      { body: z.object({ a: z.string().refine((text) => text === "", `not ${secret}`) }), uses: {} },
      () => new LazyResponse("in"),
    );
    const hiding = (thrown: () => never) => ({
      ...definition,
      settle: async (...[arrival, invocation]: Parameters<typeof definition.settle>) => {
        invocation.conceal(secret);
        return thrown === never ? definition.settle(arrival, invocation) : thrown();
      },
    });
    const never = (): never => {
      throw new FaastenError("INVALID", "unused");
    };
    const bad = await calling(hiding(never)).request("/", { method: "POST", body: `{"a":"${secret}"}` });
    expect(bad).toMatchObject({ status: 400, json: { issues: [{ path: "a", message: "not [secret]" }] } });
    const told = await calling(
      hiding(() => {
        throw new FaastenError("CONFLICT", `held by ${secret}`);
      }),
    ).request("/", { method: "POST" });
    expect(told).toMatchObject({ status: 409, json: { detail: "held by [secret]" } });
    for (const { text } of [bad, told]) expect(text).not.toContain(secret);
  });

  test("a run that takes too long is a 504", async () => {
    const { request } = calling(
      http.get("/", () => new Promise<Response>(() => {})),
      {},
      50,
    );
    expect(await request("/")).toMatchObject({ status: 504, json: { code: "TIMEOUT" } });
  });
});

describe("access", () => {
  const service = { kind: "service", subject: "billing", claims: {} } as const;

  test("for services takes only whom the platform vouches for", async () => {
    const { request } = calling(
      http.get("/", { access: "service" }, (_request, { caller }) => LazyResponse.json(caller)),
    );
    expect((await request("/", { caller: service })).json).toEqual(service);
    for (const headers of [{}, { authorization: "Bearer billing" }, { "x-caller": "service" }]) {
      const refused = await request("/", { headers });
      expect(refused).toMatchObject({ status: 401, json: { code: "UNAUTHENTICATED" } });
      expect(refused.headers.get("www-authenticate")).toBe("Bearer");
    }
    expect((await request("/", { caller: { ...service, kind: "user" } })).status).toBe(401);
  });

  test("for all takes all, and tells who it is where the platform knows", async () => {
    for (const options of [{ access: "public" as const }, {}]) {
      const { request } = calling(
        http.get("/", options, (_request, { caller }) => LazyResponse.json({ caller: caller ?? null })),
      );
      expect((await request("/")).json).toEqual({ caller: null });
      expect((await request("/", { caller: service })).json).toEqual({ caller: service });
    }
  });

  test("is asked before the body is looked at", async () => {
    const { request } = calling(
      http.post("/", { access: "service", body: z.object({ a: z.string() }) }, () => new LazyResponse()),
    );
    expect((await request("/", { method: "POST", body: "{" })).status).toBe(401);
  });

  test("is data for the build, with everything else that a platform must know", () => {
    const { on } = http.get(
      "/x",
      { access: "service", cors: { origins: ["https://a.example"] }, stream: true, isolate: true, name: "own" },
      () => new LazyResponse(),
    );
    expect(on).toEqual({
      kind: "http",
      method: "GET",
      path: "/x",
      access: "service",
      cors: { origins: ["https://a.example"] },
      stream: true,
      isolate: true,
    });
  });
});

describe("cors", () => {
  const origin = "https://shop.example";
  const cors = { origins: [origin], headers: ["x-a", "content-type"], expose: ["etag"], credentials: true, maxAge: 5 };
  const asked = { origin, "access-control-request-method": "PUT" };

  test("answers a preflight itself, before access", async () => {
    const { request } = calling(http.put("/", { cors, access: "service" }, () => new LazyResponse("never")));
    const { status, headers } = await request("/", { method: "OPTIONS", headers: asked });
    expect([status, Object.fromEntries(headers)]).toEqual([
      204,
      {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "PUT",
        "access-control-allow-headers": "x-a, content-type",
        "access-control-expose-headers": "etag",
        "access-control-max-age": "5",
        vary: "origin",
      },
    ]);
    const foreign = await request("/", { method: "OPTIONS", headers: { ...asked, origin: "https://evil.example" } });
    expect([foreign.status, Object.fromEntries(foreign.headers)]).toEqual([204, { vary: "origin" }]);
    expect((await request("/", { method: "OPTIONS", headers: { origin } })).status).toBe(405);
  });

  test("allows what was asked where every method is taken, and any origin where that is said", async () => {
    const { request } = calling(http.any("/", { cors: { origins: ["*"] } }, () => new LazyResponse("in")));
    const { headers } = await request("/", { method: "OPTIONS", headers: asked });
    expect(Object.fromEntries(headers)).toEqual({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "PUT",
      "access-control-max-age": "600",
    });
  });

  test.each<[string, Parameters<ReturnType<typeof calling>["request"]>[1], number]>([
    ["what the handler gives", {}, 200],
    ["a refusal of the caller", { headers: { "x-refuse": "1" } }, 409],
    ["a failure", { headers: { "x-fail": "1" } }, 500],
    ["a timeout", { headers: { "x-hang": "1" } }, 504],
    ["a wrong method", { method: "POST" }, 405],
  ])("is on %s too", async (_what, given, status) => {
    const definition = http.get("/", { cors }, async ({ headers }) => {
      if (headers.get("x-refuse")) throw new FaastenError("CONFLICT", "no");
      if (headers.get("x-fail")) throw new Error("no");
      if (headers.get("x-hang")) await new Promise(() => {});
      return new LazyResponse("in", { headers: { vary: "accept" } });
    });
    const { request } = calling(definition, {}, status === 504 ? 50 : 60_000);
    const reply = await request("/", { ...given, headers: { ...given?.headers, origin } });
    expect(reply.status).toBe(status);
    expect(reply.headers.get("access-control-allow-origin")).toBe(origin);
    expect(reply.headers.get("vary")).toBe(status === 200 ? "accept, origin" : "origin");
    const foreign = await request("/", { ...given, headers: { ...given?.headers, origin: "https://evil.example" } });
    expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
    expect(foreign.headers.get("vary")).toContain("origin");
    expect((await request("/", given)).headers.get("vary"), "a cache must not hand it to another origin").toContain(
      "origin",
    );
  });

  test("is the handler's own where preflights alone are answered", async () => {
    const own = { headers: { "access-control-allow-origin": "https://own.example", vary: "x-own" } };
    const definition = http.get("/", { cors: { ...cors, preflightsAlone: true } }, ({ headers }) => {
      if (headers.get("x-fail")) throw new Error("no");
      return new LazyResponse("in", own);
    });
    const { request } = calling(definition);
    const asked = { origin, "access-control-request-method": "GET" };
    const preflight = await request("/", { method: "OPTIONS", headers: asked });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, origin]);
    const { headers } = await request("/", { headers: { origin } });
    expect([headers.get("access-control-allow-origin"), headers.get("vary")]).toEqual(["https://own.example", "x-own"]);
    const failed = await request("/", { headers: { origin, "x-fail": "1" } });
    expect([failed.status, failed.headers.get("access-control-allow-origin")]).toEqual([500, null]);
  });

  test("is on replies whose headers are read-only: a redirect, one that fetch gave", async () => {
    for (const reply of [
      () => LazyResponse.redirect("https://a.example/"),
      () => Response.redirect("https://a.example/"),
    ]) {
      const { headers, status } = await calling(http.get("/", { cors }, reply)).request("/", { headers: { origin } });
      expect([status, headers.get("location"), headers.get("access-control-allow-origin")]).toEqual([
        302,
        "https://a.example/",
        origin,
      ]);
    }
  });
});

describe("an idempotent request", () => {
  const claims = () => ({
    idempotency: bound(createOn(new Map(), { name: "idempotency", service: "tests", metadata: {} })),
  });
  const key = (request: Request): string | null => request.headers.get("idempotency-key");
  const post = (value: string | undefined, body = "{}") => ({
    method: "POST",
    body,
    headers: { ...json, ...(value !== undefined && { "idempotency-key": value }) },
  });

  test("has the same answer again, cookies apart, and runs once", async () => {
    let runs = 0;
    const definition = http.post("/", { idempotent: key }, () =>
      LazyResponse.json({ run: ++runs }, { status: 201, headers: { etag: "e1", "set-cookie": "a=1" } }),
    );
    const { request } = calling(definition, claims());
    const [first, second] = [await request("/", post("k")), await request("/", post("k"))];
    expect([first.status, first.text, first.headers.get("etag")]).toEqual([201, '{"run":1}', "e1"]);
    expect([second.status, second.text, second.headers.get("etag")]).toEqual([201, '{"run":1}', "e1"]);
    expect([first.headers.get("idempotency-replayed"), second.headers.get("idempotency-replayed")]).toEqual([
      null,
      "true",
    ]);
    expect([first.headers.get("set-cookie"), second.headers.get("set-cookie")]).toEqual(["a=1", null]);
    expect((await request("/", post("other"))).text).toBe('{"run":2}');
    expect((await request("/", post(undefined))).text).toBe('{"run":3}');
    expect((await request("/", post(undefined))).text, "null runs unguarded").toBe('{"run":4}');
  });

  test("is refused for other content (422), and while another is at it (409 with retry-after)", async () => {
    let end = (): void => {};
    const definition = http.post("/", { idempotent: key }, async (request) => {
      if ((await request.text()) === "slow")
        await new Promise<void>((resolve) => {
          end = resolve;
        });
      return new LazyResponse("in");
    });
    const { request } = calling(definition, claims());
    const slow = request("/", post("k", "slow"));
    await expect.poll(() => end.toString().includes("native")).toBe(true);
    const busy = await request("/", post("k", "slow"));
    expect(busy).toMatchObject({ status: 409, json: { code: "CONFLICT" } });
    expect(Number(busy.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await request("/", post("k", "other"))).status).toBe(422);
    end();
    expect((await slow).status).toBe(200);
    expect((await request("/", post("k", "other"))).status).toBe(422);
  });

  test("runs again after a failure: nothing was achieved", async () => {
    for (const fail of [
      () => {
        throw new Error("x");
      },
      () => new LazyResponse(null, { status: 503 }),
    ]) {
      let runs = 0;
      const definition = http.post("/", { idempotent: key }, () => (++runs === 1 ? fail() : new LazyResponse("in")));
      const { request } = calling(definition, claims());
      expect((await request("/", post("k"))).status).toBeGreaterThan(499);
      expect((await request("/", post("k"))).text).toBe("in");
      expect(runs).toBe(2);
    }
  });

  test("keeps bytes, and says so where an answer was too large to keep", async () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
    let runs = 0;
    const definition = http.post("/:kind", { idempotent: key }, (_request, { params }) => {
      runs += 1;
      return new LazyResponse(params.kind === "bytes" ? bytes : "x".repeat(300_000));
    });
    const components = claims();
    const { request } = calling(definition, components);
    await request("/bytes", post("b"));
    expect((await request("/bytes", post("b"))).text).toBe(await new Response(bytes).text());
    expect((await request("/large", post("l"))).text).toHaveLength(300_000);
    const lost = await request("/large", post("l"));
    expect(lost).toMatchObject({
      status: 200,
      json: { detail: "this was answered before; the answer was too large to keep" },
    });
    expect(runs).toBe(2);
  });

  test("of one caller is none of another's", async () => {
    let runs = 0;
    const { request } = calling(
      http.post("/", { idempotent: key }, () => LazyResponse.json({ run: ++runs })),
      claims(),
    );
    for (const subject of ["a", "b"]) {
      const caller = { kind: "user", subject, claims: {} } as const;
      expect((await request("/", { ...post("k"), caller })).json).toEqual({ run: subject === "a" ? 1 : 2 });
    }
  });
});
