// faasten plan
import { readPairs } from "./pairs.ts";
import { changeLines, permissionLines, routeLines, stepLines, uncheckedLines } from "./plan-text.ts";
import { readCloud } from "./target.ts";

export interface PlanFlags {
  readonly target: string;
  readonly stage?: string;
  readonly region?: string;
  readonly param?: readonly string[];
  readonly opt?: readonly string[];
  readonly replace?: readonly string[];
}

/** Ends with 1 where a deployment would stop before a loss of data. */
export async function plan(flags: PlanFlags): Promise<void> {
  const { compare, prepare } = await import("../deploy/deployment.ts");
  const { shownValues } = await import("../deploy/values.ts");
  const { lossesOf } = await import("../deploy/guard.ts");
  const { createSay } = await import("./say.ts");
  const replace = flags.replace ?? [];
  const deployment = await prepare(optionsOf(flags));
  const { plan: planned, built, given } = deployment;
  const changes = await compare(deployment, createSay(process.stderr));
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["steps", stepLines(planned.deploy, shownValues(planned, given))],
    ["resources", changeLines(changes, replace, process.stdout)],
    ["public routes", routeLines(built.graph)],
    ["permissions", permissionLines(built.stack?.permissions ?? [], built.graph)],
    ["not known before it is done", uncheckedLines(planned)],
  ];
  console.log(`${planned.service}, stage ${planned.stage}, on ${planned.target}`);
  for (const [heading, lines] of sections) console.log([`\n${heading}`, ...lines].join("\n"));
  for (const note of built.notes) console.log(note);
  if (lossesOf(changes, replace).length > 0) process.exitCode = 1;
}

export function optionsOf({ target, stage, region, param, opt }: Omit<PlanFlags, "replace">): {
  readonly folder: string;
  readonly target: ReturnType<typeof readCloud>;
  readonly params: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly stage?: string;
  readonly region?: string;
} {
  return {
    folder: process.cwd(),
    target: readCloud(target),
    options: readPairs("--opt", opt),
    params: readPairs("--param", param),
    ...(stage !== undefined && { stage }),
    ...(region !== undefined && { region }),
  };
}
