// kill -9 in the midst of it: nothing that was acknowledged is lost, and nothing is handled too often.
import { type ChildProcess, fork } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeApp, remove, repository, startDev } from "../dev/running.ts";
import { attempts } from "./app.ts";
import { type Client, createClient, pause } from "./client.ts";
import { type Journal, openJournal } from "./journal.ts";
import { createRandom, seedOf } from "./random.ts";

const seed = seedOf();
let folder: string;
let serverFile: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "faasten-kill-"));
  serverFile = join(folder, "server.mjs");
  await build({
    entryPoints: [join(repository, "test/faults/server.ts")],
    outfile: serverFile,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["faasten-source"],
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("kill -9", () => {
  test("a hundred times, of one process", { timeout: 180_000 }, async () => {
    const random = createRandom(seed);
    const site = openSite(makeFolder("one"), startServer);
    await killAll(site, random, { kills: 100, enough: 80, users: ["a"], choose: () => ["a"] });
    await judge(site);
  });

  test("a hundred times, of one or both of two processes on one file", { timeout: 180_000 }, async () => {
    const random = createRandom(seed + 1);
    const site = openSite(makeFolder("two"), startServer);
    const choices = [["a"], ["b"], ["a", "b"]];
    const choose = () => choices[Math.floor(random() * choices.length)] ?? [];
    await killAll(site, random, { kills: 100, enough: 80, users: ["a", "b"], choose });
    await judge(site);
  });

  test("ten times, of all of `faasten dev`", { timeout: 180_000 }, async () => {
    const app = makeApp({
      "serverless.yml": "service: faults\nprovider: { name: aws }\ncustom: { faasten: { entry: [app.ts] } }\n",
    });
    cpSync(join(repository, "test/faults/app.ts"), join(app, "app.ts"));
    const site = openSite(app, startWhole);
    await killAll(site, createRandom(seed + 2), { kills: 10, enough: 5, users: ["a"], choose: () => ["a"] });
    await judge(site);
    remove(app);
  });
});

/** A folder with its database and its journal, and whoever serves there. */
interface Site {
  readonly folder: string;
  readonly client: Client;
  readonly journal: Journal;
  start(): Promise<Server>;
}

interface Server {
  readonly url: string;
  readonly pid: number;
  kill(): Promise<unknown>;
  /** Gives the exit code. */
  stop(): Promise<unknown>;
}

interface Busy {
  readonly server: Server;
  readonly over: AbortController;
  readonly work: Promise<void>;
}

interface Plan {
  readonly kills: number;
  /** So many of them must come while a publish is unacknowledged and a delivery is running. */
  readonly enough: number;
  readonly users: readonly string[];
  /** Whose servers are killed this time. */
  choose(): readonly string[];
}

function makeFolder(name: string): string {
  return mkdtempSync(join(folder, `${name}-`));
}

function openSite(folder: string, start: (folder: string, journal: string) => Promise<Omit<Server, "pid">>): Site {
  const file = join(folder, "journal");
  return {
    folder,
    client: createClient(),
    journal: openJournal(file),
    async start() {
      const server = await start(folder, file);
      return { ...server, pid: (await (await fetch(`${server.url}/pid`)).json()) as number };
    },
  };
}

async function startServer(cwd: string, journal: string): Promise<Omit<Server, "pid">> {
  const child = fork(serverFile, {
    cwd,
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: { ...process.env, JOURNAL: journal },
  });
  const ended = endOf(child);
  const port = await new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", () => reject(new Error("the server ended before it answered")));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    kill() {
      child.kill("SIGKILL");
      return ended;
    },
    stop() {
      child.send("stop");
      return ended;
    },
  };
}

/** With all its processes: they make a group. */
async function startWhole(folder: string, journal: string): Promise<Omit<Server, "pid">> {
  const { url, child, stop } = await startDev(folder, { env: { JOURNAL: journal }, group: true });
  const ended = endOf(child);
  const { pid } = child;
  return {
    url,
    stop,
    kill() {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
      return ended;
    },
  };
}

function endOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
}

/** Kills what the plan names and starts it again; asserts that the kills came at bad moments. */
async function killAll(site: Site, random: () => number, { kills, enough, users, choose }: Plan): Promise<void> {
  const { client, journal } = site;
  const busy = new Map<string, Busy>();
  const keepBusy = async (user: string): Promise<void> => {
    const server = await site.start();
    const over = new AbortController();
    busy.set(user, { server, over, work: client.keepBusy(server.url, user, over.signal) });
  };
  let bad = 0;
  for (let kill = 0; kill < kills; kill++) {
    await Promise.all(users.filter((user) => !busy.has(user)).map(keepBusy));
    const names = choose();
    const chosen = [...busy].flatMap(([user, one]) => (names.includes(user) ? [one] : []));
    for (const user of names) busy.delete(user);
    const servers = chosen.map(({ server }) => server);
    await until(() => servers.every(({ pid }) => journal.running(pid) > 0), "a delivery");
    await pause(random() * 80);
    const isBad = (): boolean =>
      servers.some(({ url }) => client.unanswered(url) > 0) && servers.some(({ pid }) => journal.running(pid) > 0);
    for (let bursts = 0; bursts === 0 || (bursts < 20 && !isBad()); bursts++) {
      for (const { url } of servers) client.burst(url);
      await pause(random() * 5);
    }
    const unanswered = servers.some(({ url }) => client.unanswered(url) > 0);
    for (const { over } of chosen) over.abort();
    await Promise.all(servers.map((server) => server.kill()));
    if (unanswered && servers.some(({ pid }) => journal.running(pid) > 0)) bad++;
    await Promise.all(chosen.map(({ work }) => work));
  }
  for (const { server, over, work } of busy.values()) {
    over.abort();
    await work;
    expect(await server.stop()).toBe(0);
  }
  console.log(`${bad} of ${kills} kills with a publish unacknowledged and a delivery running`);
  expect(bad).toBeGreaterThanOrEqual(enough);
}

/** Lets the rest be handled, and looks at what is there: in the file itself, too. */
async function judge({ folder, client, journal, start }: Site): Promise<void> {
  const { writes, messages } = client;
  const server = await start();
  const database = new DatabaseSync(join(folder, ".faasten/local/faasten.db"));
  const count = (table: string): unknown => database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"];
  await until(() => count("pubsub_message") === 0, "the inboxes to be empty");
  expect(await server.stop()).toBe(0);

  const handled = journal.handled();
  console.log(`${writes.size} writes and ${messages.size} messages acknowledged; ${handled.size} messages handled`);
  const keysOf = (table: string): ReadonlySet<unknown> =>
    new Set(
      database
        .prepare(`SELECT substr(key, 1 + length('faults||')) AS id FROM ${table}`)
        .all()
        .map(({ id }) => id),
    );
  const kept = { written: keysOf("state_written"), handled: keysOf("state_handled") };
  expect(database.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
  expect([...writes].filter((id) => !kept.written.has(id))).toEqual([]);
  expect([...messages].filter((id) => !handled.has(id))).toEqual([]);
  expect([...handled].filter((id) => !kept.handled.has(id))).toEqual([]);
  expect(journal.wrongs(attempts)).toEqual([]);
  expect(count("pubsub_dead_letter")).toBe(0);
  database.close();
  journal.close();
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited a minute for ${what}`);
    await pause(10);
  }
}
