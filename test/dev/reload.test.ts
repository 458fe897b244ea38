// What a developer does to `faasten dev` all day: saves, mistakes, and apps that end by themselves.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchDev, makeApp, type Running, read, remove, save, startDev } from "./running.ts";

const manifest = (more = ""): string => `service: reload
provider: { name: aws${more} }
custom: { faasten: { entry: ["src/*.ts"] } }
`;

/** An app that counts its evaluations and answers with its version. */
const app = (version: number, more = ""): string => `import { appendFileSync } from "node:fs";
import { http, state, topic } from "faasten";

declare global { var loads: number | undefined }
globalThis.loads = (globalThis.loads ?? 0) + 1;
appendFileSync("loads", "${version}\\n");

const notes = state<unknown>("notes");
const later = topic<string>("later");
export const version = http.get("/version", () => Response.json(${version}));
export const loads = http.get("/loads", () => Response.json(globalThis.loads));
export const slow = http.get("/slow", async () => {
  await new Promise((resume) => setTimeout(resume, 400));
  return Response.json(${version});
});
export const write = http.put("/notes/:id", { uses: { notes: notes.readWrite } }, async (request, { params, notes }) => {
  await notes.set(params.id, await request.json());
  return new Response(null, { status: 204 });
});
export const note = http.get("/notes/:id", { uses: { notes: notes.read } }, async (_request, { params, notes }) =>
  Response.json((await notes.get(params.id))?.value ?? null));
export const publish = http.post("/later", { uses: { later: later.publish } }, async (request, { later }) => {
  await later.publish(await request.text());
  return new Response(null, { status: 202 });
});
${more}`;

let folder: string;
let running: Running;
let version = 1;

beforeAll(async () => {
  folder = makeApp({ "serverless.yml": manifest(), "src/app.ts": app(1) });
  running = await startDev(folder);
});

afterAll(async () => {
  expect(await running.stop()).toBe(0);
  remove(folder);
});

describe("a save", () => {
  test("evaluates the app once, and no call does", async () => {
    for (let saves = 0; saves < 3; saves++) {
      const lines = read(folder, "loads").split("\n").length;
      await saveNext();
      expect(await json("/version")).toBe(version);
      expect(await json("/loads")).toBe(1);
      expect(read(folder, "loads").split("\n").length).toBe(lines + 1);
    }
    const before = read(folder, "loads");
    for (let calls = 0; calls < 1000; calls += 50)
      expect(new Set(await Promise.all(Array.from({ length: 50 }, () => json("/loads"))))).toEqual(new Set([1]));
    expect(read(folder, "loads")).toBe(before);
  });

  test("keeps the state, and delivers what was published before", async () => {
    await fetch(`${running.url}/notes/kept`, { method: "PUT", body: "17" });
    const subscriber = (handle: string): string => `
      export const onLater = later.subscribe({ uses: { notes: notes.readWrite } }, async (event, { notes }) => { ${handle} });`;
    await saveNext(subscriber("event.retry({ after: '1s' });"));
    await fetch(`${running.url}/later`, { method: "POST", body: "message" });
    await saveNext(subscriber("await notes.set('delivered', event.data);"));
    expect(await json("/notes/kept")).toBe(17);
    await until(async () => (await json("/notes/delivered")) === "message");
  });

  test("fails no request, old connections and new ones, and every later one is the new version's", async () => {
    const agents = [true, true, true, false, false].map((keepAlive) => new Agent({ keepAlive, maxSockets: 1 }));
    let over = false;
    let answered = 0;
    const clients = agents.map(async (agent) => {
      while (!over) {
        const least = version;
        expect(await get("/version", agent)).toBeGreaterThanOrEqual(least);
        answered++;
      }
    });
    const work = Promise.all(clients);
    const slow = get("/slow");
    const idle = new Agent({ keepAlive: true });
    await get("/version", idle);
    for (let saves = 0; saves < 5; saves++) await Promise.race([work, saveNext()]);
    expect(await get("/version", idle)).toBe(version);
    expect(await slow).toBe(version - 5);
    over = true;
    await work;
    expect(answered).toBeGreaterThan(100);
    for (const agent of [...agents, idle]) agent.destroy();
  });

  test("with a mistake in it keeps the old version, and the next good one goes on", async () => {
    const from = running.output().length;
    save(folder, "src/app.ts", app(++version, "export const = 1;"));
    await running.said(/src\/app\.ts:\d+\s+INVALID[\s\S]*mend and save/, from);
    expect(await json("/version")).toBe(version - 1);
    await saveNext();
    expect(await json("/version")).toBe(version);
  });

  test("of a new file that cannot be read is noticed once it can", async () => {
    const from = running.output().length;
    save(folder, "src/part/other.ts", "export const = 1;");
    save(folder, "src/app.ts", app(++version, 'export { other } from "./part/other.ts";'));
    await running.said(/src\/part\/other\.ts:1\s+INVALID/, from);
    await reloaded(() => save(folder, "src/part/other.ts", route("other")));
    expect(await json("/other")).toBe("other");
    await saveNext();
  });

  test("right after another one is not lost", async () => {
    save(folder, "src/app.ts", app(++version));
    await new Promise((resume) => setTimeout(resume, 20));
    save(folder, "src/app.ts", app(++version));
    await until(async () => (await json("/version")) === version);
  });

  test("adds a file, and removing it removes its functions", async () => {
    const answers = async (status: number): Promise<boolean> => (await fetch(`${running.url}/added`)).status === status;
    // The version before may answer a moment before it is told.
    save(folder, "src/added.ts", route("added"));
    await until(() => answers(200));
    rmSync(join(folder, "src/added.ts"));
    await until(() => answers(404));
  });

  test("of serverless.yml or of a component counts as well", async () => {
    await reloaded(() => save(folder, "serverless.yml", manifest(", environment: { COLOUR: blue }")));
    await saveNext('export const colour = http.get("/colour", () => Response.json(process.env["COLOUR"]));');
    expect(await json("/colour")).toBe("blue");
    await fetch(`${running.url}/notes/where`, { method: "PUT", body: "1" });
    const component = (table: string): string => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: notes }
spec: { type: state.sqlite, version: v1, metadata: [{ name: tableName, value: ${table} }] }
`;
    await reloaded(() => save(folder, "components/notes.yaml", component("one")));
    await expect.poll(() => json("/notes/where"), { timeout: 10_000 }).toBe(null);
    await fetch(`${running.url}/notes/where`, { method: "PUT", body: "2" });
    await reloaded(() => save(folder, "components/notes.yaml", component("two")));
    await expect.poll(() => json("/notes/where"), { timeout: 10_000 }).toBe(null);
    await reloaded(() => rmSync(join(folder, "components/notes.yaml")));
    await expect.poll(() => json("/notes/where"), { timeout: 10_000 }).toBe(1);
  });
});

describe("an app that", () => {
  test("throws while it is loaded keeps the old version, and says where", async () => {
    await refused(
      'throw new Error("not today");',
      /src\/app\.ts:\d+ {2}INVALID {2}this throws `Error: not today` while/,
    );
  });

  test("ends while it is loaded keeps the old version", async () => {
    await refused("process.exit(3);", /ended while it was loaded \(code 3\)/);
  });

  test("loops while it is loaded is given up for the next save", async () => {
    const from = running.output().length;
    const before = version;
    save(folder, "src/app.ts", app(++version, "for (;;);"));
    await until(async () => read(folder, "loads").endsWith(`${version}\n`));
    expect(await json("/version")).toBe(before);
    await saveNext();
    expect(running.output().slice(from)).toMatch(/was not loaded within 1 s: does one of its files loop/);
    expect(await json("/version")).toBe(version);
  });

  test("ends in a handler, or by a timer's error, is started again; not for ever", async () => {
    await saveNext(`export const end = http.post("/end", (_request, { log }) => {
      log.info("the last words");
      process.exit(1);
    });
    export const fail = http.post("/fail", () => {
      setTimeout(() => { throw new Error("nobody catches this"); });
      return new Response();
    });`);
    for (const path of ["/end", "/fail", "/end", "/end"]) {
      const from = running.output().length;
      await fetch(running.url + path, { method: "POST" }).catch(() => undefined);
      await running.said(/ended \(code 1\): started again[\s\S]*answers on/, from);
      expect(await json("/version")).toBe(version);
    }
    expect(running.output()).toMatch(/the last words/);
    expect(running.output()).toMatch(/nobody catches this/);
    const from = running.output().length;
    await fetch(`${running.url}/end`, { method: "POST" }).catch(() => undefined);
    await running.said(/ended \(code 1\) five times in a row/, from);
    await reloaded(() => save(folder, "src/app.ts", app(++version)), /answers on/);
    expect(await json("/version")).toBe(version);
  });
});

test("a new file in a new folder, however deep, is noticed where `entry` looks there; also where the folder comes again", async () => {
  const other = makeApp({ "serverless.yml": manifest().replace("src/*.ts", "src/**/*.ts"), "src/one/app.ts": app(1) });
  const { url, output, said, stop } = await startDev(other);
  for (const name of ["src/two/new.ts", "src/three/four/new.ts", "src/two/new.ts"]) {
    let from = output().length;
    save(other, name, route("added"));
    await said(/a new version answers/, from);
    expect((await fetch(`${url}/added`)).status).toBe(200);
    from = output().length;
    rmSync(join(other, name, ".."), { recursive: true });
    await said(/a new version answers/, from);
    expect((await fetch(`${url}/added`)).status).toBe(404);
  }
  expect(await stop()).toBe(0);
  remove(other);
});

describe("the end", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`by ${signal} leaves no process, and no delivery half done`, async () => {
      const subscriber = `export const onLater = later.subscribe({ uses: { notes: notes.readWrite } }, async (_event, { notes }) => {
        appendFileSync("deliveries", "begin\\n");
        await new Promise((resume) => setTimeout(resume, 300));
        await notes.set("delivered", true);
        appendFileSync("deliveries", "end\\n");
      });`;
      const other = makeApp({ "serverless.yml": manifest(), "src/app.ts": app(1, subscriber), deliveries: "" });
      const { url, child, stop } = await startDev(other, { group: true });
      const idle = new Agent({ keepAlive: true });
      await get("/version", idle, url);
      await fetch(`${url}/later`, { method: "POST", body: "message" });
      await until(async () => read(other, "deliveries") === "begin\n");
      expect(await stop(signal)).toBe(0);
      expect(read(other, "deliveries")).toBe("begin\nend\n");
      await expect.poll(() => membersOf(child.pid), { timeout: 10_000 }).toEqual([]);
      idle.destroy();
      remove(other);
    });
  }

  test("comes at once while the app is still being loaded, for ever as it seems", async () => {
    const other = makeApp({ "serverless.yml": manifest(), "src/app.ts": app(1, "for (;;);"), loads: "" });
    const { child, end } = launchDev(other, { group: true });
    await until(async () => read(other, "loads") === "1\n");
    child.kill("SIGINT");
    expect(await end).toBe(0);
    await expect.poll(() => membersOf(child.pid), { timeout: 10_000 }).toEqual([]);
    remove(other);
  });

  test("by SIGKILL ends the app's processes, too", async () => {
    const other = makeApp({ "serverless.yml": manifest(), "src/app.ts": app(1) });
    const { child } = await startDev(other, { group: true });
    expect(membersOf(child.pid).length).toBeGreaterThan(1);
    child.kill("SIGKILL");
    await until(async () => membersOf(child.pid).length === 0);
    remove(other);
  });

  test.each<[string, readonly NodeJS.Signals[]]>([
    ["a second Ctrl-C", ["SIGINT", "SIGINT"]],
    ["SIGKILL", ["SIGKILL"]],
  ])("by %s ends a process that loops in a handler, too", async (_, signals) => {
    const loop = 'export const loop = http.get("/loop", () => { appendFileSync("loads", "loops"); for (;;); });';
    const other = makeApp({ "serverless.yml": manifest(), "src/app.ts": app(1, loop) });
    const { child, url, stop } = await startDev(other, { group: true });
    void fetch(`${url}/loop`).catch(() => undefined);
    await until(async () => read(other, "loads").endsWith("loops"));
    for (const signal of signals) {
      child.kill(signal);
      await new Promise((resume) => setTimeout(resume, 100)); // two of a kind that come together are one
    }
    await stop("SIGKILL");
    try {
      await until(async () => membersOf(child.pid).length === 0);
    } finally {
      for (const left of membersOf(child.pid)) process.kill(Number(left), "SIGKILL");
      remove(other);
    }
  });
});

const route = (name: string): string =>
  `import { http } from "faasten"; export const ${name} = http.get("/${name}", () => Response.json("${name}"));`;

async function json(path: string): Promise<unknown> {
  return (await fetch(running.url + path)).json();
}

/** Resolves once the next version of the app answers. */
async function saveNext(more = ""): Promise<void> {
  const next = version + 1;
  await reloaded(() => save(folder, "src/app.ts", app(next, more)));
  version = next;
}

async function reloaded(change: () => void, pattern: RegExp = /a new version answers/): Promise<void> {
  const from = running.output().length;
  change();
  await running.said(pattern, from);
}

/** Saves code that cannot be loaded; then code that can. */
async function refused(code: string, message: RegExp): Promise<void> {
  const from = running.output().length;
  const before = version;
  save(folder, "src/app.ts", app(++version, code));
  await running.said(message, from);
  expect(await json("/version")).toBe(before);
  await saveNext();
  expect(await json("/version")).toBe(version);
}

function get(path: string, agent?: Agent, url: string = running.url): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request(url + path, { ...(agent && { agent }) }, (response) => {
      let text = "";
      response.on("data", (part) => (text += part));
      response.on("end", () => resolve(JSON.parse(text)));
      response.on("error", reject);
    });
    asked.on("error", reject).end();
  });
}

/** The processes of a group, as `ps` knows them, but for those that are dead and not yet fetched. */
function membersOf(group: number | undefined): readonly string[] {
  const list = execFileSync("ps", ["-eo", "pgid=,stat=,pid="], { encoding: "utf8" }).split("\n");
  return list.flatMap((line) => {
    const [pgid, state = "Z", pid = ""] = line.trim().split(/\s+/);
    return Number(pgid) === group && !state.startsWith("Z") ? [pid] : [];
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error("15 s passed, and it did not come to pass");
    await new Promise((resume) => setTimeout(resume, 20));
  }
}
