// faasten deploy
import { optionsOf, type PlanFlags } from "./plan.ts";
import { stepLines } from "./plan-text.ts";

export interface DeployFlags extends PlanFlags {
  readonly dryRun?: boolean;
}

export async function deploy(flags: DeployFlags): Promise<void> {
  const { deploy: run, prepare } = await import("../deploy/deployment.ts");
  const { createSay } = await import("./say.ts");
  const deployment = await prepare(optionsOf(flags));
  for (const note of deployment.built.notes) console.log(note);
  if (flags.dryRun) return dryRun(deployment, "deploy");
  await run(deployment, flags.replace ?? [], createSay(process.stdout));
  console.log(`${deployment.plan.service} is on ${deployment.plan.target}, stage ${deployment.plan.stage}`);
}

/** Prints what would be run, and runs nothing. */
export async function dryRun(
  { plan, given }: Awaited<ReturnType<typeof import("../deploy/deployment.ts").prepare>>,
  what: "deploy" | "remove",
): Promise<void> {
  const { shownValues } = await import("../deploy/values.ts");
  for (const line of stepLines(plan[what], shownValues(plan, given))) console.log(line);
}
