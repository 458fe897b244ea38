// Bundles in Lambda's own runtime interface client, one process a function, started by its first call.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Graph } from "../../src/contracts/graph.ts";
import type { HttpRoute } from "../servers/http-api.ts";
import {
  type Answer,
  type InvokeOptions,
  type RuntimeApi,
  startRuntimeApi,
  text,
} from "../servers/lambda-runtime-api.ts";

/** The runtime client of a generation of managed runtimes: 3 of nodejs22.x and before, 4 of nodejs24.x. */
export type Client = 3 | 4;

export interface Lambda {
  /** The answer as the runtime begins it. */
  begin(event: unknown, options?: InvokeOptions): Promise<Answer>;
  /** The whole result; rejects if the invocation failed. */
  invoke(event: unknown, options?: InvokeOptions): Promise<unknown>;
  /** Whole lines that it has printed so far. */
  lines(): readonly string[];
  /** How many processes have served it so far. */
  readonly starts: number;
  /** Ends its process at once, as if its machine were lost; the next call finds a new one. */
  kill(): void;
  stop(): void;
}

const modules = fileURLToPath(new URL("node_modules", import.meta.url));
const commands: Readonly<Record<Client, readonly string[]>> = {
  3: [`${modules}/aws-lambda-ric-3/bin/index.mjs`],
  4: [`${modules}/aws-lambda-ric/index.mjs`],
};

/** Why this client cannot run here; `undefined`: it can. */
export function unavailable(client: Client): string | undefined {
  const [file = ""] = commands[client];
  if (existsSync(file)) return undefined;
  return client === 3
    ? "aws-lambda-ric 3 did not build, which takes autoconf, automake and libtool"
    : "npm ci --prefix test/hosts has not run";
}

export interface LambdaOptions {
  readonly client?: Client;
  /** Milliseconds that the function may run. */
  readonly timeout?: number;
  /** Where local components keep their files; left out: the bundle's folder. */
  readonly cwd?: string;
  /** Left out: a bundle's. */
  readonly handler?: string;
  /** What its stack sets, beside what Lambda does. */
  readonly env?: Readonly<Record<string, string>>;
}

/** `folder` holds the bundle. */
export function lambda(
  folder: string,
  { client = 4, timeout = 4000, cwd = folder, handler = "index.handler", env = {} }: LambdaOptions = {},
): Lambda {
  let started: Promise<RuntimeApi> | undefined;
  let api: RuntimeApi | undefined;
  let child: ChildProcess | undefined;
  let output = "";
  let starts = 0;
  let stopped = false;

  async function start(): Promise<RuntimeApi> {
    const opened = await startRuntimeApi();
    api = opened;
    starts += 1;
    child = spawn(process.execPath, [...commands[client], handler], {
      cwd,
      env: {
        ...environment,
        _HANDLER: handler,
        AWS_LAMBDA_RUNTIME_API: opened.address,
        LAMBDA_TASK_ROOT: folder,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const hear = (part: Buffer): void => {
      output += part.toString();
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("exit", (code) => {
      // As the platform does it: the next call finds a new environment.
      started = undefined;
      opened.fail(`the runtime ended with ${code}:\n${output}`);
    });
    return opened;
  }

  const self: Lambda = {
    async begin(event, options) {
      if (stopped) throw new Error("this function was stopped");
      started ??= start();
      return (await started).invoke(event, { timeout, ...options });
    },
    async invoke(event, options) {
      const { ok, body } = await self.begin(event, options);
      const result: unknown = JSON.parse(await text(body));
      if (ok) return result;
      throw new Error(`the invocation failed: ${JSON.stringify(result)}\n${output}`);
    },
    lines: () => output.split("\n").slice(0, -1),
    get starts() {
      return starts;
    },
    kill: () => void child?.kill("SIGKILL"),
    stop() {
      stopped = true;
      child?.removeAllListeners("exit").kill("SIGKILL");
      api?.close();
    },
  };
  return self;
}

/** All functions of one built app. */
export interface Fleet {
  readonly routes: readonly HttpRoute[];
  of(name: string): Lambda;
  stop(): void;
}

/** `output` is `.faasten/aws`. */
export function createFleet(
  output: string,
  { envOf, ...options }: LambdaOptions & { readonly envOf?: (name: string) => Readonly<Record<string, string>> } = {},
): Fleet {
  const running = new Map<string, Lambda>();
  const { functions } = JSON.parse(readFileSync(join(output, "graph.json"), "utf8")) as Graph;
  const of = (name: string): Lambda => {
    const one =
      running.get(name) ?? lambda(join(output, "functions", name), { ...options, ...(envOf && { env: envOf(name) }) });
    running.set(name, one);
    return one;
  };
  return {
    of,
    routes: functions.flatMap(({ name, on }) =>
      on.kind === "http" ? { method: on.method, path: on.path, invoke: (event) => of(name).begin(event) } : [],
    ),
    stop() {
      for (const one of running.values()) one.stop();
    },
  };
}

const environment = {
  PATH: process.env["PATH"] ?? "",
  AWS_REGION: "eu-west-1",
  AWS_LAMBDA_FUNCTION_NAME: "test",
  AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
  AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/test",
  AWS_LAMBDA_LOG_STREAM_NAME: "2026/11/20/[$LATEST]test",
};
