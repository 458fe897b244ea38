// `npm run bench`: what Faasten costs beside what one would use instead, all in one run and pair by pair, with Faasten
// against itself as the control: a difference that the control shows as well is noise.
// `--other <folder>` puts another built checkout in the control's place; `--only <part>`, again for each, leaves the rest out.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openWorkshop } from "./bundles.ts";
import { cold } from "./cold.ts";
import { here } from "./server.ts";
import { size } from "./size.ts";

const local = ["ready", "load", "edit"];
const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "2" },
    edits: { type: "string", default: "10" },
    starts: { type: "string", default: "25" },
    batches: { type: "string", default: "20" },
    pairs: { type: "string", default: "40" },
    other: { type: "string" },
    only: { type: "string", multiple: true, default: [...local, "runner", "bridge", "cold", "warm", "size", "stored"] },
  },
});
const wanted = (part: string): boolean => flags.only.includes(part);
const other = flags.other === undefined ? [] : ["--other", flags.other];

if (!existsSync(join(here, "node_modules", "hono"))) {
  const npm = process.env["npm_execpath"];
  if (npm === undefined) throw new Error("run this as `npm run bench`: it installs what it compares with");
  execFileSync(process.execPath, [npm, "ci", "--prefix", here], { stdio: "inherit" });
}

// Targets in time are for a machine that does nothing else.
const [load = 0] = loadavg();
console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}; median (lowest–highest).\n` +
    `When this began, ${load.toFixed(1)} processes wanted a core already.\n`,
);

const parts = local.filter(wanted);
if (parts.length > 0) {
  const { rounds, seconds, edits } = flags;
  const counts = ["--rounds", rounds, "--seconds", seconds, "--edits", edits];
  run("local.ts", ...counts, ...other, ...parts.flatMap((part) => ["--only", part]));
}
if (wanted("runner"))
  for (const trigger of ["local", "aws"]) run("runner.ts", "--trigger", trigger, "--batches", flags.batches);
if (wanted("bridge")) run("bridge.ts", "--batches", flags.batches);
if (wanted("stored")) run("stored.ts", "--rounds", flags.pairs);

const checkout = join(here, "..", "..");
const workshop = openWorkshop(checkout, flags.other ?? checkout);
try {
  if (wanted("cold") || wanted("warm")) {
    const bundles = await workshop.lambdas();
    if (wanted("cold")) console.log(await cold(bundles, Number(flags.starts)));
    if (wanted("warm")) run("warm.ts", "--bundles", JSON.stringify(bundles), "--batches", flags.batches);
  }
  if (wanted("size")) console.log(size(workshop));
} finally {
  workshop.close();
}

function run(script: string, ...args: readonly string[]): void {
  execFileSync(process.execPath, ["--conditions=faasten-source", join(here, script), ...args], { stdio: "inherit" });
}
