// faasten build
import { readPairs } from "./pairs.ts";
import { readTarget } from "./target.ts";

export interface BuildFlags {
  readonly target: string;
  readonly stage?: string;
  readonly region?: string;
  readonly param?: readonly string[];
  readonly opt?: readonly string[];
}

export async function build({ target, stage, region, param, opt }: BuildFlags): Promise<void> {
  const { build: run } = await import("../build/build.ts");
  const built = await run({
    folder: process.cwd(),
    target: readTarget(target),
    params: readPairs("--param", param),
    options: readPairs("--opt", opt),
    ...(stage !== undefined && { stage }),
    ...(region !== undefined && { region }),
  });
  for (const [name, { bytes }] of Object.entries(built.weights))
    console.log(`${name}  ${(bytes / 1024).toFixed(1)} KB`);
  for (const note of built.notes) console.log(note);
}
