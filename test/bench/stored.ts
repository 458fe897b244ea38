// An order that is stored in DynamoDB and told through SNS: our bundle, the same again as the control, and one written by hand with
// the SDK; both services answer from a process of their own. Ratios are of pairs, with the 95 % interval of their geometric mean.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { bundling, forCommonJs } from "../../src/build/bundling.ts";
import { figure, inRounds, show, shuffled, table, verdict } from "./figures.ts";
import { check, context, events } from "./lambda.mjs";
import { here } from "./server.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "40" } } });
const rounds = Number(values.rounds);
/** Of the warm call: many, for the system may count CPU time in steps of 4 ms. */
const perBatch = 100;

interface Start {
  readonly ms: number;
  readonly cpu: number;
  readonly builtins: readonly string[];
}

const checkout = join(here, "..", "..");
const folder = mkdtempSync(join(tmpdir(), "faasten-bench-"));
const service = spawn(process.execPath, [join(here, "stored-service.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
try {
  const [port] = (await once(service.stdout, "data")) as [Buffer];
  const environment = {
    AWS_ACCESS_KEY_ID: "key",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_REGION: "eu-west-1",
    AWS_ENDPOINT_URL: `http://127.0.0.1:${String(port).trim()}`,
    FAASTEN_STATE_ORDERS: "bench-orders",
    FAASTEN_PUBSUB_PUBSUB: "arn:aws:sns:eu-west-1:123456789012:bench-",
  };
  const files = await bundles();
  const weights = files.map((file) => statSync(file).size);
  const starts = await inRounds(rounds, files, (file): Start => {
    const said = execFileSync(process.execPath, [join(here, "stored-driver.mjs"), file], {
      encoding: "utf8",
      env: { ...process.env, ...environment, NODE_OPTIONS: "" },
    });
    return JSON.parse(said) as Start;
  });
  Object.assign(process.env, environment);
  const warm = await warmed(files);
  console.log(report({ weights, starts, warm }));
} finally {
  service.kill();
  rmSync(folder, { recursive: true, force: true });
}

/** Ours, ours again, and the one by hand. */
async function bundles(): Promise<readonly string[]> {
  const app = join(folder, "app");
  cpSync(join(here, "apps/stored"), app, { recursive: true });
  symlinkSync(join(checkout, "node_modules"), join(app, "node_modules"));
  execFileSync(process.execPath, [join(checkout, "dist/src/cli/main.js"), "build", "--target", "aws"], {
    cwd: app,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const own = join(app, ".faasten/aws/functions/order/index.mjs");
  const again = join(folder, "again.mjs");
  cpSync(own, again);
  const byHand = join(folder, "by-hand.mjs");
  await build({
    ...bundling,
    ...forCommonJs,
    minify: true,
    entryPoints: [join(here, "apps/lambda/stored.mjs")],
    outfile: byHand,
  });
  return [own, again, byHand];
}

/** CPU of the process in microseconds a call, batch by batch. */
async function warmed(files: readonly string[]): Promise<readonly (readonly number[])[]> {
  const subjects = await Promise.all(
    files.map(async (file) => {
      const { handler } = (await import(file)) as { handler(event: unknown, context: unknown): Promise<unknown> };
      check("http", await handler(events.http(), context));
      return { handler, took: [] as number[] };
    }),
  );
  for (let batch = -10; batch < rounds; batch++) {
    for (const { handler, took } of shuffled(subjects)) {
      const began = process.cpuUsage();
      for (let index = 0; index < perBatch; index++) await handler(events.http(), context);
      const { user, system } = process.cpuUsage(began);
      if (batch >= 0) took.push((user + system) / perBatch);
    }
  }
  return subjects.map(({ took }) => took);
}

interface Measured {
  readonly weights: readonly number[];
  readonly starts: readonly (readonly Start[])[];
  readonly warm: readonly (readonly number[])[];
}

function report({ weights, starts, warm }: Measured): string {
  const [own = 0, , hand = 1] = weights;
  const loaded = starts.map((list) => new Set(list.flatMap(({ builtins }) => builtins)));
  const more = [...(loaded[0] ?? [])].filter((name) => !loaded[2]?.has(name));
  const less = [...(loaded[2] ?? [])].filter((name) => !loaded[0]?.has(name));
  const rows = [
    [
      "bundle, KB",
      ...[own, hand].map((bytes) => (bytes / 1024).toFixed(1)),
      (own / hand).toFixed(3),
      "",
      `≤ 1.05: ${verdict(own / hand <= 1.05)}`,
    ],
    [
      "Node's own modules loaded",
      `${loaded[0]?.size}`,
      `${loaded[2]?.size}`,
      `${more.length} more (${more.join(", ")}), ${less.length} less`,
      "",
      `none more: ${verdict(more.length === 0)}`,
    ],
    timed(
      "process start to first reply, ms",
      starts.map((list) => list.map(({ ms }) => ms)),
    ),
    timed(
      "… in CPU, ms",
      starts.map((list) => list.map(({ cpu }) => cpu)),
    ),
    timed("a warm call, µs of CPU", warm),
  ];
  const head = [
    `an order stored and told, n = ${rounds}`,
    "faasten",
    "by hand with the SDK",
    "faasten / by hand",
    "control",
    "target",
  ];
  return table(head, rows);
}

function timed(name: string, [own = [], again = [], hand = []]: readonly (readonly number[])[]): readonly string[] {
  const [low, mean, high] = interval(own, hand);
  const control = interval(own, again);
  const text = ([from, middle, to]: readonly number[]): string => `${f(middle)} (${f(from)}–${f(to)})`;
  const f = (value = Number.NaN): string => value.toFixed(2);
  return [
    name,
    show(figure(own), 1),
    show(figure(hand), 1),
    text([low, mean, high]),
    text(control),
    `upper end ≤ 1.10: ${verdict(high <= 1.1)}`,
  ];
}

/** Of the pairs' ratio: the 95 % interval of its geometric mean, which lies in the middle. */
function interval(a: readonly number[], b: readonly number[]): readonly [number, number, number] {
  const logs = a.map((value, round) => Math.log(value / (b[round] ?? Number.NaN)));
  const mean = logs.reduce((sum, one) => sum + one, 0) / logs.length;
  const variance = logs.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (logs.length - 1);
  // Student's t for 39 degrees of freedom and more.
  const half = 2.03 * Math.sqrt(variance / logs.length);
  return [Math.exp(mean - half), Math.exp(mean), Math.exp(mean + half)];
}
