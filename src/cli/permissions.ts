// faasten inspect permissions
import { FaastenError } from "../errors.ts";
import { optionsOf, type PlanFlags } from "./plan.ts";
import { permissionLines } from "./plan-text.ts";
import { clouds } from "./target.ts";

/** Of one cloud, or of each: every statement of its stack, and the line of source that causes it. Writes nothing. */
export async function permissions({
  target,
  format,
  ...flags
}: Omit<PlanFlags, "target" | "replace"> & { readonly target?: string; readonly format: string }): Promise<void> {
  const { compose } = await import("../build/build.ts");
  const { causesOf } = await import("../deploy/causes.ts");
  const failures: string[] = [];
  const found: Record<string, unknown> = {};
  for (const cloud of target === undefined ? clouds : [target]) {
    try {
      const { stack, graph } = await compose(optionsOf({ ...flags, target: cloud }));
      const all = stack?.permissions ?? [];
      const places = (one: (typeof all)[number]): readonly string[] =>
        causesOf(one, graph).map(({ file, line }) => `${file}:${line}`);
      found[cloud] = all.map((one) => ({ ...one, at: places(one) }));
      if (format === "text")
        console.log([`${graph.service} on ${cloud}`, ...permissionLines(all, graph), ""].join("\n"));
    } catch (error) {
      if (!(error instanceof FaastenError)) throw error;
      failures.push(`${cloud}:\n${error.message}`);
    }
  }
  if (format === "json") console.log(JSON.stringify(found, null, 2));
  if (failures.length > 0) throw new FaastenError("MISCONFIGURED", failures.join("\n"));
}
