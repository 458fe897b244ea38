// faasten remove
import { type DeployFlags, dryRun } from "./deploy.ts";
import { optionsOf } from "./plan.ts";

export async function remove(flags: Omit<DeployFlags, "replace">): Promise<void> {
  const { prepare, remove: run } = await import("../deploy/deployment.ts");
  const { createSay } = await import("./say.ts");
  const deployment = await prepare(optionsOf(flags));
  if (flags.dryRun) return dryRun(deployment, "remove");
  await run(deployment, createSay(process.stdout));
  const kept = deployment.plan.resources.filter(({ data }) => data);
  console.log(`${deployment.plan.service} is no longer on ${deployment.plan.target}, stage ${deployment.plan.stage}`);
  if (kept.length === 0) return;
  console.log("kept, with what it holds, for the next `faasten deploy`:");
  for (const { type, name, physical } of kept) console.log(`  ${type}  ${physical ?? name}`);
}
