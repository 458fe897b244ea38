// Hostile input to a running app: a defined answer to each, the server lives on, and nothing is lost.
import { existsSync, globSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Asking, ask, raw } from "./ask.ts";
import { makeApp, type Running, remove, repository, startDev } from "./running.ts";

const app = `
import { http, state, topic } from "faasten";
import { z } from "zod";

const box = state<unknown>("box");
const heard = topic<{ id?: string }>("heard");
const deep = z.object({ id: z.string().max(400) }).loose();

export const echo = http.post("/echo", { access: "public" }, async (request) =>
  new Response(await request.arrayBuffer(), { headers: { "content-type": "application/octet-stream" } }));
export const mirror = http.any("/mirror/*", async (request, { params }) => Response.json({
  rest: params["*"], method: request.method, url: request.url, headers: Object.fromEntries(request.headers),
  query: [...new URL(request.url).searchParams], body: await request.text(),
}));
export const put = http.put("/box/:key", { uses: { box: box.readWrite } }, async (request, { params, box }) => {
  await box.set(params.key, await request.json());
  return new Response(null, { status: 204 });
});
export const get = http.get("/box/:key", { uses: { box: box.read } }, async (_request, { params, box }) =>
  Response.json((await box.get(params.key))?.value ?? null));
export const checked = http.post("/checked", { body: deep, uses: { box: box.readWrite } }, async (_request, { body, box }) => {
  await box.set(body.id, body);
  return Response.json({ id: body.id, keys: Object.keys(body), polluted: ({} as { polluted?: unknown }).polluted ?? null });
});
export const once = http.post("/once", { idempotent: (request) => request.headers.get("idempotency-key"), uses: { box: box.readWrite } },
  async (_request, { box }) => {
    const { value } = await box.update("count", (count) => (typeof count === "number" ? count : 0) + 1);
    return Response.json(value);
  });
export const listen = heard.subscribe({ uses: { box: box.readWrite } }, async (event, { box }) => {
  await box.update("heard", (count) => (typeof count === "number" ? count : 0) + 1);
  await box.set("heard-" + (event.data?.id ?? event.id), { ...event, polluted: ({} as { polluted?: unknown }).polluted ?? null });
});
export const slow = http.get("/slow", { stream: true }, () => new Response(new ReadableStream({
  async pull(controller) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    controller.enqueue(new Uint8Array(65536));
  },
})));
`;

let folder: string;
let running: Running;
let port: number;

beforeAll(async () => {
  folder = makeApp({
    "serverless.yml": "service: shop\nprovider: { name: aws }\ncustom: { faasten: { entry: ['src/*.ts'] } }\n",
    "src/app.ts": app,
  });
  running = await startDev(folder);
  port = Number(new URL(running.url).port);
});

afterAll(async () => {
  expect(running.output(), "one process served it all").not.toMatch(/the app's process ended/);
  expect(await running.stop()).toBe(0);
  remove(folder);
});

const send = (asking: Asking): Promise<Answer> => ask(running.url, asking);
const post = (
  path: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  send({ method: "POST", path, body, headers: { "content-length": String(Buffer.byteLength(body)), ...headers } });
const head = (line: string, ...fields: readonly string[]): string =>
  `${[line, "Host: x", "Connection: close", ...fields].join("\r\n")}\r\n\r\n`;
const code = ({ text }: Answer): unknown => (JSON.parse(text) as { code: unknown }).code;

/** The server answers, at once and right. */
async function lives(): Promise<void> {
  const answer = await post("/echo", "still here");
  expect([answer.status, answer.text]).toEqual([200, "still here"]);
}

describe("HTTP that is none", () => {
  test.each([
    ["no HTTP at all", "hello\r\n\r\n", 400],
    ["an empty line and rubbish", "\r\n\r\n\u0001\u0002\r\n\r\n", 400],
    ["TLS", Buffer.from("160301020001000001fc0303", "hex"), 400],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
    ["HTTP/9.9", "GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400],
    ["an unknown method", head("BREW /echo HTTP/1.1"), 400],
    ["a space in the path", head("GET /mirror/a b HTTP/1.1"), 400],
    ["NUL in the path", head("GET /mirror/\0 HTTP/1.1"), 400],
    ["a bare CR in the path", head("GET /mirror/a\rb HTTP/1.1"), 400],
    ["NUL in a header", head("GET /mirror/x HTTP/1.1", "X-A: a\0b"), 400],
    ["a bare CR in a header", head("GET /mirror/x HTTP/1.1", "X-A: a\rX-B: b"), 400],
    ["a header without a colon", head("GET /mirror/x HTTP/1.1", "nocolon"), 400],
    ["a space before the colon", head("GET /mirror/x HTTP/1.1", "Content-Length : 5"), 400],
    ["two hosts", head("GET /mirror/x HTTP/1.1", "Host: y"), 200],
    ["two lengths", `${head("POST /echo HTTP/1.1", "Content-Length: 1", "Content-Length: 2")}ab`, 400],
    ["a length that is none", head("POST /echo HTTP/1.1", "Content-Length: -1"), 400],
    ["a length without end", head("POST /echo HTTP/1.1", "Content-Length: 99999999999999999999999"), 400],
    [
      "a length and chunks",
      `${head("POST /echo HTTP/1.1", "Content-Length: 4", "Transfer-Encoding: chunked")}0\r\n\r\n`,
      400,
    ],
    ["an encoding that is none", `${head("POST /echo HTTP/1.1", "Transfer-Encoding: cow")}ab`, 400],
    ["chunks of no size", `${head("POST /echo HTTP/1.1", "Transfer-Encoding: chunked")}zz\r\nab\r\n0\r\n\r\n`, 400],
    ["headers of 1 MB", head("POST /once HTTP/1.1", `Idempotency-Key: ${"k".repeat(1_000_000)}`), 431],
    ["a path of 1 MB", head(`GET /mirror/${"p".repeat(1_000_000)} HTTP/1.1`), 431],
    ["3,000 headers", head("GET /mirror/x HTTP/1.1", ...Array.from({ length: 3000 }, (_, n) => `h${n}: 1`)), 431],
  ] as const)("%s", async (_what, bytes, status) => {
    expect(await raw(running.url, bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    await lives();
  });

  test("a second request behind a refused one is not answered: nothing is smuggled", async () => {
    const smuggled = "GET /mirror/smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    const first = head("POST /echo HTTP/1.1", "Content-Length: 4", "Transfer-Encoding: chunked");
    expect(await raw(running.url, `${first}0\r\n\r\n${smuggled}`)).not.toContain("smuggled");
  });

  test("a request that never comes to its end holds nobody up", async () => {
    const open = await Promise.all(
      Array.from({ length: 100 }, () => opened("POST /echo HTTP/1.1\r\nHost: x\r\nX-Slow: ")),
    );
    await lives();
    for (const socket of open) socket.destroy();
    await lives();
  });

  test("a client that closes its half, and one that goes away in the middle of a body or of a reply", async () => {
    expect(await raw(running.url, `${head("POST /echo HTTP/1.1", "Content-Length: 2")}ab`, { half: true })).toMatch(
      /ab$/,
    );
    for (const bytes of [
      "POST /ec",
      `${head("POST /echo HTTP/1.1", "Content-Length: 1000")}a`,
      head("GET /slow HTTP/1.1"),
    ]) {
      const socket = await opened(bytes);
      if (bytes.includes("/slow")) await new Promise((resolve) => socket.once("data", resolve));
      socket.resetAndDestroy();
      await lives();
    }
  });
});

function opened(bytes: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("error", reject);
    socket.once("connect", () => socket.write(bytes, () => resolve(socket)));
  });
}

describe("bodies", () => {
  const large = "x".repeat(5 * 1024 * 1024);

  test("one that is too large is refused with an answer that arrives, with a length and without", async () => {
    const sized = await raw(running.url, `${head("POST /echo HTTP/1.1", `Content-Length: ${large.length}`)}${large}`);
    expect(sized).toMatch(/^HTTP\/1\.1 413 [\s\S]*TOO_LARGE/);
    const chunks = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
    const chunked = await raw(running.url, `${head("POST /echo HTTP/1.1", "Transfer-Encoding: chunked")}${chunks}`);
    expect(chunked).toMatch(/^HTTP\/1\.1 413 [\s\S]*TOO_LARGE/);
    expect((await post("/echo", large.slice(0, 4 * 1024 * 1024))).status, "4 MiB is not too much").toBe(200);
    await lives();
  });

  test("a GET with a body: it is dropped, and the next request is its own", async () => {
    const first = "GET /mirror/first HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
    const answers = await raw(running.url, first + head("GET /mirror/second HTTP/1.1"));
    expect(answers).toMatch(/"rest":"first"[\s\S]*"body":""[\s\S]*"rest":"second"/);
  });

  test("chunks, with extensions and trailers", async () => {
    const chunks = "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n";
    const answer = await raw(running.url, head("POST /mirror/x HTTP/1.1", "Transfer-Encoding: chunked") + chunks);
    expect(answer).toContain('"body":"abcde"');
    expect(answer).not.toMatch(/x-trailer/i);
  });

  test("Expect: 100-continue, and an expectation that nobody knows", async () => {
    const answer = await raw(
      running.url,
      `${head("POST /echo HTTP/1.1", "Content-Length: 2", "Expect: 100-continue")}ab`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [\s\S]*ab$/);
    expect(await raw(running.url, head("POST /echo HTTP/1.1", "Content-Length: 0", "Expect: a-miracle"))).toMatch(
      /^HTTP\/1\.1 417 /,
    );
  });

  test("JSON that is none, or in no Unicode, is 400; nested 100,000 levels deep it has an answer", async () => {
    for (const body of ["", "{", "\u0000", "nul", '{"id":}'])
      expect([(await post("/checked", body)).status, code(await post("/checked", body))], body).toEqual([
        400,
        "INVALID",
      ]);
    const levels = 100_000;
    const nested = `{"id":"deep","a":${'{"a":'.repeat(levels)}1${"}".repeat(levels)}}`;
    const answer = await post("/checked", nested);
    expect([answer.status, code(answer)]).toEqual([400, "INVALID"]);
    const lists = await post("/checked", `${"[".repeat(levels)}${"]".repeat(levels)}`);
    expect([lists.status, code(lists)]).toEqual([400, "INVALID"]);
    await lives();
  });
});

describe("paths, names and keys", () => {
  test.each(["/%", "/%zz", "/mirror/%ff", "/box/%c3%28", "/box/%E0%80", "/mirror/%u0041"])(
    "%s is 400",
    async (path) => {
      const answer = await send({ path });
      expect([answer.status, code(answer)]).toEqual([400, "INVALID"]);
    },
  );

  test("encoded NUL and CRLF stay in the values, and make no header", async () => {
    const { status, headers } = await send({ path: "/box/a%0d%0aset-cookie:%20x%00" });
    expect([status, headers["set-cookie"]]).toEqual([200, undefined]);
    const missing = await send({ path: "/nothing/%0d%0aset-cookie:x" });
    expect([missing.status, missing.headers["set-cookie"]]).toEqual([404, undefined]);
    const { text } = await send({ path: "/mirror/%0d%0a%00" });
    expect(JSON.parse(text)).toMatchObject({ rest: "%0d%0a%00" });
  });

  const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"];

  test.each(names)(
    "%s as a parameter, a key, a query, a header, a member and a cookie is a name like any other",
    async (name) => {
      expect((await send({ method: "PUT", path: `/box/${name}`, body: '{"kept":1}' })).status).toBe(204);
      expect(JSON.parse((await send({ path: `/box/${name}` })).text)).toEqual({ kept: 1 });
      const { text } = await send({ path: `/mirror/${name}?${name}=q`, headers: { [name]: "h", cookie: `${name}=c` } });
      const seen = JSON.parse(text) as { rest: string; query: unknown; headers: object };
      expect([seen.rest, seen.query]).toEqual([name, [[name, "q"]]]);
      const checked = await post("/checked", `{"id":"p-${name}","${name}":{"polluted":true}}`);
      expect([checked.status, JSON.parse(checked.text)]).toEqual([200, expect.objectContaining({ polluted: null })]);
      expect((await post("/once", "", { "idempotency-key": name })).status).toBe(200);
      expect((await send({ path: `/${name}` })).status).toBe(404);
    },
  );

  test.each([
    ["of 255 bytes", "k".repeat(255 - "shop||".length), 204],
    ["of 300 bytes", "k".repeat(300), 400],
    ["of 300 bytes in 75 signs", "😀".repeat(75), 400],
    ["that is Unicode", "größe-😀-e\u0301-é", 204],
    ["of control signs", "a\0b\r\nc\u202e", 204],
    ["with Dapr's separator", "a||b", 400],
    ["that is dots", "a..b", 204],
    ["with quotes", `'"; DROP TABLE state; --`, 204],
  ])("a key %s: kept as it is, or 400 with the reason", async (_what, key, status) => {
    const path = `/box/${encodeURIComponent(key)}`;
    const answer = await send({ method: "PUT", path, body: JSON.stringify({ key }) });
    expect(answer.status).toBe(status);
    if (status === 204) expect(JSON.parse((await send({ path })).text)).toEqual({ key });
    else {
      expect(code(answer)).toBe("INVALID");
      expect(answer.text).toMatch(/state .*box.*: (?:a key is 1 to 255 bytes|the key .* holds)/);
      expect((await send({ path })).status, "reading it").toBe(400);
    }
  });

  test("a long idempotency key is a key: the same answer again", async () => {
    const key = { "idempotency-key": "k".repeat(8_000) };
    const [first, second] = [await post("/once", "", key), await post("/once", "", key)];
    expect([first.status, second.status, second.text]).toEqual([200, 200, first.text]);
    const odd = await post("/once", "", { "idempotency-key": "\u00e9\u0080 \t'||" });
    expect(odd.status).toBe(200);
  });
});

const cloudEvent = { specversion: "1.0", id: "looks-1", source: "s", type: "heard", data: { id: "looks" } };
const looks: readonly {
  readonly name: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}[] = [
  {
    name: "structured CloudEvent",
    body: JSON.stringify(cloudEvent),
    headers: { "content-type": "application/cloudevents+json" },
  },
  {
    name: "batch of CloudEvents",
    body: JSON.stringify([cloudEvent]),
    headers: { "content-type": "application/cloudevents-batch+json" },
  },
  {
    name: "binary CloudEvent",
    body: '{"id":"looks"}',
    headers: {
      "content-type": "application/json",
      "ce-specversion": "1.0",
      "ce-id": "looks-2",
      "ce-source": "s",
      "ce-type": "heard",
    },
  },
  {
    name: "SQS",
    body: JSON.stringify({
      Records: [
        {
          messageId: "1",
          receiptHandle: "r",
          body: JSON.stringify(cloudEvent),
          attributes: {},
          messageAttributes: {},
          eventSource: "aws:sqs",
          eventSourceARN: "arn:aws:sqs:eu-west-1:1:heard",
        },
      ],
    }),
  },
  {
    name: "SNS",
    body: JSON.stringify({
      Records: [
        {
          EventSource: "aws:sns",
          EventVersion: "1.0",
          Sns: {
            Type: "Notification",
            MessageId: "1",
            TopicArn: "arn:aws:sns:eu-west-1:1:heard",
            Message: JSON.stringify(cloudEvent),
          },
        },
      ],
    }),
    headers: { "x-amz-sns-message-type": "Notification", "x-amz-sns-topic-arn": "arn:aws:sns:eu-west-1:1:heard" },
  },
  {
    name: "EventBridge",
    body: JSON.stringify({
      version: "0",
      id: "1",
      "detail-type": "heard",
      source: "s",
      detail: cloudEvent,
      resources: [],
    }),
  },
  {
    name: "API Gateway",
    body: JSON.stringify({
      version: "2.0",
      routeKey: "POST /once",
      rawPath: "/once",
      headers: {},
      requestContext: { http: { method: "POST", path: "/once" } },
      isBase64Encoded: false,
    }),
  },
  {
    name: "Pub/Sub push",
    body: JSON.stringify({
      message: {
        data: Buffer.from(JSON.stringify(cloudEvent)).toString("base64"),
        messageId: "1",
        attributes: { "ce-id": "1" },
      },
      subscription: "projects/p/subscriptions/heard",
    }),
  },
  {
    name: "Dapr",
    body: JSON.stringify({ ...cloudEvent, topic: "heard", pubsubname: "pubsub" }),
    headers: { "content-type": "application/cloudevents+json" },
  },
  {
    name: "Event Grid",
    body: JSON.stringify([{ id: "1", eventType: "heard", subject: "s", data: cloudEvent, dataVersion: "1" }]),
    headers: { "aeg-event-type": "Notification" },
  },
  { name: "local inbox", body: JSON.stringify({ kind: "event", event: cloudEvent, attempt: 1 }) },
  { name: "local clock", body: JSON.stringify({ function: "listen", service: "shop", planned: 0 }) },
];

/** A request is no event because it looks like one. */
async function staysABody(body: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const echoed = await post("/echo", body, headers);
  expect([echoed.status, echoed.text]).toEqual([200, body]);
}

/** No subscriber hears of it: once an event of our own has come, the subscriber has run once more than before. */
async function unheard(work: () => Promise<void>): Promise<void> {
  const runs = async (): Promise<number> => Number(JSON.parse((await send({ path: "/box/heard" })).text));
  const before = await runs();
  await work();
  const id = crypto.randomUUID();
  await running.control("POST", "/publish", { topic: "heard", data: { id } });
  await expect.poll(async () => (await send({ path: `/box/heard-${id}` })).text, { timeout: 10_000 }).not.toBe("null");
  expect(await runs()).toBe(before + 1);
}

describe("a request that looks like an event is a request", () => {
  test.each(looks)("$name", async ({ body, headers }) => {
    await unheard(async () => {
      await staysABody(body, headers);
      await staysABody(body, { "content-type": "application/json", ...headers });
    });
  });

  test("the vendors' recorded events", async ({ skip }) => {
    const recorded = join(repository, "../shared/events");
    if (!existsSync(recorded)) skip("no folder of recorded events lies beside this repository");
    const files = globSync("**/*.json", { cwd: recorded });
    expect(files.length).toBeGreaterThan(0);
    await unheard(async () => {
      for (const file of files)
        await staysABody(readFileSync(join(recorded, file), "utf8"), { "content-type": "application/json" });
    });
  });
});

describe("events", () => {
  const event = { specversion: "1.0", id: "odd", source: "s", type: "t" };
  const deliver = async (given: unknown): Promise<unknown> =>
    (await running.control("POST", "/functions/listen/deliver", { event: given })).json();

  test("names that could reach a prototype are dropped, and nothing is polluted", async () => {
    const text = `{"event":{"specversion":"1.0","id":"odd","source":"s","type":"t","__proto__":"x","constructor":"x","prototype":"x","fine":"y","data":{"id":"odd","__proto__":{"polluted":1}}}}`;
    const answer = await send({
      method: "POST",
      path: "/_faasten/functions/listen/deliver",
      headers: { authorization: `Bearer ${running.token}` },
      body: text,
    });
    expect(JSON.parse(answer.text)).toEqual({ kind: "done" });
    const stored = JSON.parse((await send({ path: "/box/heard-odd" })).text) as object;
    expect(stored).toMatchObject({ id: "odd", fine: "y", polluted: null });
    expect(Object.keys(stored)).not.toContain("constructor");
  });

  test("data that is none, bytes and deep data have an outcome", async () => {
    expect(await deliver({ ...event, id: "nodata" })).toEqual({ kind: "done" });
    expect(await deliver({ ...event, data_base64: "AAEC", datacontenttype: "image/png" })).toMatchObject({
      kind: "dead",
    });
    expect(await deliver({ ...event, data: "text", datacontenttype: "text/plain" })).toMatchObject({ kind: "dead" });
    expect(await deliver({ ...event, data: 1, data_base64: "AA==" })).toMatchObject({ code: "INVALID" });
  });
});

test("200 requests at once, each with its own answer; what was written is all there", async () => {
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      const wrote = await send({ method: "PUT", path: `/box/many-${n}`, body: String(n) });
      const { text } = await send({ path: `/box/many-${n}` });
      return [wrote.status, text];
    }),
  );
  expect(answers).toEqual(Array.from({ length: 200 }, (_, n) => [204, String(n)]));
  await lives();
});
