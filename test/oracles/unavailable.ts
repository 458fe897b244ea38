// What could not be asked, printed where it is found and counted at the very end: nothing turns green by it.
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const list = join(tmpdir(), `faasten-oracles-${process.env["FAASTEN_ORACLES"] ?? "alone"}`);

export function unavailable(oracle: string, reason: string): void {
  console.log(`unavailable: ${oracle}: ${reason}`);
  appendFileSync(list, `${oracle}\n`);
}

/** Vitest's own hooks: before all, and after all. */
export function setup(): void {
  rmSync(list, { force: true });
}

export function teardown(): void {
  const missing = existsSync(list) ? readFileSync(list, "utf8").trim().split("\n") : [];
  rmSync(list, { force: true });
  console.log(
    missing.length === 0 ? "all oracles were asked" : `unavailable: ${missing.length} (${missing.join(", ")})`,
  );
}
