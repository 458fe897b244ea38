// faasten dev
import { existsSync } from "node:fs";
import { join } from "node:path";
import { dev as start } from "../dev/dev.ts";
import { createPrinter } from "../dev/print.ts";
import { FaastenError } from "../errors.ts";
import { readPairs } from "./pairs.ts";

export interface DevFlags {
  readonly port: string;
  readonly stage?: string;
  readonly param?: readonly string[];
  readonly opt?: readonly string[];
}

export async function dev({ port, stage, param, opt }: DevFlags): Promise<void> {
  const number = /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN;
  if (!(number <= 65_535))
    throw new FaastenError("INVALID", `--port ${port}: a whole number from 0 to 65535 is wanted`);
  const params = readPairs("--param", param);
  const options = readPairs("--opt", opt);
  const folder = process.cwd();
  checkFolder(folder);
  const asked = new AbortController();
  const stop = (): void => {
    if (asked.signal.aborted) process.exit(130);
    asked.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  const running = await start({
    signal: asked.signal,
    folder,
    port: number,
    params,
    options,
    print: createPrinter(process.stdout, process.stderr),
    ...(stage !== undefined && { stage }),
    ...(process.env["FAASTEN_TOKEN"] && { token: process.env["FAASTEN_TOKEN"] }),
  });
  await running.ended;
  process.exit(0);
}

/** Nothing is made in a folder that holds no app. */
function checkFolder(folder: string): void {
  if (["serverless.yml", "serverless.yaml"].some((name) => existsSync(join(folder, name)))) return;
  throw new FaastenError(
    "NOT_FOUND",
    `there is no serverless.yml in ${folder}: go to the folder of an app, or write one with \`service\`, \`provider\` and \`custom.faasten.entry\``,
  );
}
