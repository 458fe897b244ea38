// `/_faasten/` of a running app: who may ask it, what it answers, and how it refuses.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Asking, ask, raw } from "./ask.ts";
import { makeApp, type Running, remove, startDev } from "./running.ts";

const app = `
import { http, schedule, state, topic } from "faasten";

const seen = state<unknown>("seen");
const placed = topic<{ id: string; bad?: boolean }>("order.placed");

export const everything = http.any("/*", (request) => Response.json({ reached: request.url }));
export const parameter = http.any("/:first/functions", (request) => Response.json({ reached: request.url }));
export const ship = placed.subscribe({ attempts: 1, uses: { seen: seen.readWrite } }, async (event, { seen }) => {
  if (event.data.bad && !(await seen.get("mended"))) return event.dead("bad");
  await seen.set(event.data.id, { id: event.id, type: event.type, extra: event["extra"] ?? null });
});
export const mend = http.post("/mend", { uses: { seen: seen.readWrite } }, async (_request, { seen }) => {
  await seen.set("mended", true);
  return new Response(null, { status: 204 });
});
export const read = http.get("/seen/:id", { uses: { seen: seen.read } }, async (_request, { params, seen }) =>
  Response.json((await seen.get(params.id))?.value ?? null));
export const sweep = schedule("0 3 * * *", { uses: { seen: seen.readWrite } }, async (tick, { seen }) => {
  await seen.set("tick", tick.time.toISOString());
});
`;

let folder: string;
let running: Running;
const authorization = "Bearer test-token";

beforeAll(async () => {
  folder = makeApp({
    "serverless.yml": "service: shop\nprovider: { name: aws }\ncustom: { faasten: { entry: ['src/*.ts'] } }\n",
    "src/app.ts": app,
  });
  running = await startDev(folder);
});

afterAll(async () => {
  expect(await running.stop()).toBe(0);
  remove(folder);
});

const send = (asking: Asking): Promise<Answer> => ask(running.url, asking);
const code = ({ text }: Answer): unknown => (JSON.parse(text) as { code: unknown }).code;
const json = async (response: Response): Promise<unknown> => response.json();

async function until(check: () => Promise<void>): Promise<void> {
  await expect.poll(() => check().then(() => "yes", String), { timeout: 15_000 }).toBe("yes");
}

describe("who may ask", () => {
  const path = "/_faasten/functions";

  test("the bearer of the token", async () => {
    expect((await send({ path, headers: { authorization } })).status).toBe(200);
    expect((await send({ path, headers: { authorization: "bearer test-token" } })).status).toBe(200);
  });

  test.each([
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "Bearer wrong",
    "Bearer test-toke",
    "Bearer test-token2",
    "Basic test-token",
    "test-token",
  ])("nobody with %o", async (given) => {
    const answer = await send({ path, headers: given === undefined ? {} : { authorization: given } });
    expect([answer.status, code(answer)]).toEqual([401, "UNAUTHENTICATED"]);
    expect(answer.text).toContain("authorization: Bearer");
  });

  test("by a name of this machine and the served port alone", async () => {
    const { port } = new URL(running.url);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LocalHost:${port}`, `[::1]:${port}`])
      expect((await send({ path, headers: { host, authorization } })).status, host).toBe(200);
    const others = ["rebound.example", `rebound.example:${port}`, "127.0.0.1", "localhost:1", `127.0.0.1:${port}0`];
    const odd = [
      `127.0.0.1:${port}@rebound.example`,
      `localhost:${port}.rebound.example`,
      `0.0.0.0:${port}`,
      `[::]:${port}`,
    ];
    for (const host of [...others, ...odd]) {
      const answer = await send({ path, headers: { host, authorization } });
      expect([answer.status, code(answer)], host).toEqual([403, "DENIED"]);
    }
  });

  test("without a Host nobody", async () => {
    expect(await raw(running.url, `GET ${path} HTTP/1.1\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
    const old = await raw(running.url, `GET ${path} HTTP/1.0\r\nAuthorization: ${authorization}\r\n\r\n`);
    expect(old).toMatch(/^HTTP\/1\.1 403 /);
  });

  test("no page of another origin, and of our own only with the token", async () => {
    for (const origin of [
      "https://evil.example",
      "null",
      "http://localhost:1",
      "",
      running.url.replace("http", "https"),
    ]) {
      const answer = await send({ path, headers: { origin, authorization } });
      expect([answer.status, code(answer)], origin).toEqual([403, "DENIED"]);
    }
    expect((await send({ path, headers: { origin: running.url, authorization } })).status).toBe(200);
    expect((await send({ path, headers: { origin: running.url } })).status).toBe(401);
  });

  test("no reply has a CORS header, and OPTIONS gives nothing away", async () => {
    const preflight = { "access-control-request-method": "GET", "access-control-request-headers": "authorization" };
    const answers = await Promise.all([
      send({ method: "OPTIONS", path, headers: { origin: "https://evil.example", ...preflight } }),
      send({ method: "OPTIONS", path, headers: { origin: running.url, ...preflight } }),
      send({ method: "OPTIONS", path }),
      send({ method: "OPTIONS", path: "*" }),
      send({ path, headers: { authorization } }),
      send({ path, headers: { origin: running.url, authorization } }),
    ]);
    for (const { headers } of answers)
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect(answers.slice(0, 3).map(({ status }) => status)).toEqual([403, 401, 401]);
    for (const { text, headers } of answers.slice(0, 3)) expect(`${text}${headers["allow"]}`).not.toMatch(/ship|GET/);
  });

  test("only from this machine: it listens on loopback", async () => {
    const { networkInterfaces } = await import("node:os");
    const outside = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ internal, family }) => !internal && family === "IPv4");
    if (!outside) return; // this machine has no other address to try
    const { port } = new URL(running.url);
    await expect(ask(`http://${outside.address}:${port}`, { path: "/" })).rejects.toThrow(/ECONNREFUSED/);
  });
});

const spellings = [
  ...["/_faasten", "/_faasten/", "/_faasten/functions", "/_faasten?x", "/_faasten/functions?x", "/_Faasten/functions"],
  ...["/_FAASTEN/functions", "//_faasten/functions", "///_faasten", "/_faasten//functions", "/%5Ffaasten/functions"],
  ...[
    "/%5ffaasten/functions",
    "/_%66aasten/functions",
    "/_faasten%2Ffunctions",
    "/_faasten%2ffunctions",
    "/%2F_faasten/functions",
  ],
  ...[
    "/./_faasten/functions",
    "/x/../_faasten/functions",
    "/x/%2e%2e/_faasten/functions",
    "/x/..%2f_faasten/functions",
  ],
  ...[
    "/\\_faasten/functions",
    "/%5C_faasten/functions",
    "/_faasten\\functions",
    "/_faasten%3Fx",
    "/_faasten;x/functions",
  ],
  ...["/_faasten%23", "/_faasten%00/functions", "/%zz/../_faasten/functions"],
];

describe("the reserved path", () => {
  test.each(spellings)("%s reaches no function, and gives nothing without the token", async (path) => {
    const refused = await send({ path });
    expect([401, 400]).toContain(refused.status);
    expect(refused.text).not.toContain("reached");
    const answer = await send({ path, headers: { authorization } });
    expect(answer.text).not.toContain("reached");
    expect(answer.text).toMatch(/^\[\{"name":"everything"|"code":"(NOT_FOUND|INVALID)"/);
  });

  test("nor as an absolute target, for whichever host", async () => {
    for (const target of [
      `${running.url}/_faasten/functions`,
      "http://evil.example/_faasten/functions",
      "HTTP://x//%5ffaasten",
    ]) {
      const answer = await send({ path: target });
      expect([answer.status, code(answer)], target).toEqual([401, "UNAUTHENTICATED"]);
    }
  });

  test("what is only like it reaches the app", async () => {
    for (const path of ["/_faastens", "/faasten", "/x/_faasten", "/x?_faasten", "/%255Ffaasten", "/_faaste%6e%6e"]) {
      const answer = await send({ path });
      expect(answer.text, path).toContain("reached");
    }
  });
});

describe("what it answers", () => {
  test("the functions, with what triggers them and what they use", async () => {
    const list = (await json(await running.control("GET", "/functions"))) as { name: string }[];
    expect(list.map(({ name }) => name)).toEqual(["everything", "parameter", "ship", "mend", "read", "sweep"]);
    expect(list.find(({ name }) => name === "ship")).toEqual({
      name: "ship",
      on: { kind: "topic", topic: "order.placed", pubsub: "pubsub", attempts: 1, ordered: false },
      uses: [{ as: "seen", block: "state", component: "seen", right: "readWrite" }],
    });
  });

  const seen = async (id: string): Promise<unknown> => JSON.parse((await send({ path: `/seen/${id}` })).text);

  test("publish: data, and a whole event", async () => {
    const plain = await running.control("POST", "/publish", { topic: "order.placed", data: { id: "plain" } });
    expect(await json(plain)).toEqual({ id: expect.any(String), subscribers: ["ship"] });
    const event = {
      specversion: "1.0",
      id: "e-1",
      source: "test",
      type: "t.placed",
      extra: "x",
      data: { id: "whole" },
    };
    const whole = await running.control("POST", "/publish", { topic: "order.placed", event });
    expect(await json(whole)).toEqual({ id: "e-1", subscribers: ["ship"] });
    await until(async () => {
      expect(await seen("plain")).toMatchObject({ type: "com.dapr.event.sent" });
      expect(await seen("whole")).toEqual({ id: "e-1", type: "t.placed", extra: "x" });
    });
    const nobody = await running.control("POST", "/publish", { topic: "unheard", data: 1 });
    expect(await json(nobody)).toMatchObject({ subscribers: [] });
  });

  test("fire: at the instant that is given", async () => {
    const outcome = await running.control("POST", "/functions/sweep/fire", { time: "2026-01-31T03:00:00Z" });
    expect(await json(outcome)).toEqual({ kind: "done" });
    expect(await seen("tick")).toBe("2026-01-31T03:00:00.000Z");
    expect((await running.control("POST", "/functions/sweep/fire")).status, "without a body: now").toBe(200);
    expect(Date.parse(String(await seen("tick")))).toBeGreaterThan(Date.parse("2026-01-31T03:00:00Z") - 1e12);
  });

  test("deliver, dead letters, and one of them sent back", async () => {
    const event = { specversion: "1.0", id: "d-1", source: "test", type: "t", data: { id: "dead", bad: true } };
    const delivered = await running.control("POST", "/functions/ship/deliver", { event });
    expect(await json(delivered), "whoever delivers by hand is told, and keeps the event").toEqual({
      kind: "dead",
      reason: "bad",
    });
    const letters = async () => json(await running.control("GET", "/functions/ship/dead-letters"));
    expect(await letters()).toEqual([]);
    await running.control("POST", "/publish", { topic: "order.placed", event });
    await until(async () =>
      expect(await letters()).toEqual([expect.objectContaining({ id: "d-1", source: "test", faastenreason: "bad" })]),
    );
    await send({ method: "POST", path: "/mend" });
    const back = await running.control("POST", "/functions/ship/dead-letters/d-1/redrive");
    expect([back.status, await json(back)]).toEqual([200, { id: "d-1" }]);
    await until(async () => expect(await seen("dead")).toMatchObject({ id: "d-1" }));
    expect(await letters()).toEqual([]);
  });
});

describe("how it refuses", () => {
  const good = { specversion: "1.0", id: "1", source: "s", type: "t" };
  test.each<[string, string, unknown, number, string, string]>([
    ["GET", "/nothing", undefined, 404, "NOT_FOUND", "there are GET /_faasten/functions"],
    ["DELETE", "/functions", undefined, 405, "UNSUPPORTED", "GET can"],
    ["GET", "/publish", undefined, 405, "UNSUPPORTED", "POST can"],
    ["POST", "/functions/shipp/deliver", { data: 1 }, 404, "NOT_FOUND", "Did you mean `ship`?"],
    [
      "POST",
      "/functions/everything/deliver",
      { data: 1 },
      400,
      "INVALID",
      "answers requests and subscribes to no topic",
    ],
    ["POST", "/functions/sweep/deliver", { data: 1 }, 400, "INVALID", "runs by the clock"],
    ["POST", "/functions/ship/fire", {}, 400, "INVALID", "does not run by the clock"],
    ["POST", "/functions/sweep/fire", { time: "tomorrow" }, 400, "INVALID", "write it as in 2026-01-31T03:00:00Z"],
    ["POST", "/functions/sweep/fire", { time: "2026-02-31T99:00:00Z" }, 400, "INVALID", "is no instant"],
    ["POST", "/functions/sweep/fire", { time: 5 }, 400, "INVALID", "5 is no instant"],
    ["POST", "/functions/sweep/fire", { time: null }, 400, "INVALID", "null is no instant"],
    ["POST", "/functions/sweep/fire", [], 400, "INVALID", "JSON object"],
    ["GET", "/functions/sweep/dead-letters", undefined, 400, "INVALID", "name a subscriber"],
    ["GET", "/functions/%5f%5fproto__/dead-letters", undefined, 404, "NOT_FOUND", "no function __proto__"],
    ["GET", "/functions/%/dead-letters", undefined, 400, "INVALID", "percent-encoding"],
    ["POST", "/functions/ship/dead-letters/none/redrive", undefined, 404, "NOT_FOUND", "no dead letter none"],
    ["POST", "/publish", undefined, 400, "INVALID", "JSON object"],
    ["POST", "/publish", {}, 400, "INVALID", '"topic"'],
    ["POST", "/publish", { topic: "" }, 400, "INVALID", '"topic"'],
    ["POST", "/publish", { topic: 1 }, 400, "INVALID", '"topic"'],
    ["POST", "/publish", { topic: "t", pubsub: "pubsubb" }, 404, "NOT_FOUND", "Did you mean `pubsub`?"],
    ["POST", "/publish", { topic: "t", pubsub: "seen" }, 404, "NOT_FOUND", "Known: `pubsub`"],
    ["POST", "/publish", { topic: "t", event: null }, 400, "INVALID", "no CloudEvent"],
    ["POST", "/publish", { topic: "t", event: "text" }, 400, "INVALID", "no CloudEvent"],
    ["POST", "/publish", { topic: "t", event: { ...good, specversion: "0.3" } }, 400, "INVALID", "specversion"],
    ["POST", "/publish", { topic: "t", event: { ...good, id: "" } }, 400, "INVALID", "id, source and type"],
    ["POST", "/functions/ship/deliver", { event: { ...good, source: 1 } }, 400, "INVALID", "no CloudEvent"],
    ["POST", "/publish", { topic: "order.placed", data: "x".repeat(300_000) }, 413, "TOO_LARGE", "240 KiB|245760"],
    ["POST", "/publish", { topic: "t", data: "x".repeat(1_100_000) }, 413, "TOO_LARGE", "1048576"],
  ])("%s %s %#: %s %i %s", async (method, path, body, status, expected, words) => {
    const response = await running.control(method, path, body);
    const problem = (await json(response)) as { code: string; detail: string };
    expect([response.status, problem.code]).toEqual([status, expected]);
    expect(problem.detail).toMatch(new RegExp(words.replace(/[?`"]/g, "\\$&")));
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  });

  test("a body that is not JSON, and one nested without end", async () => {
    for (const body of ["{", "", "\xff", "[".repeat(1000)]) {
      const answer = await send({
        method: "POST",
        path: "/_faasten/publish",
        headers: { authorization },
        body: Buffer.from(body, "latin1"),
      });
      expect([answer.status, code(answer)], body.slice(0, 5)).toEqual([400, "INVALID"]);
    }
    const deep = `{"topic":"order.placed","data":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const answer = await send({ method: "POST", path: "/_faasten/publish", headers: { authorization }, body: deep });
    expect([answer.status, code(answer)]).toEqual([400, "INVALID"]);
  });

  test("a connection is kept where a body was refused unread", async () => {
    const large = "x".repeat(2_000_000);
    const head = `POST /_faasten/publish HTTP/1.1\r\nHost: ${new URL(running.url).host}\r\n`;
    const next = `GET /after HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    for (const token of [authorization, "Bearer wrong"]) {
      const first = `${head}Authorization: ${token}\r\nContent-Length: ${large.length}\r\n\r\n${large}`;
      const answers = await raw(running.url, first + next);
      expect(answers).toMatch(token === authorization ? /^HTTP\/1\.1 413 / : /^HTTP\/1\.1 401 /);
      expect(answers).toContain('"reached":"http://x/after"');
    }
  });
});
