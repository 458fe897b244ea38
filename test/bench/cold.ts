// From a process's start to the first reply: what a cold start costs beside the platform's own part.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Bundle } from "./bundles.ts";
import { figure, inRounds, ratio, show, table, verdict } from "./figures.ts";
import { here } from "./server.ts";

interface Start {
  readonly ms: number;
  /** How many of undici's modules Node had loaded by then. */
  readonly undici: number;
}

/** Each in a process of its own that calls it once; gives the table. */
export async function cold(bundles: readonly Bundle[], rounds: number): Promise<string> {
  const starts = await inRounds(rounds, bundles, start);
  const times = starts.map((list) => list.map(({ ms }) => ms));
  const rows = bundles.map(({ name, event, bytes }, index) => {
    const own = bundles.findIndex((other) => other.event === event);
    const undici = Math.max(...(starts[index] ?? []).map((one) => one.undici));
    return [
      `${name}, ${event === "http" ? "HTTP" : "SQS"}`,
      show(figure(times[index] ?? []), 1),
      index === own ? "" : show(ratio(times[own] ?? [], times[index] ?? []), 2),
      undici === 0 ? "no" : "yes",
      index === own ? `no undici: ${verdict(undici === 0)}` : "",
      (bytes / 1024).toFixed(1),
    ];
  });
  return table(["a Lambda function's first reply", "ms", "faasten / it", "undici loaded", "target", "KB"], rows);
}

async function start({ file, event }: Bundle): Promise<Start> {
  const driver = [join(here, "driver.mjs"), file, event];
  const said = execFileSync(process.execPath, driver, { encoding: "utf8", env: { ...process.env, NODE_OPTIONS: "" } });
  return JSON.parse(said) as Start;
}
