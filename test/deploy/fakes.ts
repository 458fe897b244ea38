// A cloud of ours for the user's programs to talk to: real processes on the PATH, which keep what they were told.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { command, repository } from "../dev/running.ts";

export interface Call {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

export interface Failure {
  readonly says?: string;
  readonly code?: number;
  /** Left out: each time. */
  readonly times?: number;
}

export interface Cloud {
  readonly folder: string;
  /** What a process is given to find these programs, and no other of the kind. */
  readonly env: Readonly<Record<string, string>>;
  /** Since the last time that they were asked for. */
  calls(): readonly Call[];
  /** Calls whose command line holds the text fail; `#3`: the third one. */
  fail(failures: Readonly<Record<string, Failure>>): void;
  state(program: string): Readonly<Record<string, unknown>>;
  /** Behind everybody's back. */
  change(program: string, from: string, to: string): void;
}

export function createCloud(programs: readonly string[] = ["aws", "az", "gcloud", "tofu"]): Cloud {
  const folder = mkdtempSync(join(tmpdir(), "faasten-cloud-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const source = readFileSync(join(repository, "test/deploy/clouds.mjs"), "utf8");
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  for (const program of programs) {
    writeFileSync(join(bin, program), `#!${process.execPath}\n${source}`);
    chmodSync(join(bin, program), 0o755);
  }
  const calls = join(folder, "calls.jsonl");
  return {
    folder,
    env: {
      PATH: [bin, dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
      FAKE_CLOUD: folder,
      AWS_REGION: "",
      AWS_DEFAULT_REGION: "",
    },
    calls() {
      const text = existsSync(calls) ? readFileSync(calls, "utf8") : "";
      writeFileSync(calls, "");
      return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Call]));
    },
    fail: (failures) => writeFileSync(join(folder, "failures.json"), JSON.stringify(failures)),
    change(program, from, to) {
      const file = join(folder, `${program}.json`);
      const text = readFileSync(file, "utf8");
      if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`);
      writeFileSync(file, text.replaceAll(from, to));
    },
    state(program) {
      const file = join(folder, `${program}.json`);
      return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, unknown>>) : {};
    },
  };
}

export interface Told {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `faasten`, in the app's folder, with these programs on its PATH. */
export function faasten(
  folder: string,
  cloud: Cloud,
  parameters: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Told {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, ...parameters], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "", ...cloud.env, ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

export const lineOf = ({ program, args }: Call): string => [program, ...args].join(" ");

/** A small app with something of each kind: a route, a store, a topic with its subscriber, a clock. */
export const app: Readonly<Record<string, string>> = {
  "serverless.yml": `service: shop
provider: { name: aws, runtime: nodejs22.x, region: eu-west-1 }
custom:
  faasten:
    entry: [src/shop.ts]
    regions: { azure: westeurope, gcp: europe-west1 }
`,
  "src/shop.ts": `import { http, schedule, state, topic } from "faasten";

const orders = state<{ id: string }>("orders");
const placed = topic<{ id: string }>("order.placed");

export const place = http.post(
  "/orders/:id",
  { access: "public", uses: { orders: orders.readWrite, placed: placed.publish } },
  async (_request, { params, orders, placed }) => {
    await orders.set(params.id, { id: params.id });
    await placed.publish({ id: params.id });
    return new Response(null, { status: 201 });
  },
);

export const ship = placed.subscribe({ uses: { orders: orders.readWrite } }, async (event, { orders }) => {
  await orders.set(event.data.id, event.data);
});

export const sweep = schedule("0 3 * * *", { uses: { orders: orders.read } }, async () => {});
`,
};
