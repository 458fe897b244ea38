// Google's own functions framework as a process, with the environment of Cloud Run functions.
// https://github.com/GoogleCloudPlatform/functions-framework-nodejs
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { setTimeout as passes } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Lines } from "./checks.ts";

export interface Framework {
  readonly origin: string;
  /** What it has printed. */
  readonly lines: Lines;
  /** The exit code, once it has ended by itself. */
  readonly ended: () => number | null;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

const main = fileURLToPath(
  new URL("node_modules/@google-cloud/functions-framework/build/src/main.js", import.meta.url),
);

export interface FrameworkOptions {
  /** Seconds that a function may run. */
  readonly timeout?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Who may post to a function that is not for browsers, and the token with which Cloud Run hands such a post on. */
const pushing = {
  FAASTEN_PUSH_AUDIENCE: "https://pushed.example",
  FAASTEN_PUSH_CALLER: "push@p.iam.gserviceaccount.com",
};
export const authorization: string = `Bearer ${[
  { alg: "RS256" },
  {
    iss: "https://accounts.google.com",
    aud: pushing.FAASTEN_PUSH_AUDIENCE,
    email: pushing.FAASTEN_PUSH_CALLER,
    email_verified: true,
    exp: 4_102_444_800,
  },
]
  .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
  .join(".")}.SIGNATURE_REMOVED_BY_GOOGLE`;

/** Serves the bundle in `folder`; resolves once it listens. */
export async function startFramework(
  folder: string,
  { timeout = 10, env = {} }: FrameworkOptions = {},
): Promise<Framework> {
  const port = await freePort();
  const child = spawn(process.execPath, [main, `--source=${folder}`, `--port=${port}`], {
    env: {
      PATH: process.env["PATH"],
      FUNCTION_TARGET: "handler",
      FUNCTION_SIGNATURE_TYPE: "http",
      IGNORED_ROUTES: "",
      CLOUD_RUN_TIMEOUT_SECONDS: String(timeout),
      K_SERVICE: "a-service",
      ...pushing,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const hear = (part: Buffer): void => {
    text += part.toString();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  // In production it says nothing.
  while (!(await answers(port))) {
    if (child.exitCode === null && child.signalCode === null) await passes(25);
    else throw new Error(`the framework ended before it listened:\n${text}`);
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    lines: () => text.split("\n").slice(0, -1),
    ended: () => child.exitCode,
    signal: (name) => void child.kill(name),
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    }).on("error", () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
