// The `faasten` command: what it prints where, and how it ends.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are variables of a serverless.yml
import { existsSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type Ended, type Run, runFaasten } from "./command.ts";
import { makeApp, type Running, read, remove, save, startDev } from "./running.ts";

// Each command is a process, and a test may need a dozen.
vi.setConfig({ testTimeout: 120_000 });

const manifest = "service: shop\nprovider: { name: aws }\ncustom: { faasten: { entry: ['src/*.ts'] } }\n";
const app = `
import { http, schedule, state, topic } from "faasten";

const seen = state<unknown>("seen");
const placed = topic<{ id: string; bad?: boolean }>("order.placed");

export const getItem = http.get("/items/:id", async (request, { params }) =>
  Response.json({ id: params.id, query: new URL(request.url).search, seen: request.headers.get("x-seen") }));
export const special = http.get("/items/special", () => new Response("special"));
export const echo = http.post("/echo", async (request) =>
  new Response(await request.arrayBuffer(), { headers: { "content-type": request.headers.get("content-type") ?? "none" } }));
export const whatever = http.any("/any/*", (request) => new Response(request.method));
export const inside = http.delete("/inside", { access: "service" }, (_request, { caller }) => Response.json(caller));
export const refused = http.get("/refused", () => new Response("no", { status: 418 }));
export const away = http.get("/away", () => new Response(null, { status: 302, headers: { location: "/refused" } }));
export const ship = placed.subscribe({ attempts: 1, uses: { seen: seen.readWrite } }, async (event, { seen }) => {
  if (event.data.bad && !(await seen.get("mended"))) return event.dead("bad");
});
export const kinds = topic("kinds").subscribe({ attempts: 1 }, (event) =>
  event.dead([event.type, event.source, event.color, JSON.stringify(event.data)].join(" ")));
export const mend = http.post("/mend", { uses: { seen: seen.readWrite } }, async (_request, { seen }) => {
  await seen.set("mended", true);
  return new Response(null, { status: 204 });
});
export const sweep = schedule("0 3 * * *", { uses: { seen: seen.readWrite } }, async (tick, { seen }) => {
  if (tick.time.getUTCFullYear() === 1999) throw new Error("too old");
  await seen.set("tick", tick.time.toISOString());
});
export const lastTick = http.get("/tick", { uses: { seen: seen.read } }, async (_request, { seen }) =>
  Response.json((await seen.get("tick"))?.value));
`;

const folders: string[] = [];
const runs: Run[] = [];

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = makeApp(files);
  folders.push(folder);
  return folder;
}

afterEach(async () => {
  for (const run of runs.splice(0)) await run.stop();
  for (const folder of folders.splice(0)) remove(folder);
});

interface Result extends Omit<Ended, "stdout"> {
  readonly stdout: string;
  readonly bytes: Buffer;
}

async function faasten(folder: string, parameters: readonly string[], input?: string | Uint8Array): Promise<Result> {
  const run = runFaasten(folder, parameters, input === undefined ? {} : { input });
  runs.push(run);
  const { code, stdout, stderr } = await run.ended;
  return { code, stderr, stdout: stdout.toString(), bytes: stdout };
}

describe("beside a running app", () => {
  let folder: string;
  let running: Running;
  const run = (...parameters: string[]): Promise<Result> => faasten(folder, parameters);

  beforeAll(async () => {
    folder = makeApp({ "serverless.yml": manifest, "src/app.ts": app });
    running = await startDev(folder);
  });
  afterAll(async () => {
    expect(await running.stop()).toBe(0);
    expect(existsSync(join(folder, ".faasten/local/dev.json"))).toBe(false);
    remove(folder);
  });

  test("its address and token can be read by their owner alone", () => {
    expect(statSync(join(folder, ".faasten/local/dev.json")).mode & 0o777).toBe(0o600);
  });

  test("functions: a list as JSON", async () => {
    const { code, stdout, stderr } = await run("functions");
    expect([code, stderr]).toEqual([0, ""]);
    expect((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name)).toContain("getItem");
  });

  test("invoke: an HTTP function with path, query and headers; its body alone on standard output", async () => {
    const called = [
      "invoke",
      "getItem",
      "--path",
      "/items/a%20b?x=1",
      "--header",
      "x-seen: a:b",
      "--header",
      "x-seen:c",
    ];
    const { code, stdout, stderr } = await run(...called);
    expect([code, stderr]).toEqual([0, "200 OK\n"]);
    expect(JSON.parse(stdout)).toMatchObject({ id: "a b", query: "?x=1", seen: "a:b, c" });
    expect((await run("invoke", "--header", "x-seen:1", "getItem", "--path", "/items/1")).code, "options first").toBe(
      0,
    );
  });

  test("invoke: a body as it is written, from the command line or standard input, byte for byte", async () => {
    const number = '{"n": 12345678901234567890}';
    expect((await run("invoke", "echo", "--data", number)).stdout).toBe(number);
    expect((await faasten(folder, ["invoke", "echo", "--data", "-"], number)).stdout).toBe(number);
    const bytes = Buffer.from([0, 255, 10, 13, 128]);
    const png = ["invoke", "echo", "--data", "-", "--header", "content-type: image/png"];
    expect((await faasten(folder, png, bytes)).bytes).toEqual(bytes);
  });

  test("invoke: the reply's status is the way it ends", async () => {
    expect(await run("invoke", "refused")).toMatchObject({ code: 1, stdout: "no", stderr: "418 I'm a Teapot\n" });
    expect(await run("invoke", "away"), "a redirect is the reply, and not followed").toMatchObject({
      code: 0,
      stderr: "302 Found\n",
    });
    expect(await run("invoke", "whatever", "--path", "/any/x", "--method", "put")).toMatchObject({
      code: 0,
      stdout: "PUT",
    });
    expect(await run("invoke", "inside"), "the developer calls as a service").toMatchObject({ code: 0 });
  });

  test("invoke: a subscriber and a schedule", async () => {
    expect(await run("invoke", "ship", "--data", '{"id":"1"}')).toMatchObject({ code: 0, stdout: '{"kind":"done"}\n' });
    const dead = await run("invoke", "ship", "--data", '{"id":"1","bad":true}');
    expect(dead).toMatchObject({ code: 1, stdout: '{"kind":"dead","reason":"bad"}\n' });
    expect(await run("invoke", "sweep", "--time", "2026-01-31T03:00:00Z")).toMatchObject({
      code: 0,
      stdout: '{"kind":"done"}\n',
    });
    expect((await run("invoke", "lastTick")).stdout).toBe('"2026-01-31T03:00:00.000Z"');
    expect(await run("invoke", "sweep")).toMatchObject({ code: 0 });
    const failed = await run("invoke", "sweep", "--time", "1999-01-31T03:00:00Z");
    expect(failed).toMatchObject({ code: 1, stdout: '{"kind":"retry","reason":"too old"}\n' });
  });

  test("invoke: attributes of an event, or the whole of it", async () => {
    const kindOf = async (...flags: string[]): Promise<unknown> => {
      const { stdout, stderr } = await run("invoke", "kinds", ...flags);
      return stdout === "" ? stderr : JSON.parse(stdout);
    };
    const given = ["--attribute", "type=order.lost", "--attribute", "source=shop", "--attribute", "color=red"];
    expect(await kindOf("--data", '{"a":1}', ...given)).toEqual({
      kind: "dead",
      reason: 'order.lost shop red {"a":1}',
    });
    const event = { specversion: "1.0", id: "1", source: "desk", type: "order.found", color: "blue", data: 2 };
    save(folder, "event.json", JSON.stringify(event));
    expect(await kindOf("--event", "event.json")).toEqual({ kind: "dead", reason: "order.found desk blue 2" });
    expect(await kindOf("--attribute", "Type=x")).toContain('"Type" cannot name an extension');
    expect(await kindOf("--event", "none.json")).toMatch(/^NOT_FOUND {2}--event none\.json cannot be read \(ENOENT\)/);
    expect(await kindOf("--event", "event.json", "--data", "1")).toContain(
      "cannot be used with option '--data <text>'",
    );
  });

  test("publish, dead-letters, --redrive and --redrive-all", async () => {
    const published = await run("publish", "order.placed", "--data", '{"id":"1","bad":true}');
    expect(published).toMatchObject({ code: 0, stderr: "" });
    const { id, subscribers } = JSON.parse(published.stdout) as { id: string; subscribers: string[] };
    expect(subscribers).toEqual(["ship"]);
    await faasten(folder, ["publish", "order.placed", "--data", "-"], '{"id":"2","bad":true}');
    await expect
      .poll(async () => JSON.parse((await run("dead-letters", "ship")).stdout).length, { timeout: 20_000 })
      .toBe(2);
    expect((await run("invoke", "mend")).code).toBe(0);
    const one = await run("dead-letters", "ship", "--redrive", id);
    expect(one).toMatchObject({ code: 0, stderr: "1 back in the inbox of ship\n" });
    expect(JSON.parse(one.stdout)).toEqual([{ id }]);
    const all = await run("dead-letters", "ship", "--redrive-all");
    expect(all).toMatchObject({ code: 0, stderr: "1 back in the inbox of ship\n" });
    expect(await run("dead-letters", "ship")).toMatchObject({ code: 0, stdout: "[]\n", stderr: "" });
    const nobody = await run("publish", "order.plased", "--data", "1");
    expect(nobody).toMatchObject({ code: 0, stderr: "no function of this app subscribes to order.plased of pubsub\n" });
  });

  test.each<[string[], string]>([
    [["invoke", "getIten"], "NOT_FOUND  there is no function getIten. Did you mean `getItem`?"],
    [["invoke", "nonsense"], "NOT_FOUND  there is no function nonsense. Known: "],
    [
      ["invoke", "getItem"],
      "INVALID  getItem answers /items/:id: give the path of a request, as /items/<id>, with --path",
    ],
    [["invoke", "getItem", "--path", "items/1"], 'INVALID  --path items/1 does not begin with "/": give the path'],
    [
      ["invoke", "getItem", "--path", "/items/special"],
      "INVALID  --path /items/special: that is what special answers; give",
    ],
    [["invoke", "getItem", "--path", "/nothing"], "INVALID  --path /nothing: that is what no function answers; give"],
    [["invoke", "getItem", "--path", "/items/%"], "INVALID  path "],
    [["invoke", "whatever"], "INVALID  whatever answers /any/*: give the path of a request, as /any/…, with --path"],
    [["invoke", "refused", "--data", "1"], "INVALID  --data: refused answers GET, which has no body"],
    [["invoke", "echo", "--method", "PUT"], "INVALID  --method PUT: echo answers POST alone"],
    [["invoke", "echo", "--data", "{"], 'INVALID  --data is not JSON: "{"'],
    [["invoke", "echo", "--header", "nocolon"], 'INVALID  --header "nocolon": write name:value'],
    [["invoke", "echo", "--header", ":value"], 'INVALID  --header ":value": write name:value'],
    [["invoke", "echo", "--header", "a b:1"], 'INVALID  --header "a b:1": write name:value'],
    [["invoke", "echo", "--header", "a:1\r\nb: 2"], 'INVALID  --header "a:1\\r\\nb: 2": write name:value'],
    [
      ["invoke", "echo", "--time", "2026-01-31T03:00:00Z"],
      "INVALID  --time: echo is an HTTP function, which takes --data, --path",
    ],
    [["invoke", "ship", "--path", "/"], "INVALID  --path: ship is a subscriber, which takes --data"],
    [["invoke", "sweep", "--data", "1"], "INVALID  --data: sweep is a schedule, which takes --time"],
    [["invoke", "sweep", "--time", "noon"], 'INVALID  "noon" is no instant: write it as in 2026-01-31T03:00:00Z'],
    [
      ["publish", "t", "--data", "1", "--pubsub", "pubsup"],
      "NOT_FOUND  the app has no broker pubsup. Did you mean `pubsub`?",
    ],
    [["publish", "t", "--data", "nope"], "INVALID  --data is not JSON"],
    [["publish", "t"], "INVALID  there is nothing to publish: give --data, or --event with a whole event"],
    [["dead-letters", "shop"], "NOT_FOUND  there is no function shop. Did you mean `ship`?"],
    [["dead-letters", "echo"], "INVALID  echo answers requests and subscribes to no topic"],
    [["dead-letters", "ship", "--redrive", "none"], "NOT_FOUND  ship has no dead letter none"],
    [
      ["dead-letters", "ship", "--redrive", "x", "--redrive-all"],
      "error: option '--redrive-all' cannot be used with option '--redrive <id>'",
    ],
    [["dev", "--port", "0"], "ALREADY_EXISTS  the app in this folder answers on port "],
  ])("%j is refused", async (parameters, words) => {
    const { code, stdout, stderr } = await run(...parameters);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.slice(0, words.length)).toBe(words);
    expect(stderr, "no stack").not.toContain("    at ");
  });

  test("a second dev leaves the first one as it is", async () => {
    await run("dev", "--port", "0");
    expect((await run("functions")).code).toBe(0);
  });

  test("another app's port is not taken for this one's", async () => {
    const other = folderWith({});
    const address = JSON.parse(read(folder, ".faasten/local/dev.json")) as { port: number; pid: number };
    save(other, ".faasten/local/dev.json", JSON.stringify({ ...address, token: "of-another" }));
    const { code, stderr } = await faasten(other, ["functions"]);
    expect([code, stderr]).toEqual([
      1,
      `UNAVAILABLE  what answers on port ${address.port} is not the app of this folder: start it with \`faasten dev\`\n`,
    ]);
  });
});

describe("where no app runs", () => {
  const none = "UNAVAILABLE  no app runs in this folder: start it with `faasten dev`\n";

  test.each([["functions"], ["invoke", "a"], ["publish", "t", "--data", "1"], ["dead-letters", "a"]])(
    "%s",
    async (...parameters) => {
      expect(await faasten(folderWith({ "serverless.yml": manifest }), parameters)).toMatchObject({
        code: 1,
        stdout: "",
        stderr: none,
      });
    },
  );

  test("an address that cannot be read, and one that was left behind", async () => {
    for (const text of ["", "{", "null", "[]", '{"port":1}'])
      expect((await faasten(folderWith({ ".faasten/local/dev.json": text }), ["functions"])).stderr).toBe(none);
    const gone = runFaasten(folderWith({}), ["--version"]);
    await gone.ended;
    const left = folderWith({
      ".faasten/local/dev.json": JSON.stringify({ port: 1, token: "t", pid: gone.child.pid }),
    });
    expect((await faasten(left, ["functions"])).stderr).toBe(
      "UNAVAILABLE  the app that ran in this folder is gone: start it with `faasten dev`\n",
    );
  });

  test("a folder that holds no app is left as it is", async () => {
    const folder = folderWith({});
    const { code, stdout, stderr } = await faasten(folder, ["dev"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^NOT_FOUND {2}there is no serverless\.yml in /);
    expect(existsSync(join(folder, ".faasten"))).toBe(false);
  });
});

describe("how it is called", () => {
  test.each<[string[], string]>([
    [["invok"], "error: unknown command 'invok'\n(Did you mean invoke?)"],
    [["dev", "--prot", "1"], "error: unknown option '--prot'\n(Did you mean --port?)"],
    [["invoke"], "error: missing required argument 'function'"],
    [["invoke", "a", "b"], "error: too many arguments for 'invoke'. Expected 1 argument but got 2: "],
    [["publish", "t"], "INVALID  there is nothing to publish: give --data"],
    [["dev", "--port", "http"], "INVALID  --port http: a whole number from 0 to 65535 is wanted"],
    [["dev", "--port", ""], "INVALID  --port : a whole number"],
    [["dev", "--port", "65536"], "INVALID  --port 65536: a whole number"],
    [["dev", "--port", "-1"], "INVALID  --port -1: a whole number"],
    [["dev", "--port", "1e3"], "INVALID  --port 1e3: a whole number"],
    [["dev", "--param", "novalue"], "INVALID  --param novalue: write name=value"],
    [["dev", "--param", "=x"], "INVALID  --param =x: write name=value"],
  ])("%j ends with 1 and says why", async (parameters, words) => {
    const { code, stdout, stderr } = await faasten(folderWith({ "serverless.yml": manifest }), parameters);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.slice(0, words.length)).toBe(words);
  });

  test.each([[], ["dev"], ["inspect"], ["functions"], ["invoke"], ["publish"], ["dead-letters"]])(
    "help %s",
    async (...parameters) => {
      const { code, stdout, stderr } = await faasten(folderWith({}), [...parameters, "--help"]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatchSnapshot();
    },
  );
});

test("a port that is taken: told, ended with 1, and nothing is left running", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const folder = folderWith({ "serverless.yml": manifest, "src/app.ts": app });
  const { code, stdout, stderr } = await faasten(folder, ["dev", "--port", String(port)]);
  server.close();
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toBe(`UNAVAILABLE  port ${port} is taken: stop what uses it, or choose another with --port\n`);
  // `close` of the process's pipes, which its workers share, came: none of them lives.
  expect(existsSync(join(folder, ".faasten/local/dev.json"))).toBe(false);
});

test("of those that start at once in one folder one serves, whatever was left behind there", async () => {
  const folder = folderWith({ "serverless.yml": manifest, "src/app.ts": app });
  const gone = runFaasten(folder, ["--version"]);
  await gone.ended;
  const left = JSON.stringify({ port: 1, token: "t", pid: gone.child.pid });
  for (const before of [undefined, left, "{"]) {
    if (before !== undefined) save(folder, ".faasten/local/dev.json", before);
    const both = [0, 1].map(() => runFaasten(folder, ["dev", "--port", "0"]));
    const loser = await Promise.race(both.map(async (run) => ({ run, ...(await run.ended) })));
    expect([loser.code, loser.stdout.toString()]).toEqual([1, ""]);
    expect(loser.stderr).toMatch(/^ALREADY_EXISTS {2}the app in this folder /);
    const winner = both.find((run) => run !== loser.run);
    await winner?.said(/answers on/);
    expect((await faasten(folder, ["functions"])).code).toBe(0);
    expect(await winner?.stop()).toBe(0);
    expect(readdirSync(join(folder, ".faasten/local")).filter((name) => name.startsWith("dev"))).toEqual([]);
  }
});

test("one that stops leaves another's address", async () => {
  const folder = folderWith({ "serverless.yml": manifest, "src/app.ts": app });
  const running = await startDev(folder);
  const other = JSON.stringify({ port: 1, token: "t", pid: process.pid });
  save(folder, ".faasten/local/dev.json", other);
  expect(await running.stop()).toBe(0);
  expect(read(folder, ".faasten/local/dev.json")).toBe(other);
});

test("a Ctrl-C while the app is loaded ends it as any other", async () => {
  const slow = `console.log("loading");\nawait new Promise((resolve) => setTimeout(resolve, 500));\n`;
  const folder = folderWith({ "serverless.yml": manifest, "src/app.ts": slow + app });
  const run = runFaasten(folder, ["dev", "--port", "0"]);
  await run.said(/loading/);
  expect(await run.stop()).toBe(0);
  expect(existsSync(join(folder, ".faasten/local/dev.json"))).toBe(false);
});

test("a reader that leaves early is no failure", async () => {
  const folder = folderWith({ "serverless.yml": manifest, "src/app.ts": app });
  const running = await startDev(folder);
  const run = runFaasten(folder, ["functions"]);
  run.child.stdout?.destroy();
  expect(await run.ended).toMatchObject({ code: 0, stderr: "" });
  expect(await running.stop()).toBe(0);
});

test("parameters and stage reach the variables of serverless.yml", async () => {
  const environment = "{ WHO: '${param:who}', STAGE: '${sls:stage}' }".replaceAll("'", '"');
  const folder = folderWith({
    "serverless.yml": manifest.replace("name: aws", `name: aws, environment: ${environment}`),
    "src/app.ts": `import { http } from "faasten";\nexport const who = http.get("/who", () => new Response(process.env.WHO + " " + process.env.STAGE));\n`,
  });
  const running = await startDev(folder, { flags: ["--param", "who=a=b", "--param", "x=1", "--stage", "test"] });
  expect(await (await fetch(`${running.url}/who`)).text()).toBe("a=b test");
  expect(await running.stop()).toBe(0);
});
