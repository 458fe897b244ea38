// A wrapped Lambda handler in bundles of every target: the handler itself on AWS, the bridge elsewhere.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { Weight } from "../../src/build/report.ts";
import type { Graph } from "../../src/contracts/graph.ts";
import { remove, startDev } from "../dev/running.ts";
import { startFunctionsHost } from "../servers/functions-host.ts";
import { type BuiltApp, buildApp } from "./built.ts";

const manifest = (runtime: string): string => `
service: legacy
provider: { name: aws, runtime: ${runtime} }
custom: { faasten: { entry: [src/app.ts] } }
`;

const files = {
  "serverless.yml": manifest("nodejs24.x"),
  "src/app.ts": `
import { http, lambda, schedule, topic } from "faasten";
import * as http2 from "./http.js";
import common, { queue } from "./common.cjs";
import { streamed } from "./streamed.js";
import { made } from "./shared.js";
const access = "public";
export const hello = http.get("/hello", { access }, () => made("hello"));
export const legacy = lambda(http2.handler, { on: http.any("/legacy/*", { access }), event: "apigw.v2" });
export const back = lambda(common.handler, { on: http.any("/back/:id", { access }), event: "apigw.v1" });
export const flow = lambda(streamed, { on: http.get("/flow", { access }), event: "url" });
export const jobs = lambda(queue, { on: topic("jobs"), event: "sqs" });
export const nightly = lambda((event) => console.log(event.id), { on: schedule("0 3 * * *"), event: "scheduled" });
`,
  "src/http.js": `
import { nativeHere } from "./deep.js";
import { made } from "./shared.js";
export const handler = async (event) => ({
  statusCode: 201,
  cookies: ["a=1", "b=2"],
  body: JSON.stringify({ path: event.rawPath, native: Response === globalThis.Response && nativeHere() && made("x").constructor === Response }),
});
`,
  "src/deep.js": "export const nativeHere = () => fetch === globalThis.fetch && Request === globalThis.Request;\n",
  "src/shared.js": "export const made = (text) => new Response(text);\n",
  "src/common.cjs": `
/*
export of a kind that is none: it stands in a comment. fetch, too.
*/
const { createHash } = require("crypto");
const here = __dirname;
exports.handler = function (event, context, callback) {
  const md5 = createHash("md5").update(event.pathParameters.id).digest("hex");
  setTimeout(() => callback(null, { statusCode: 202, body: md5 + (typeof here) }), 1);
};
exports.queue = async ({ Records }) => ({ batchItemFailures: Records.filter(({ body }) => body.includes("bad")).map(({ messageId }) => ({ itemIdentifier: messageId })) });
`,
  "src/streamed.js": `
export const streamed = awslambda.streamifyResponse(async (event, stream) => {
  const out = awslambda.HttpResponseStream.from(stream, { statusCode: 203, headers: { "content-type": "text/plain" } });
  out.write("one ");
  out.end("two");
});
`,
};

const folders: string[] = [];
const build = (target: string, more: Readonly<Record<string, string>> = {}): BuiltApp => {
  const built = buildApp("none", target, { files: { ...files, ...more } });
  folders.push(built.folder);
  return built;
};
afterAll(() => {
  for (const folder of folders) remove(folder);
});

const read = (...path: readonly string[]): string => readFileSync(join(...path), "utf8");
/** Runs a script that has \`load(path)\`, in a process of its own; gives the JSON of its last line. */
function run(output: string, script: string): unknown {
  const load = `const load = (path) => import(${JSON.stringify(pathToFileURL(`${output}/`).href)} + path);`;
  const args = ["--input-type=module", "-e", `${load}${script}; process.exit();`];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const line = stdout.trim().split("\n").at(-1);
  if (!line) throw new Error(stderr);
  return JSON.parse(line);
}

describe("aws", () => {
  test("the bundle is the handler, and nothing of ours but what makes a callback a promise", () => {
    const { output, said } = build("aws");
    const weights = JSON.parse(read(output, "report.json")) as Record<string, Weight>;
    const ours = Object.entries(weights).map(([name, { modules }]) => [
      name,
      Object.keys(modules).filter((path) => path.startsWith("src/") || path.startsWith("providers/")),
    ]);
    expect(Object.fromEntries(ours.filter(([name]) => name !== "hello"))).toEqual({
      ...{ legacy: [], flow: [], jobs: [], nightly: [] },
      back: ["src/bridge/handler", "src/bridge/lost", "src/bridge/parameters"],
    });
    expect(said).toContain("back takes a callback");
    expect(said).not.toContain("legacy takes a callback");
    expect((JSON.parse(read(output, "graph.json")) as Graph).functions).toMatchObject([
      { name: "hello" },
      { name: "legacy", lambda: "apigw.v2" },
      { name: "back", lambda: "apigw.v1" },
      { name: "flow", lambda: "url", on: { stream: true } },
      { name: "jobs", lambda: "sqs" },
      { name: "nightly", lambda: "scheduled" },
    ]);
  });

  test("its handler answers as it was written", () => {
    const { output } = build("aws");
    const got = run(
      output,
      `const { handler: legacy } = await load("functions/legacy/index.mjs");
       const { handler: back } = await load("functions/back/index.mjs");
       globalThis.awslambda = { streamifyResponse: (handler) => Object.assign(handler, { streams: true }) };
       const { handler: flow } = await load("functions/flow/index.mjs");
       console.log(JSON.stringify([await legacy({ rawPath: "/x" }, {}), legacy.length, await back({ pathParameters: { id: "a" } }, {}), back.length, flow.streams]))`,
    );
    expect(got).toEqual([
      { statusCode: 201, cookies: ["a=1", "b=2"], body: '{"path":"/x","native":true}' },
      1,
      { statusCode: 202, body: "0cc175b9c0f1b6a831c399e269772661string" },
      2,
      true,
    ]);
  });

  test("the stack sends each the event that it expects", () => {
    const { output } = build("aws");
    const { Resources } = JSON.parse(read(output, "template.json")) as {
      readonly Resources: Readonly<Record<string, { readonly Properties: Readonly<Record<string, unknown>> }>>;
    };
    const integration = (name: string): unknown => Resources[`${name}Integration`]?.Properties["PayloadFormatVersion"];
    expect([integration("Back"), integration("Legacy"), integration("Hello")]).toEqual(["1.0", "2.0", "2.0"]);
    const target = Resources["NightlySchedule"]?.Properties["Target"] as { readonly Input: string };
    expect(JSON.parse(target.Input)).toMatchObject({
      "detail-type": "Scheduled Event",
      source: "aws.events",
      detail: {},
    });
  });

  test("an event that no stack sends, and access that the runtime checks, are behind the bridge there too", () => {
    const app = `
import { http, jwt, lambda } from "faasten";
import common from "./common.cjs";
import { handler } from "./http.js";
export const balanced = lambda(common.handler, { on: http.any("/back/:id", { access: "public" }), event: "apigw.v1" });
export const behind = lambda(async ({ path, requestContext }) => ({ statusCode: 200, body: path + Object.keys(requestContext) }), { on: http.any("/alb/*", { access: "public" }), event: "alb" });
export const checked = lambda(handler, { on: http.any("/legacy/*", { access: jwt({ issuer: "https://issuer.example", audience: "a" }) }), event: "apigw.v2" });
`;
    const { output } = build("aws", { "src/app.ts": app });
    const graph = JSON.parse(read(output, "graph.json")) as Graph;
    expect(graph.functions.map(({ name, lambda }) => [name, lambda])).toEqual([
      ["balanced", "apigw.v1"],
      ["behind", undefined],
      ["checked", undefined],
    ]);
    const got = run(
      output,
      `const call = async (name, rawPath) => (await load("functions/" + name + "/index.mjs")).handler(
         { version: "2.0", rawPath, rawQueryString: "", headers: {}, requestContext: { domainName: "a.example", http: { method: "GET" } }, isBase64Encoded: false },
         { awsRequestId: "1", getRemainingTimeInMillis: () => 5000 });
       const [behind, checked] = [await call("behind", "/alb/x"), await call("checked", "/legacy/x")];
       console.log(JSON.stringify([behind.statusCode, behind.body, checked.statusCode]))`,
    );
    expect(got).toEqual([200, "/alb/xelb", 401]);
  });

  test("a callback stays where the runtime takes it, and nothing is said", () => {
    const { output, said } = build("aws", { "serverless.yml": manifest("nodejs22.x") });
    expect(said).not.toContain("callback");
    expect(run(output, `console.log((await load("functions/back/index.mjs")).handler.length)`)).toBe(3);
  });

  test("of a portable function's bundle no handler is a part", () => {
    const { output } = build("aws");
    const hello = read(output, "functions/hello/index.mjs");
    for (const word of ["awslambda", "batchItemFailures", "md5", "statusCode: 201"]) expect(hello).not.toContain(word);
  });
});

describe.each(["local", "azure", "gcp"])("%s", (target) => {
  test("the bridge, the global and the handlers with their native names", () => {
    const { output, said } = build(target);
    const bundle = [join(output, "app/index.mjs"), join(output, "functions/http/index.mjs")].find(existsSync) ?? "";
    const weights = JSON.parse(read(output, "report.json")) as Record<string, Weight>;
    const modules = Object.keys((weights["app"] ?? weights["http"])?.modules ?? {});
    expect(modules).toEqual(expect.arrayContaining(["src/bridge/awslambda", "src/bridge/bridge", "src/bridge/reply"]));
    expect(said).not.toContain("callback");
    expect(read(bundle)).toContain("awslambda");
  });

  test("what AWS alone has fails the build, with a sentence that says why", () => {
    const app = `
import { lambda } from "faasten";
export const changes = lambda(async () => {}, { event: "dynamodb" });
`;
    expect(() => build(target, { "src/app.ts": app })).toThrow(
      new RegExp(`src/app\\.ts:3.*changes: dynamodb events are made by services of aws alone.*${target}`, "s"),
    );
    const { output } = build("aws", { "src/app.ts": app });
    expect((JSON.parse(read(output, "graph.json")) as Graph).functions).toMatchObject([
      { name: "changes", on: { kind: "native", provider: "aws", event: "dynamodb" }, lambda: "dynamodb" },
    ]);
  });
});

test("a local bundle answers: status, cookies, base64, a stream, a callback, a batch and the clock", () => {
  const { output } = build("local");
  const got = run(
    output,
    `const { createServer } = process.getBuiltinModule("node:http");
     const { handler } = await load("app/index.mjs");
     const server = createServer((request, response) => handler.answer(request, response)).listen(0);
     const get = async (path) => {
       const reply = await fetch("http://localhost:" + server.address().port + path);
       return [reply.status, reply.headers.getSetCookie(), await reply.text()];
     };
     const event = (data) => ({ kind: "event", event: { specversion: "1.0", id: "m", source: "s", type: "t", data: { json: JSON.stringify(data) } } });
     const all = [await get("/hello"), await get("/legacy/a"), await get("/back/a"), await get("/flow")];
     all.push((await handler.deliver("jobs", event("good"))).kind, (await handler.deliver("jobs", event("bad"))).kind);
     all.push((await handler.fire("nightly", 0)).kind);
     console.log(JSON.stringify(all))`,
  );
  expect(got).toEqual([...answers, "done", "retry", "done"]);
});

const answers = [
  [200, [], "hello"],
  [201, ["a=1", "b=2"], '{"path":"/legacy/a","native":true}'],
  [202, [], "0cc175b9c0f1b6a831c399e269772661string"],
  [203, [], "one two"],
];

test("a bundle for gcp answers the same to what the framework hands over", () => {
  const { output } = build("gcp");
  const got = run(
    output,
    `const { createServer } = process.getBuiltinModule("node:http");
     const { handler } = await load("functions/http/index.mjs");
     const server = createServer(handler).listen(0);
     const all = [];
     for (const path of ["/hello", "/legacy/a", "/back/a", "/flow"]) {
       const reply = await fetch("http://localhost:" + server.address().port + path);
       all.push([reply.status, reply.headers.getSetCookie(), await reply.text()]);
     }
     console.log(JSON.stringify(all))`,
  );
  expect(got).toEqual(answers);
});

test("a bundle for azure answers the same to the stand-in for its host", async () => {
  const { output } = build("azure");
  const host = await startFunctionsHost(join(output, "app"), {
    FAASTEN_INBOX_JOBS: "jobs",
    FAASTEN_PUBSUB_PUBSUB: "legacy.servicebus.windows.net/legacy-test-",
    FAASTEN_CONNECTION_PUBSUB__fullyQualifiedNamespace: "legacy.servicebus.windows.net",
  });
  try {
    const all: unknown[] = [];
    for (const path of ["/hello", "/legacy/a", "/back/a", "/flow"]) {
      const reply = await fetch(`${host.url}${path}`);
      all.push([reply.status, reply.headers.getSetCookie(), await reply.text()]);
    }
    expect(all).toEqual(answers);
  } finally {
    host.stop();
  }
});

test("faasten dev serves them, and invokes them", async () => {
  const { folder } = build("local");
  const dev = await startDev(folder);
  try {
    const get = async (path: string): Promise<string> => (await fetch(`${dev.url}${path}`)).text();
    expect(await get("/legacy/a")).toBe('{"path":"/legacy/a","native":true}');
    expect(await get("/back/a")).toBe("0cc175b9c0f1b6a831c399e269772661string");
    expect(await get("/flow")).toBe("one two");
    const delivered = await dev.control("POST", "/functions/jobs/deliver", { data: "bad" });
    expect(await delivered.json()).toMatchObject({ kind: "retry" });
    expect(await (await dev.control("POST", "/functions/nightly/fire", {})).json()).toEqual({ kind: "done" });
  } finally {
    await dev.stop();
  }
});

const mistakes: readonly (readonly [what: string, app: string, said: RegExp])[] = [
  [
    "an event that is not made of the trigger",
    'export const it = lambda(async () => {}, { on: http.any("/", { access: "public" }), event: "sqs" });',
    /app\.ts:3.*it: `sqs` events are not made of http triggers: choose one of `apigw\.v1`, `apigw\.v2`, `alb`, `alb\.multi`, `url`/s,
  ],
  [
    "an event that there is not",
    'export const it = lambda(async () => {}, { on: schedule("0 3 * * *"), event: "cron" });',
    /it: there is no event `cron`: choose one of `scheduled`/,
  ],
  [
    "a handler that there is not",
    'export const it = lambda(gone.handler, { on: http.any("/", { access: "public" }), event: "url" });',
    /it: `lambda` is given a handler of type undefined, and wants a function/,
  ],
];
test.each(mistakes)("%s is told, with its place", (_what, line, said) => {
  const app = `import { http, lambda, schedule } from "faasten";\nconst gone = {};\n${line}\nexport const other = schedule("0 3 * * *", () => {}) && http;\n`;
  expect(() => build("aws", { "src/app.ts": app })).toThrow(said);
});
