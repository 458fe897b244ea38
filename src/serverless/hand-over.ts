// `--target azure` and `--target gcp`: the framework makes room for our own command.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { FaastenError } from "../errors.ts";
import type { Options } from "./framework.ts";

/** A command of the framework's → ours that does the same for another cloud. */
export const commands = { package: "build", deploy: "deploy", remove: "remove" } as const;

/** Its output goes to ours. Throws where it fails. */
export async function handOver(
  command: keyof typeof commands,
  folder: string,
  { target = "", stage, param = [] }: Options,
): Promise<void> {
  const own = import.meta.url.endsWith(".ts") ? "../cli/main.ts" : "../cli/main.js";
  const args = [fileURLToPath(new URL(own, import.meta.url)), commands[command], "--target", target];
  if (stage !== undefined) args.push("--stage", stage);
  for (const one of param) args.push("--param", one);
  const child = spawn(process.execPath, [...process.execArgv, ...args], { cwd: folder, stdio: "inherit" });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0)
    throw new FaastenError("UNAVAILABLE", `\`faasten ${args.slice(1).join(" ")}\` failed: what is above says why`);
}
