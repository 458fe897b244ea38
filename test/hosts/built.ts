// An app, built for a target by the command line in a folder of its own.
import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { command, copyOrders, makeApp, repository, save } from "../dev/running.ts";

export interface BuiltApp {
  readonly folder: string;
  /** `.faasten/<target>`, absolute. */
  readonly output: string;
}

/** `files` are laid over the app. Throws what the build says if it fails. */
export function buildApp(
  app: "behaviours" | "orders",
  target: string,
  files: Readonly<Record<string, string>> = {},
): BuiltApp {
  const folder = app === "orders" ? copyOrders() : copyBehaviours();
  for (const [name, text] of Object.entries(files)) save(folder, name, text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, "build", "--target", target], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "" },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`faasten build --target ${target} failed:\n${stdout}${stderr}`);
  return { folder, output: join(folder, ".faasten", target) };
}

export function copyBehaviours(): string {
  const folder = makeApp({});
  cpSync(join(repository, "test/hosts/app"), folder, { recursive: true });
  return folder;
}
