// Bundles in Lambda's own runtime interface client, one process a function, started by its first call.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Answer, type InvokeOptions, type RuntimeApi, startRuntimeApi, text } from "../servers/lambda-runtime-api.ts";
import type { Logged } from "./behaviours.ts";

/** The runtime client of a generation of managed runtimes: 3 of nodejs22.x and before, 4 of nodejs24.x. */
export type Client = 3 | 4;

export interface Lambda {
  /** The answer as the runtime begins it. */
  begin(event: unknown, options?: InvokeOptions): Promise<Answer>;
  /** The whole result; rejects if the invocation failed. */
  invoke(event: unknown, options?: InvokeOptions): Promise<unknown>;
  /** Resolves once the function's log has such a line. */
  logged(line: Logged): Promise<void>;
  lines(): readonly Logged[];
  /** That it is still the process which it was. */
  readonly alive: boolean;
  stop(): void;
}

const modules = fileURLToPath(new URL("node_modules", import.meta.url));
const commands: Readonly<Record<Client, readonly string[]>> = {
  3: [`${modules}/aws-lambda-ric-3/bin/index.mjs`, "index.handler"],
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

/** `folder` holds the bundle. `timeout` in milliseconds, as the function has it. */
export function lambda(
  folder: string,
  { client = 4, timeout = 4000, env = {} }: { client?: Client; timeout?: number; env?: Record<string, string> } = {},
): Lambda {
  let started: Promise<RuntimeApi> | undefined;
  let api: RuntimeApi | undefined;
  let child: ChildProcess | undefined;
  let output = "";
  let stopped = false;

  async function start(): Promise<RuntimeApi> {
    const opened = await startRuntimeApi();
    api = opened;
    child = spawn(process.execPath, commands[client], {
      cwd: folder,
      env: { ...environment, ...env, AWS_LAMBDA_RUNTIME_API: opened.address, LAMBDA_TASK_ROOT: folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const hear = (part: Buffer): void => {
      output += part.toString();
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("exit", (code) => {
      child = undefined;
      opened.fail(`the runtime ended with ${code}:\n${output}`);
    });
    return opened;
  }

  const lines = (): readonly Logged[] =>
    output.split("\n").flatMap((line) => (line.startsWith("{") && line.endsWith("}") ? (JSON.parse(line) as Logged) : []));

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
    async logged(wanted) {
      const end = Date.now() + 10_000;
      const fits = (line: Logged): boolean =>
        Object.entries(wanted).every(([name, value]) => JSON.stringify(line[name]) === JSON.stringify(value));
      while (!lines().some(fits)) {
        if (Date.now() > end) throw new Error(`no line of the log has ${JSON.stringify(wanted)}:\n${output}`);
        await new Promise((resume) => setTimeout(resume, 20));
      }
    },
    lines,
    get alive() {
      return child !== undefined;
    },
    stop() {
      stopped = true;
      child?.removeAllListeners("exit").kill("SIGKILL");
      api?.close();
    },
  };
  return self;
}

const environment = {
  PATH: process.env["PATH"] ?? "",
  _HANDLER: "index.handler",
  AWS_REGION: "eu-west-1",
  AWS_LAMBDA_FUNCTION_NAME: "test",
  AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
  AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/test",
  AWS_LAMBDA_LOG_STREAM_NAME: "2026/11/20/[$LATEST]test",
};
