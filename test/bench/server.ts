// A server under test, as a process of its own on a copy of its app.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What is measured, and how it is started. */
export interface Subject {
  readonly name: string;
  /** The folder under `apps/` that is copied. */
  readonly app: string;
  /** The file that an edit changes. */
  readonly source: string;
  command(port: number): Promise<readonly string[]>;
}

export interface Server {
  readonly port: number;
  readonly folder: string;
  /** From the process's start to the first reply with 200, in milliseconds. */
  readonly ready: number;
  /** MiB in memory of the process and all below it. */
  memory(): number;
  stop(): Promise<void>;
}

export const here: string = fileURLToPath(new URL(".", import.meta.url));
const body = JSON.stringify({ quantity: 1 });

/** The one request of all measurements. */
export const request: string = [
  "POST /orders/a%20b?from=bench HTTP/1.1",
  "host: 127.0.0.1",
  "content-type: application/json",
  "x-tenant: blue",
  `content-length: ${body.length}`,
  "",
  body,
].join("\r\n");

/** What every server answers to it; `version` is what an edit changes. */
export function replyOf(version: number): string {
  return JSON.stringify({ id: "a b", tenant: "blue", quantity: 2, version });
}

export async function start(subject: Subject): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "faasten-bench-"));
  cpSync(join(here, "apps", subject.app), folder, { recursive: true });
  symlinkSync(join(here, "node_modules"), join(folder, "node_modules"));
  const port = await freePort();
  const command = await subject.command(port);
  const began = performance.now();
  const child = spawn(process.execPath, command, {
    cwd: folder,
    stdio: "ignore",
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  await until(port, replyOf(0), child);
  const ready = performance.now() - began;
  return {
    port,
    folder,
    ready,
    memory: () => memoryOf(child.pid ?? 0),
    async stop() {
      const ended = once(child, "exit");
      const patience = setTimeout(() => child.kill("SIGKILL"), 5_000);
      child.kill("SIGTERM");
      await ended;
      clearTimeout(patience);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Asks again and again, on new connections, until the answer is the wanted one. */
export async function until(port: number, wanted: string, child?: ChildProcess, patience = 20_000): Promise<void> {
  const last = performance.now() + patience;
  while (performance.now() < last) {
    const answer = await ask(port);
    if (answer?.startsWith("HTTP/1.1 200 ") && answer.endsWith(wanted)) return;
    if (child && child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    await new Promise((resume) => setTimeout(resume, 2));
  }
  throw new Error(`port ${port} did not answer ${wanted} within ${patience} ms`);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no free port");
  return address.port;
}

/** `undefined`: nobody listens. */
function ask(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1");
    socket.setEncoding("latin1").setTimeout(10_000, () => socket.destroy());
    socket.on("data", (part: string) => {
      text += part;
    });
    socket.on("error", () => resolve(undefined)).on("close", () => resolve(text === "" ? undefined : text));
    socket.write(request.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
  });
}

function memoryOf(root: number): number {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid=,rss="], { encoding: "utf8" }).trim().split("\n");
  const processes = rows.map((row) => row.trim().split(/\s+/).map(Number));
  const tree = new Set([root]);
  let kilobytes = 0;
  for (const [pid = 0, parent = 0, rss = 0] of processes.sort(([a = 0], [b = 0]) => a - b)) {
    if (tree.has(parent)) tree.add(pid);
    if (tree.has(pid)) kilobytes += rss;
  }
  return kilobytes / 1024;
}
