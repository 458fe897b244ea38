// An app on its way to a cloud: built, and its plan run with the user's own programs.
import { setTimeout as sleep } from "node:timers/promises";
import { type BuildOptions, type Built, build, compose } from "../build/build.ts";
import { plannerOf } from "../build/stack.ts";
import type { Change, Plan, ReadChanges } from "../contracts/plan.ts";
import { FaastenError } from "../errors.ts";
import type { Values } from "./command.ts";
import { guard } from "./guard.ts";
import { openProgress } from "./progress.ts";
import { runSteps, type Say } from "./run.ts";
import { requireValues } from "./values.ts";

export interface Deployment {
  readonly built: Built;
  readonly plan: Plan;
  readonly changes: ReadChanges;
  /** What the command line says: the region, and its `--param`s. */
  readonly given: Values;
}

/** Writes `.faasten/<target>`, as a build does; "checked" writes nothing. */
export async function prepare(options: BuildOptions, how: "written" | "checked" = "written"): Promise<Deployment> {
  const built = await (how === "written" ? build(options) : compose(options));
  const planner = await plannerOf(built.provider);
  if (!planner || !built.planned) {
    const message = `there is nothing to deploy on ${options.target}: choose a cloud with --target, or serve the app here with \`faasten dev\``;
    throw new FaastenError("UNSUPPORTED", message);
  }
  const { region, params } = options;
  const given: Values = { ...params, ...(region !== undefined && { region }) };
  return { built, plan: built.planned.plan, changes: planner.changes, given };
}

/** What would come, change and go. Throws nothing for what holds data: that is told. */
export async function compare({ built, plan, changes, given }: Deployment, say: Say): Promise<readonly Change[]> {
  const values = requireValues(plan, given);
  const ran = await runSteps({
    plan,
    steps: plan.compare,
    folder: built.output,
    values,
    changes,
    approve: () => {},
    say,
    pause: sleep,
  });
  return ran.changes ?? plan.resources;
}

/** Throws `CONFLICT` before anything that holds data would be lost, unless it is named in `replace`. */
export async function deploy(
  { built, plan, changes, given }: Deployment,
  replace: readonly string[],
  say: Say,
): Promise<void> {
  await run({ built, plan, changes, given }, "deploy", (list) => guard(list, replace), say);
}

/** What holds data stays. */
export async function remove(deployment: Deployment, say: Say): Promise<void> {
  await run(deployment, "remove", (list) => guard(list, []), say);
}

async function run(
  { built, plan, changes, given }: Deployment,
  what: "deploy" | "remove",
  approve: (list: readonly Change[]) => void,
  say: Say,
): Promise<void> {
  const values = requireValues(plan, given);
  const progress = openProgress(built.output, plan, what, values);
  await runSteps({
    plan,
    steps: plan[what],
    folder: built.output,
    values,
    changes,
    approve,
    progress,
    say,
    pause: sleep,
  });
}
