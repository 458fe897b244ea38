// How far a deployment came, so that the next one goes on from there. It holds names of resources, and no secret.
import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "../contracts/plan.ts";
import type { Values } from "./command.ts";

export interface Progress {
  /** Ids of the steps that are done. */
  readonly done: ReadonlySet<string>;
  /** What they read. */
  readonly read: Values;
  save(done: ReadonlySet<string>, read: Values): void;
  /** There is nothing to go on with. */
  clear(): void;
}

/** Of this very plan: one that differs in anything begins at its beginning. */
export function openProgress(folder: string, plan: Plan, what: "deploy" | "remove", given: Values): Progress {
  const file = join(folder, "progress.json");
  const mark = createHash("sha256")
    .update(JSON.stringify([what, plan, given]))
    .digest("hex");
  const known = readKnown(file);
  const own = known?.mark === mark ? known : undefined;
  return {
    done: new Set(own?.done),
    read: own?.read ?? {},
    save(done, read) {
      writeFileSync(`${file}.new`, `${JSON.stringify({ mark, done: [...done], read }, null, 2)}\n`, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
    clear: () => rmSync(file, { force: true }),
  };
}

interface Known {
  readonly mark: string;
  readonly done: readonly string[];
  readonly read: Values;
}

/** A file that cannot be read is as good as none. */
function readKnown(file: string): Known | undefined {
  try {
    const { mark, done, read } = JSON.parse(readFileSync(file, "utf8")) as Partial<Known>;
    return typeof mark === "string" && Array.isArray(done) && typeof read === "object"
      ? { mark, done, read }
      : undefined;
  } catch {
    return undefined;
  }
}
