// An app, built for a target by the command line in a folder of its own.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command, copyOrders, makeApp, remove, repository, save } from "../dev/running.ts";

export interface BuiltApp {
  readonly folder: string;
  /** `.faasten/<target>`, absolute. */
  readonly output: string;
  /** What the build printed. */
  readonly said: string;
}

export interface BuildOptions {
  /** Laid over the app. */
  readonly files?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Throws what the build says if it fails. */
export function buildApp(
  app: "behaviours" | "handlers" | "orders" | "none",
  target: string,
  { files = {}, flags = [], env = {} }: BuildOptions = {},
): BuiltApp {
  const folder = copies[app]();
  for (const [name, text] of Object.entries(files)) save(folder, name, text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, "build", "--target", target, ...flags], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    encoding: "utf8",
  });
  if (status !== 0) {
    remove(folder);
    throw new Error(`faasten build --target ${target} failed:\n${stdout}${stderr}`);
  }
  return { folder, output: join(folder, ".faasten", target), said: stdout };
}

export function copyBehaviours(): string {
  const folder = makeApp({});
  cpSync(join(repository, "test/hosts/app"), folder, { recursive: true });
  return folder;
}

/** With the libraries that `test/hosts` has installed. */
export function copyHandlers(): string {
  const folder = mkdtempSync(join(tmpdir(), "faasten-"));
  cpSync(join(repository, "test/hosts/handlers"), folder, { recursive: true });
  symlinkSync(join(repository, "test/hosts/node_modules"), join(folder, "node_modules"));
  return folder;
}

const copies: Readonly<Record<Parameters<typeof buildApp>[0], () => string>> = {
  behaviours: copyBehaviours,
  handlers: copyHandlers,
  none: () => makeApp({}),
  orders: copyOrders,
};
