// The `faasten` command as a process of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { command } from "./running.ts";

export interface Run {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves once either of the two matches. */
  said(pattern: RegExp): Promise<void>;
  readonly ended: Promise<Ended>;
  /** As Ctrl-C does; gives the exit code. */
  stop(): Promise<number | null>;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export function runFaasten(
  folder: string,
  parameters: readonly string[],
  {
    env = {},
    input = "",
  }: { readonly env?: Readonly<Record<string, string>>; readonly input?: string | Uint8Array } = {},
): Run {
  const child = spawn(process.execPath, [...command, ...parameters], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {}); // a command that ends early does not read it
  child.stdin.end(input);
  const out: Buffer[] = [];
  const error: Buffer[] = [];
  const listeners = new Set<() => void>();
  const hear = (into: Buffer[]) => (part: Buffer) => {
    into.push(part);
    for (const listener of listeners) listener();
  };
  child.stdout.on("data", hear(out));
  child.stderr.on("data", hear(error));
  const stdout = () => Buffer.concat(out).toString();
  const stderr = () => Buffer.concat(error).toString();
  const ended = new Promise<Ended>((resolve) =>
    child.once("close", (code) => resolve({ code, stdout: Buffer.concat(out), stderr: stderr() })),
  );
  return {
    child,
    stdout,
    stderr,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(stdout()) && !pattern.test(stderr())) return;
          clearTimeout(timer);
          listeners.delete(look);
          resolve();
        };
        const fail = (why: string) => () =>
          reject(new Error(`${why} before it said ${pattern}:\n${stdout()}${stderr()}`));
        const timer = setTimeout(fail("20 s passed"), 20_000);
        void ended.then(fail("it ended"));
        listeners.add(look);
        look();
      }),
    async stop() {
      child.kill("SIGINT");
      return (await ended).code;
    },
  };
}
