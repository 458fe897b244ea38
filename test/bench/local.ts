// Faasten's local server beside serverless-offline and bare node:http, in one run, in pairs of random order, with Faasten
// against itself, or another built checkout (`--other <folder>`), as the control.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Load } from "./client.ts";
import { type Figure, figure, inRounds, ratio, show, shuffled, table, verdict } from "./figures.ts";
import { freePort, here, replyOf, request, type Server, type Subject, start, until } from "./server.ts";

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "2" },
    edits: { type: "string", default: "10" },
    other: { type: "string" },
    only: { type: "string", multiple: true, default: ["ready", "load", "edit"] },
  },
});
const rounds = Number(flags.rounds);
const wanted = (part: string): boolean => flags.only.includes(part);

const faasten = faastenOf("faasten", join(here, "..", ".."));
const control = flags.other === undefined ? { ...faasten, name: "faasten again" } : faastenOf("other", flags.other);
const offline = offlineOf("serverless-offline", []);
const reloading = offlineOf("serverless-offline --reloadHandler", ["--reloadHandler"]);
const bare: Subject = {
  name: "node:http",
  app: "node-http",
  source: "server.mjs",
  command: async (port) => ["server.mjs", String(port)],
};
const compared = [faasten, control, offline, bare];
const rows: string[][] = [];

if (wanted("ready")) await ready();
if (wanted("load")) await load();
if (wanted("edit")) await edit();
const head = [
  "the local server",
  ...compared.map(({ name }) => name),
  `${control.name} / faasten`,
  "against serverless-offline",
  "target",
  "holds",
];
console.log(table(head, rows));

/** From the process's start, not through npm, to the first answer. */
async function ready(): Promise<void> {
  const took = await inRounds(rounds, compared, async (subject) => {
    const server = await start(subject);
    await server.stop();
    return server.ready;
  });
  const figures = took.map(figure);
  compare("ready, ms", took, { target: "≤ 300 ms", holds: (figures[0]?.median ?? Number.NaN) <= 300 });
}

async function load(): Promise<void> {
  const servers = new Map<Subject, Server>();
  for (const subject of compared) servers.set(subject, await start(subject));
  const idle = compared.map((subject) => [servers.get(subject)?.memory() ?? Number.NaN]);
  const loads = await inRounds(rounds, compared, async (subject) => press(servers.get(subject)?.port ?? 0));
  const busy = compared.map((subject) => [servers.get(subject)?.memory() ?? Number.NaN]);
  for (const server of servers.values()) await server.stop();

  const rates = loads.map((list) => list.map(({ requestsPerSecond }) => requestsPerSecond));
  const times = ratio(rates[0] ?? [], rates[2] ?? []);
  compare("requests/s", rates, { target: "≥ 10×", holds: times.median >= 10 });
  compare(
    "p50, ms",
    loads.map((list) => list.map(({ p50 }) => p50)),
    {},
    2,
  );
  compare(
    "p99, ms",
    loads.map((list) => list.map(({ p99 }) => p99)),
    {},
    2,
  );
  compare("memory at rest, MiB", idle);
  compare("memory after load, MiB", busy);
}

/** From the start of the save to the first new answer. By default serverless-offline never gives one: it is restarted. */
async function edit(): Promise<void> {
  const edited = [faasten, control, reloading];
  const servers: Server[] = [];
  for (const subject of edited) servers.push(await start(subject));
  const took: number[][] = edited.map(() => []);
  for (let version = 1; version <= Number(flags.edits); version++) {
    for (const index of shuffled([...edited.keys()])) {
      const [subject, server] = [edited[index], servers[index]];
      if (!subject || !server) continue;
      await new Promise((resume) => setTimeout(resume, 500));
      const file = join(server.folder, subject.source);
      const text = readFileSync(file, "utf8").replace(/version: \d+/, `version: ${version}`);
      const began = performance.now();
      writeFileSync(file, text);
      await until(server.port, replyOf(version));
      took[index]?.push(performance.now() - began);
    }
  }
  for (const server of servers) await server.stop();
  const figures = took.map(figure);
  rows.push([
    "edit → new answer, ms",
    ...figures.slice(0, 2).map((one) => show(one)),
    `never; with --reloadHandler ${show(figures[2] as Figure)}`,
    "–",
    show(ratio(took[1] ?? [], took[0] ?? []), 2),
    show(ratio(took[0] ?? [], took[2] ?? []), 2),
    "≤ 100 ms",
    verdict((figures[0]?.median ?? Number.NaN) <= 100),
  ]);
}

function compare(
  what: string,
  took: readonly (readonly number[])[],
  { target = "", holds }: { readonly target?: string; readonly holds?: boolean } = {},
  digits = 0,
): void {
  const [own = [], again = [], theirs = []] = took;
  rows.push([
    what,
    ...took.map((list) => show(figure(list), digits)),
    show(ratio(again, own), 2),
    show(ratio(own, theirs), 2),
    target,
    holds === undefined ? "" : verdict(holds),
  ]);
}

function press(port: number): Promise<Load> {
  const args = [
    `--port=${port}`,
    `--seconds=${flags.seconds}`,
    "--warm=0.5",
    `--request=${request}`,
    `--reply=${replyOf(0)}`,
  ];
  return new Promise((resolve, reject) => {
    const client = spawn(process.execPath, [join(here, "client.ts"), ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    client.stdout.on("data", (part: Buffer) => {
      text += part.toString();
    });
    client.on("exit", (code) =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`the client ended with ${code}`)),
    );
  });
}

function faastenOf(name: string, folder: string): Subject {
  return {
    name,
    app: "faasten",
    source: "src/orders.ts",
    command: async (port) => [join(folder, "dist/src/cli/main.js"), "dev", "--port", String(port)],
  };
}

/** Its default settings, on ports that nobody else has. */
function offlineOf(name: string, more: readonly string[]): Subject {
  return {
    name,
    app: "serverless-offline",
    source: "handler.mjs",
    command: async (port) => [
      join(here, "node_modules/serverless/bin/serverless.js"),
      "offline",
      ...["--httpPort", String(port)],
      ...["--lambdaPort", String(await freePort())],
      ...["--websocketPort", String(await freePort())],
      ...more,
    ],
  };
}
