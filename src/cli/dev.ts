// faasten dev
import { dev as start } from "../dev/dev.ts";
import { createPrinter } from "../dev/print.ts";
import { FaastenError } from "../errors.ts";

export interface DevFlags {
  readonly port: string;
  readonly stage?: string;
  readonly param?: readonly string[];
}

export async function dev({ port, stage, param = [] }: DevFlags): Promise<void> {
  const number = Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new FaastenError("INVALID", `--port ${port}: a whole number from 0 to 65535 is wanted`);
  const asked = new AbortController();
  const stop = (): void => {
    if (asked.signal.aborted) process.exit(130);
    asked.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  const running = await start({
    signal: asked.signal,
    folder: process.cwd(),
    port: number,
    params: Object.fromEntries(param.map(pair)),
    print: createPrinter(process.stdout, process.stderr),
    ...(stage !== undefined && { stage }),
    ...(process.env["FAASTEN_TOKEN"] && { token: process.env["FAASTEN_TOKEN"] }),
  });
  await running.ended;
  process.exit(0);
}

function pair(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new FaastenError("INVALID", `--param ${text}: write name=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}
