// `faasten dev` as a process of its own, in a folder of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const repository: string = fileURLToPath(new URL("../..", import.meta.url));
export const command: readonly string[] = ["--conditions=faasten-source", join(repository, "src/cli/main.ts")];

/** A folder that holds an app, and the libraries of this repository. */
export function makeApp(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "faasten-"));
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  for (const [name, text] of Object.entries(files)) save(folder, name, text);
  return folder;
}

/** The demo app, without the data of whoever runs it here. */
export function copyOrders(): string {
  const folder = makeApp({});
  cpSync(join(repository, "serverless.yml"), join(folder, "serverless.yml"));
  cpSync(join(repository, "templates"), join(folder, "templates"), { recursive: true });
  return folder;
}

/** At one stroke: a watcher on a busy machine would see a file that is written in two. */
export function save(folder: string, name: string, text: string): void {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${folder}.saving`, text);
  renameSync(`${folder}.saving`, file);
}

export interface Running {
  readonly url: string;
  readonly token: string;
  readonly child: ChildProcess;
  /** All that it has printed so far. */
  output(): string;
  /** Resolves once the output matches, from the given length on. */
  said(pattern: RegExp, from?: number): Promise<void>;
  control(method: string, path: string, body?: unknown): Promise<Response>;
  /** As Ctrl-C does, unless told otherwise; gives the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  readonly token?: string;
  /** As a process group of its own, to be killed with all its processes. */
  readonly group?: boolean;
}

export interface Launched {
  readonly child: ChildProcess;
  /** Its exit code. */
  readonly end: Promise<number | null>;
}

/** Starts it, and waits for nothing. */
export function launchDev(
  folder: string,
  { env = {}, flags = [], token = "test-token", group = false }: StartOptions = {},
): Launched {
  const child = spawn(process.execPath, [...command, "dev", "--port", "0", ...flags], {
    cwd: folder,
    detached: group,
    env: { ...process.env, FAASTEN_TOKEN: token, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { child, end: new Promise((resolve) => child.once("exit", (code) => resolve(code))) };
}

/** Resolves once it answers; rejects with what it printed if it ends before. */
export async function startDev(folder: string, options: StartOptions = {}): Promise<Running> {
  const { token = "test-token" } = options;
  const { child, end: exited } = launchDev(folder, options);
  let text = "";
  const listeners = new Set<() => void>();
  const hear = (part: Buffer): void => {
    text += part.toString();
    for (const listener of listeners) listener();
  };
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  const said: Running["said"] = (pattern, from = 0) =>
    new Promise((resolve, reject) => {
      const fail = (why: string) => (): void =>
        end(() => reject(new Error(`${why} before it said ${pattern}:\n${text.slice(from)}`)));
      const timer = setTimeout(fail("20 s passed"), 20_000);
      const ended = fail("it ended");
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        listeners.delete(look);
        child.off("exit", ended);
        settle();
      };
      const look = (): void => {
        if (pattern.test(text.slice(from))) end(resolve);
      };
      listeners.add(look);
      child.once("exit", ended);
      look();
    });
  await said(/answers on http:\/\/127\.0\.0\.1:\d+/);
  const url = /answers on (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1] ?? "";
  return {
    url,
    token,
    child,
    output: () => text,
    said,
    control: (method, path, body) =>
      fetch(`${url}/_faasten${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    async stop(signal = "SIGINT") {
      child.kill(signal);
      return exited;
    },
  };
}

export function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export function read(folder: string, name: string): string {
  return readFileSync(join(folder, name), "utf8");
}
