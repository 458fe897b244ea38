// An app in the process of its test.
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { binding, configuration, FaastenError, http, jwt, secret, service, state, topic } from "faasten";
import { type Functions, type TestApp, type TestOptions, testApp } from "faasten/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";

const counts = state<number>("counts");
const counted = topic("counted", { schema: z.object({ id: z.string(), times: z.number().default(1) }) });
const count = http.post(
  "/counts/:id",
  { access: "public", uses: { counts: counts.readWrite, counted: counted.publish } },
  async (_request, { params, counts, counted }) => {
    const { value } = await counts.update(params.id, (times = 0) => times + 1);
    await counted.publish({ id: params.id, times: value });
    return Response.json(value);
  },
);

async function start(functions: Functions, options?: TestOptions): Promise<TestApp> {
  const app = await testApp(functions, options);
  onTestFinished(app.close);
  return app;
}

describe("an app", () => {
  test("sees nothing of another that runs at once, nor of one before it", async () => {
    const [one, other] = await Promise.all([start({ count }), start({ count })]);
    await one.fetch("/counts/a", { method: "POST" });
    await one.fetch("/counts/a", { method: "POST" });
    const reply = await other.fetch("/counts/a", { method: "POST" });
    expect(await reply.json()).toBe(1);
    expect([one, other].map((app) => app.published(counted).length)).toEqual([2, 1]);
    await one.advance("1d");
    expect(one.now - other.now).toBeGreaterThan(86_000_000);
  });

  test("leaves no file", async () => {
    const before = readdirSync(".");
    const key = secret("key");
    const read = http.get("/", { uses: { key } }, async (_request, { key }) => new Response(await key.get()));
    const secrets = { key: "first value" };
    const app = await start({ count, read }, { secrets });
    await app.fetch("/counts/a", { method: "POST" });
    expect(await (await app.fetch("/")).text()).toBe("first value");
    secrets.key = "second value";
    expect(await (await app.fetch("/")).text()).toBe("first value");
    await app.advance("5m");
    expect(await (await app.fetch("/")).text()).toBe("second value");
    expect(readdirSync(".")).toEqual(before);
  });

  test("has its settings from the test, and answers itself; another app is a stand-in", async () => {
    const flags = configuration(["flag"], { freshness: "1m" });
    const own = service("shop");
    const billing = service("billing");
    const inside = http.get("/inside", { access: "service" }, (_request, { caller }) => Response.json(caller));
    const ask = http.get("/ask", { access: "public", uses: { own } }, (_request, { own }) => own.fetch("/inside"));
    const bill = http.get("/bill", { access: "public", uses: { billing } }, (_request, { billing }) =>
      billing.fetch("/b"),
    );
    const read = http.get("/flag", { access: "public", uses: { flags } }, async (_request, { flags }) =>
      Response.json(await flags.get()),
    );
    const settings = { flag: "on" };
    const functions = { inside, ask, bill, read };
    const app = await start(functions, { service: "shop", configuration: settings });
    expect(await (await app.fetch("/ask")).json()).toEqual({ kind: "service", subject: "shop", claims: {} });
    expect(await (await app.fetch("/flag")).json()).toEqual({ flag: "on" });
    settings.flag = "off";
    await app.advance("59s");
    expect(await (await app.fetch("/flag")).json()).toEqual({ flag: "on" });
    await app.advance("1s");
    expect(await (await app.fetch("/flag")).json()).toEqual({ flag: "off" });
    expect((await app.fetch("/bill")).status).toBe(500);
    expect(app.log.at(-1)).toMatchObject({ function: "bill", error: { message: expect.stringContaining("billing") } });
    const components = { billing: { call: async () => new Response("billed") } };
    const other = await start(functions, { service: "shop", components });
    expect(await (await other.fetch("/bill")).text()).toBe("billed");
  });

  test("knows functions by their exports, or by their place", async () => {
    const named = http.get("/named", { name: "own" }, () => new Response());
    const failing = http.get("/failing", () => Promise.reject(new Error("no")));
    for (const [functions, name] of [
      [{ count, failing, constant: 1 }, "failing"],
      [[{ failing, named }, { count }], "failing"],
      [[named, failing], "function2"],
    ] as const) {
      const app = await start(functions);
      expect((await app.fetch("/failing")).status).toBe(500);
      expect(app.log).toMatchObject([{ level: "error", message: "failed", function: name, error: { message: "no" } }]);
    }
  });

  test("is refused with all that is wrong with it", async () => {
    const twice = http.get("/counts/:id", () => new Response());
    const app = testApp({ twice, Again: http.get("/counts/:name", () => new Response()) });
    await expect(app).rejects.toMatchObject({ code: "MISCONFIGURED" });
    await expect(app).rejects.toThrow(/Again.*\n.*counts/);
    await expect(testApp([])).rejects.toThrow("no function is exported here");
    await expect(testApp({ count }, { components: { count: {} } })).rejects.toThrow(
      "no function uses a component count; they use counts, pubsub",
    );
    await expect(testApp({ count }, { now: "tomorrow" })).rejects.toThrow('"tomorrow" is no time');
  });

  test("gives the client of a grant, and takes a test's own component", async () => {
    const app = await start({ count }, { components: { counts: failingStore } });
    const reply = await app.fetch("/counts/a", { method: "POST" });
    expect([reply.status, await reply.json()]).toMatchObject([503, { code: "UNAVAILABLE" }]);
    const well = await start({ count });
    await well.open(counts.readWrite).set("a", 41);
    expect(await (await well.fetch("/counts/a", { method: "POST" })).json()).toBe(42);
    await expect(well.open(state("others").read).get("a")).rejects.toThrow("others");
  });
});

describe("a request", () => {
  const claims = jwt({ issuer: "https://issuer.example", audience: "counts", scopes: ["write"] });
  const guarded = http.get("/guarded", { access: claims }, (_request, { caller }) => Response.json(caller));
  const internal = http.get("/internal", { access: "service" }, (_request, { caller }) => Response.json(caller));
  const echo = http.post("/echo/*", async (request, { params }) => {
    const type = request.headers.get("content-type");
    return Response.json([request.url, params["*"], type, await request.json()]);
  });

  test("is answered as hosts answer it", async () => {
    const app = await start({ echo, count });
    const reply = await app.fetch("/echo/a%20b?c=1", { method: "POST", body: '{"d":1}' });
    expect(await reply.json()).toEqual([
      "http://localhost/echo/a%20b?c=1",
      "a%20b",
      "text/plain;charset=UTF-8",
      { d: 1 },
    ]);
    const whole = new Request("https://shop.example/echo/x", { method: "POST", body: "1" });
    expect(await (await app.fetch(whole)).json()).toMatchObject(["https://shop.example/echo/x", "x", {}, 1]);
    const wrong = await app.fetch("/echo/x", { method: "POST", body: "{" });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { detail: "the body is not JSON" }]);
    const statuses = await Promise.all(
      ["/nowhere", "/counts/a", "/echo/%zz"].map(async (path) => (await app.fetch(path)).status),
    );
    expect(statuses).toEqual([404, 405, 400]);
  });

  test("comes from nobody, unless it says from whom", async () => {
    const app = await start({ guarded, internal });
    const ask = async (path: string, init: Parameters<TestApp["fetch"]>[1]): Promise<unknown> => {
      const reply = await app.fetch(path, init);
      return reply.ok ? await reply.json() : reply.status;
    };
    expect(await ask("/internal", {})).toBe(401);
    expect(await ask("/internal", { as: { kind: "user", subject: "ada" } })).toBe(401);
    expect(await ask("/internal", { as: "service" })).toEqual({ kind: "service", subject: "test", claims: {} });
    expect(await ask("/internal", { as: { kind: "service", subject: "billing" } })).toMatchObject({
      subject: "billing",
    });
    expect(await ask("/guarded", {})).toBe(401);
    expect(await ask("/guarded", { as: "service" })).toBe(401);
    expect(await ask("/guarded", { as: { kind: "user", subject: "ada" } })).toBe(403);
    const as = { kind: "user", subject: "ada", claims: { scope: "read write" } } as const;
    expect(await ask("/guarded", { as })).toEqual({
      kind: "user",
      subject: "ada",
      claims: { iss: "https://issuer.example", aud: "counts", sub: "ada", scope: "read write" },
    });
    for (const other of [{ iss: "https://other.example" }, { aud: "others" }])
      expect(await ask("/guarded", { as: { ...as, claims: { ...as.claims, ...other } } })).toBe(401);
  });

  test("keeps its reply as it is: status, cookies, stream", async () => {
    const app = await start({
      cookies: http.get("/cookies", () => {
        const reply = new Response(null, { status: 204, headers: { "x-a": "b" } });
        reply.headers.append("set-cookie", "a=1");
        reply.headers.append("set-cookie", "b=2");
        return reply;
      }),
      parts: http.get("/parts", () => new Response(new Blob(["one", "two"]).stream())),
    });
    const { status, headers, body } = await app.fetch("/cookies");
    expect([status, headers.get("x-a"), headers.getSetCookie(), body]).toEqual([204, "b", ["a=1", "b=2"], null]);
    expect(await (await app.fetch("/parts")).text()).toBe("onetwo");
  });
});

test("a rejection that nobody awaited fails the run that left it, in its own app alone", async () => {
  const script = fileURLToPath(new URL("stray.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=faasten-source", script]);
  expect(JSON.parse(stdout)).toEqual({
    statuses: [500, 200, 200],
    logs: [["an error that nobody caught", "failed"], []],
    foreign: ["of the test itself"],
  });
});

const failingStore = {
  async get() {
    throw new FaastenError("UNAVAILABLE", "the store is down");
  },
};

test("an address that a binding has signed is answered, until it expires", async () => {
  const files = binding("files");
  const share = http.post(
    "/share/:operation",
    { uses: { files: files.output("presign") } },
    async (_, { params, files }) => {
      const operation = params.operation === "create" ? "create" : "get";
      return new Response(await files.presign("a/b", { operation, expiresIn: "1m" }));
    },
  );
  const app = await start({ share });
  const signed = async (operation: string): Promise<string> =>
    (await app.fetch(`/share/${operation}`, { method: "POST" })).text();
  const to = await signed("create");
  const put = await app.fetch(to, { method: "PUT", body: "text", headers: { "content-type": "text/plain" } });
  expect(put.status).toBe(200);
  const from = await signed("get");
  const got = await app.fetch(from);
  expect([got.headers.get("content-type"), await got.text()]).toEqual(["text/plain", "text"]);
  expect((await app.fetch(from, { method: "PUT", body: "other" })).status).toBe(403);
  expect((await app.fetch(from.replace(/signature=./, "signature=-"))).status).toBe(403);
  await app.advance("1m");
  expect((await app.fetch(from)).status).toBe(403);
});

test("what was closed answers nothing more, and keeps what it logged and published", async () => {
  const app = await start({ count });
  await app.fetch("/counts/a", { method: "POST" });
  await app.close();
  const closed = /this app was closed/;
  await expect(app.fetch("/counts/a", { method: "POST" })).rejects.toThrow(closed);
  await expect(app.drain()).rejects.toThrow(closed);
  expect(() => app.open(counts.read)).toThrow(closed);
  expect(app.published(counted)).toHaveLength(1);
});
