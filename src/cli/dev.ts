// faasten dev
import { dev as start } from "../dev/dev.ts";
import { createPrinter } from "../dev/print.ts";
import { FaastenError } from "../errors.ts";
import { readParams } from "./params.ts";

export interface DevFlags {
  readonly port: string;
  readonly stage?: string;
  readonly param?: readonly string[];
}

export async function dev({ port, stage, param }: DevFlags): Promise<void> {
  const number = Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new FaastenError("INVALID", `--port ${port}: a whole number from 0 to 65535 is wanted`);
  const running = await start({
    folder: process.cwd(),
    port: number,
    params: readParams(param),
    print: createPrinter(process.stdout, process.stderr),
    ...(stage !== undefined && { stage }),
    ...(process.env["FAASTEN_TOKEN"] && { token: process.env["FAASTEN_TOKEN"] }),
  });
  let asked = false;
  const stop = (): void => {
    if (asked) process.exit(130);
    asked = true;
    void running.stop();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  await running.ended;
  process.exit(0);
}
