// Who serves a folder, and where: `dev.json`, which one process holds at a time.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FaastenError } from "../errors.ts";

export interface Address {
  /** For the other commands, and for the apps beside it. */
  tell(known: { readonly service: string; readonly port: number; readonly token: string }): void;
  /** Lets go of the folder, unless another has it by now. */
  release(): void;
}

/** Throws `ALREADY_EXISTS` where another process has the folder. One that was killed has it no more. */
export function takeAddress(data: string): Address {
  mkdirSync(data, { recursive: true });
  const file = join(data, "dev.json");
  const draft = `${file}.${process.pid}`;
  const write = (known: object): void => writeFileSync(draft, JSON.stringify(known), { mode: 0o600 });

  write({ pid: process.pid });
  try {
    // A link appears with all that is in it, or not at all.
    while (!links(draft, file)) setAside(file, `${draft}.old`);
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    tell({ service, port, token }) {
      write({ service, port, token, pid: process.pid });
      renameSync(draft, file);
    },
    release() {
      if (readAddress(file)["pid"] === process.pid) rmSync(file, { force: true });
    },
  };
}

/** Empty where it cannot be read. */
export function readAddress(file: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {};
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** What was left behind goes. Another may have done so and taken its place since it was read: then that one is put back. */
function setAside(file: string, aside: string): void {
  refuseIfHeld(file, file);
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    refuseIfHeld(aside, file);
  } catch (error) {
    links(aside, file);
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function refuseIfHeld(written: string, file: string): void {
  const { port, pid } = readAddress(written);
  if (typeof pid !== "number" || pid === process.pid || !isAlive(pid)) return;
  const what =
    port === undefined ? `is being started by process ${pid}` : `answers on port ${port} already, from process ${pid}`;
  throw new FaastenError(
    "ALREADY_EXISTS",
    `the app in this folder ${what}: stop that one first. If that process is something else, remove ${file}`,
  );
}

/** Whether it did: `false` where there is such a file already. */
function links(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
