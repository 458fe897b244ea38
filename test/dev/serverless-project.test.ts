// An ordinary Serverless project of twelve functions, untouched: each is called as `faasten dev` serves it, and built for each cloud.
import { once } from "node:events";
import { cpSync, existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Graph } from "../../src/contracts/graph.ts";
import { buildApp } from "../build/built.ts";
import { makeApp, type Running, read, remove, repository, save, startDev } from "./running.ts";

const project = join(repository, "test/fixtures/serverless-project");

function copyProject(): string {
  const folder = makeApp({});
  cpSync(project, folder, { recursive: true });
  return folder;
}

const twelve = [
  ...["hello", "getOrder", "createOrder", "legacy", "admin", "profile", "picture", "feed", "report"],
  ...["worker", "notify", "nightly"],
];

describe("served by faasten dev", () => {
  let folder: string;
  let issuer: Server;
  let running: Running;
  let bearer: string;

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const key = { ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" };
    issuer = createServer((request, response) => {
      const found = request.url === "/keys" ? { keys: [key] } : { jwks_uri: `${address}/keys` };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found));
    }).listen(0, "127.0.0.1");
    await once(issuer, "listening");
    const address = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
    bearer = await new SignJWT({ iss: address, aud: "shop", sub: "ann" })
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .setExpirationTime("1m")
      .sign(privateKey);
    folder = copyProject();
    running = await startDev(folder, { env: { ISSUER: address } });
  });

  afterAll(async () => {
    await running?.stop();
    issuer?.close();
    remove(folder);
  });

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(running.url + path, { headers });
  const publish = async (topic: string, message: object): Promise<void> => {
    const answer = await running.control("POST", "/publish", { topic, ...message });
    expect(answer.status, await answer.clone().text()).toBe(200);
  };

  test("there are twelve, and nothing in them is ours", async () => {
    const functions = (await (await running.control("GET", "/functions")).json()) as readonly { name: string }[];
    const names = functions.map(({ name }) => name);
    expect(names).toEqual([...twelve.toSpliced(11), "notifyOnEventBridge", "nightly", "nightlyOnSchedule"]);
    for (const file of ["serverless.yml", "package.json", "src/http/hello.js", "src/orders/api.ts"])
      expect(read(folder, file)).toBe(readFileSync(join(project, file), "utf8"));
    expect(readFileSync(join(project, "serverless.yml"), "utf8")).not.toMatch(/faasten/i);
  });

  test("hello: CommonJS that requires its neighbour, and the short reply of an HTTP API", async () => {
    const response = await get("/hello?name=Ann");
    expect(response.headers.get("content-type")).toMatch("application/json");
    expect(await response.json()).toEqual({ message: "Hello, Ann!", stage: "dev" });
  });

  test("get-order: a nested export of a TypeScript file, the provider's environment and its own", async () => {
    expect(await (await get("/orders/7")).json()).toEqual({ id: "order:7", table: "shop-orders", method: "GET" });
    expect((await get("/orders/none")).status).toBe(404);
  });

  test("createOrder: a callback, two cookies, and its own timeout", async () => {
    const place = (order: object): Promise<Response> =>
      fetch(`${running.url}/orders`, { method: "POST", body: JSON.stringify(order) });
    const response = await place({ sku: "tea" });
    expect(response.status).toBe(201);
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^last=\w{8}$/), "seen=1"]);
    expect(await response.json()).toEqual({ id: expect.stringMatching(/^\w{8}$/), seconds: 20 });
    expect((await place({})).status).toBe(500);
  });

  test("legacy: a REST API's event, context.succeed, headers of several values, and a preflight", async () => {
    const response = await get("/legacy/a/b");
    expect(response.headers.get("x-tag")).toBe("a, b");
    expect(await response.json()).toEqual({ proxy: "a/b", method: "GET", resource: "/legacy/{proxy+}" });
    const headers = { origin: "https://shop.example", "access-control-request-method": "PUT" };
    const asked = await fetch(`${running.url}/legacy/a`, { method: "OPTIONS", headers });
    expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
  });

  test("admin: aws_iam lets services in, and nobody else", async () => {
    expect((await get("/admin")).status).toBe(401);
    const response = await get("/admin", { authorization: `Bearer ${running.token}` });
    expect(await response.text()).toBe("only for services");
  });

  test("profile: a JWT authorizer of the provider's", async () => {
    expect((await get("/profile")).status).toBe(401);
    expect(await (await get("/profile", { authorization: `Bearer ${bearer}` })).json()).toEqual({ user: "ann" });
  });

  test("picture: a Function URL, which does not see below which path it answers; bytes", async () => {
    const response = await get("/picture/pixel.gif");
    expect(response.headers.get("content-type")).toBe("image/gif");
    expect(new TextDecoder("latin1").decode(await response.arrayBuffer())).toMatch(/^GIF89a/);
    expect(await (await get("/picture")).text()).toBe("/");
  });

  test("feed: a streamed reply", async () => {
    const response = await get("/feed");
    expect([response.headers.get("content-type"), await response.text()]).toEqual(["text/plain", "one\ntwo\nthree\n"]);
  });

  test("report: a load balancer's event with multi-value headers", async () => {
    expect(await (await get("/reports/sales?year=2025&year=2026")).text()).toBe("/reports/sales,2025,2026");
  });

  test("worker: a queue, whose filter lets through, and whose failed message comes again", async () => {
    await publish("ordersQueue", { data: { id: "w1", total: 0 } });
    await publish("ordersQueue", { data: { id: "w2", total: 5 } });
    await publish("ordersQueue", { data: { id: "w3", total: 7, flaky: true } });
    await running.said(/worker: w2 for 5, attempt 1/);
    await running.said(/worker: w3 for 7, attempt 2/);
    expect(running.output()).not.toContain("worker: w1");
  });

  test("notify: a topic with a filter of bodies, and a bus with a pattern", async () => {
    await publish("shipped", { data: { country: "US" } });
    await publish("shipped", { data: { country: "FR" } });
    await running.said(/notify: shipped to FR/);
    expect(running.output()).not.toContain("shipped to US");
    const event = { specversion: "1.0", source: "shop.web", type: "OrderLost", datacontenttype: "application/json" };
    await publish("shop", { event: { ...event, id: "n1", type: "OrderFound", data: { id: "n1" } } });
    await publish("shop", { event: { ...event, id: "n2", data: { id: "n2" } } });
    await running.said(/notify: OrderLost n2 from shop\.web/);
    expect(running.output()).not.toContain("OrderFound");
    const passedBy = await running.control("POST", "/functions/notify/deliver", { data: { country: "US" } });
    expect(await passedBy.json()).toEqual({ kind: "done", filtered: true });
  });

  test("nightly: two schedules, one with an input of its own", async () => {
    expect(await (await running.control("POST", "/functions/nightly/fire")).json()).toEqual({ kind: "done" });
    await running.said(/nightly: keeps 30 days/);
    expect(await (await running.control("POST", "/functions/nightlyOnSchedule/fire")).json()).toEqual({ kind: "done" });
    await running.said(/nightly: Scheduled Event/);
  });

  test("what a handler requires is watched, and reloaded", async () => {
    save(folder, "src/http/greeting.js", "module.exports = { greeting: (name) => `Welcome, ${name}!` };\n");
    const message = async (): Promise<unknown> =>
      ((await (await get("/hello")).json()) as { message: unknown }).message;
    await expect.poll(message, { timeout: 15_000 }).toBe("Welcome, world!");
  });

  test("a handler that is gone is told with its line, and the former version serves on", async () => {
    const from = running.output().length;
    save(folder, "src/http/hello.js", "exports.renamed = async () => 'hello';\n");
    await running.said(
      /serverless\.yml:\d+\S* +NOT_FOUND .*src\/http\/hello\.js.* exports no function `handler`/,
      from,
    );
    expect((await get("/hello")).status).toBe(200);
  });
});

test("what AWS alone has is told and left unserved, beside portable functions; a missing handler is served once it is there", async () => {
  const folder = makeApp({
    "serverless.yml": `service: mixed
provider: { name: aws }
custom: { faasten: { entry: [src/portable.ts] } }
functions:
  records:
    handler: src/one.handler
    events: [{ stream: "arn:aws:dynamodb:eu-west-1:1:table/t/stream/s" }]
  one:
    handler: src/one.handler
    events: [{ httpApi: GET /one }]
`,
    "src/portable.ts": `import { http } from "faasten";\nexport const portable = http.get("/portable", () => new Response("portable"));\n`,
    "src/one.js": "exports.handler = async () => 'one';\n",
  });
  const running = await startDev(folder);
  try {
    const text = async (path: string): Promise<string> => (await fetch(running.url + path)).text();
    expect([await text("/portable"), await text("/one")]).toEqual(["portable", "one"]);
    expect(running.output()).toMatch(/serverless\.yml:7 .*DynamoDB or Kinesis stream are AWS's.* left unserved here/);
    const from = running.output().length;
    const yaml = read(folder, "serverless.yml");
    save(
      folder,
      "serverless.yml",
      `${yaml}  two:\n    handler: src/deep/two.handler\n    events: [{ httpApi: GET /two }]\n`,
    );
    await running.said(/NOT_FOUND .*There is no file `src\/deep\/two`/, from);
    save(folder, "src/deep/two.ts", "export const handler = async () => 'two';\n");
    await expect.poll(() => text("/two"), { timeout: 15_000 }).toBe("two");
  } finally {
    await running.stop();
    remove(folder);
  }
});

describe("built", () => {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) remove(folder);
  });

  function built(target: string): { readonly output: string; readonly graph: Graph } {
    const files = Object.fromEntries(
      ["serverless.yml", "package.json", ...sources].map((name) => [name, readFileSync(join(project, name), "utf8")]),
    );
    const { folder, output } = buildApp("none", target, { files });
    folders.push(folder);
    return { output, graph: JSON.parse(readFileSync(join(output, "graph.json"), "utf8")) as Graph };
  }

  test("for aws: handlers as they are where the stack sends what they expect, with nothing of ours around them", async () => {
    const { output, graph } = built("aws");
    const names = graph.deployables.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(twelve));
    const bridged = names.filter((name) => statSync(join(output, "functions", name, "index.mjs")).size > 4_000);
    expect(bridged, "whom the runtime answers for first").toEqual(["legacy", "profile"]);
    const module = async (name: string): Promise<{ handler: (...given: unknown[]) => unknown }> =>
      import(pathToFileURL(join(output, "functions", name, "index.mjs")).href);
    const { handler } = await module("hello");
    expect(await handler({ queryStringParameters: { name: "Lambda" } })).toMatchObject({ message: "Hello, Lambda!" });
    expect((await module("createOrder")).handler).toHaveLength(3);
    const { Resources } = JSON.parse(readFileSync(join(output, "template.json"), "utf8")) as {
      readonly Resources: Readonly<
        Record<string, { readonly Type: string; readonly Properties: Record<string, unknown> }>
      >;
    };
    const properties = (name: string): Record<string, unknown> | undefined => Resources[name]?.Properties;
    expect(properties("AdminRoute")).toMatchObject({ AuthorizationType: "AWS_IAM" });
    expect(properties("FeedUrl")).toMatchObject({ InvokeMode: "RESPONSE_STREAM" });
    expect(properties("WorkerMapping")).toMatchObject({
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      FilterCriteria: { Filters: [{ Pattern: '{"body":{"total":[{"numeric":[">",0]}]}}' }] },
    });
    expect(properties("CreateOrderFunction")).toMatchObject({ Timeout: 20 });
    expect(properties("GetOrderFunction")).toMatchObject({
      MemorySize: 256,
      Environment: { Variables: { PREFIX: "order:", TABLE: "shop-orders" } },
    });
    expect(properties("NightlySchedule")).toMatchObject({
      Target: { Input: expect.stringContaining('"detail-type":"Scheduled Event"') },
    });
    const roles = Object.values(Resources).filter(({ Type }) => Type === "AWS::Lambda::Function");
    expect(new Set(roles.map((one) => JSON.stringify(one.Properties["Role"]))).size).toBe(names.length);
    for (const name of names) {
      const role = properties(`${name.charAt(0).toUpperCase()}${name.slice(1)}Role`);
      expect(JSON.stringify(role), name).toContain("lambda.amazonaws.com");
    }
    const { section } = graph.functions.find(({ name }) => name === "worker") ?? {};
    expect(section?.event).toMatchObject({
      sqs: { arn: { "Fn::GetAtt": ["OrdersQueue", "Arn"] }, functionResponseType: "ReportBatchItemFailures" },
    });
  });

  for (const [target, deployables] of [
    ["azure", ["app"]],
    ["gcp", ["http", "worker", "notify", "notifyOnEventBridge", "nightly", "nightlyOnSchedule"]],
  ] as const) {
    test(`for ${target}: each handler behind its trigger`, () => {
      const { output, graph } = built(target);
      expect(graph.deployables.map(({ name }) => name)).toEqual(deployables);
      expect(graph.functions.map(({ name }) => name)).toEqual(expect.arrayContaining(twelve));
      for (const name of deployables)
        expect(existsSync(join(output, name === "app" ? "app.zip" : `functions/${name}.zip`)), name).toBe(true);
    });
  }
});

const sources = [
  ...["admin.ts", "feed.mjs", "greeting.js", "hello.js", "legacy.js", "picture.cjs", "profile.ts", "report.ts"].map(
    (name) => `src/http/${name}`,
  ),
  ...["notify.js", "nightly.js", "worker.ts"].map((name) => `src/jobs/${name}`),
  ...["api.ts", "create.mjs", "format.ts"].map((name) => `src/orders/${name}`),
];
