// Servers that others wrote in other languages, as processes of their own.
import { type ChildProcess, spawn } from "node:child_process";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Served {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startDynamodbLocal(folder: string): Promise<Served> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const main = "software.amazon.dynamodb.services.local.main.ServerRunner";
  const memory = ["-Xmx256m", "-XX:TieredStopAtLevel=1", `-Djava.library.path=${folder}`];
  const flags = ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", String(port)];
  const process = start("java", [...memory, "-cp", join(folder, "*"), main, ...flags]);
  await process.until(async () =>
    fetch(url).then(
      () => true,
      () => false,
    ),
  );
  return { url, stop: process.stop };
}

/** With what it gets wrong of the reference set right: see serve-moto.py. */
export async function startMoto(folder: string): Promise<Served & { output(): string }> {
  const script = fileURLToPath(new URL("serve-moto.py", import.meta.url));
  const process = start(join(folder, "bin/python"), ["-W", "ignore", script]);
  let url: string | undefined;
  await process.until(async () => {
    url = /listening on (http:\S+)/.exec(process.output())?.[1];
    return url !== undefined;
  });
  return { url: url ?? "", stop: process.stop, output: process.output };
}

interface Started {
  output(): string;
  until(ready: () => Promise<boolean>): Promise<void>;
  stop(): Promise<void>;
}

function start(program: string, args: readonly string[]): Started {
  const child: ChildProcess = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const ended = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      said += error.message;
      resolve();
    });
    child.once("exit", () => resolve());
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (part: Buffer) => {
      said += part;
    });
  let over = false;
  void ended.then(() => {
    over = true;
  });
  return {
    output: () => said,
    async until(ready) {
      while (!(await ready())) {
        if (over) throw new Error(`${program} came to an end:\n${said}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async stop() {
      child.kill();
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
