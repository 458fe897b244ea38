// faasten build
import { type Target, targets } from "../build/providers.ts";
import { FaastenError } from "../errors.ts";
import { suggest } from "../manifest/problems.ts";
import { readParams } from "./params.ts";

export interface BuildFlags {
  readonly target: string;
  readonly stage?: string;
  readonly param?: readonly string[];
}

export async function build({ target, stage, param }: BuildFlags): Promise<void> {
  if (!isTarget(target))
    throw new FaastenError("INVALID", `--target ${target}: there is no such target.${suggest(target, targets)}`);
  const { build: run } = await import("../build/build.ts");
  const built = await run({
    folder: process.cwd(),
    target,
    params: readParams(param),
    ...(stage !== undefined && { stage }),
  });
  for (const [name, { bytes }] of Object.entries(built.weights))
    console.log(`${name}  ${(bytes / 1024).toFixed(1)} KB`);
  for (const note of built.notes) console.log(note);
}

function isTarget(name: string): name is Target {
  return targets.some((target) => target === name);
}
