// faasten validate
import { FaastenError } from "../errors.ts";
import { optionsOf, type PlanFlags } from "./plan.ts";
import { clouds } from "./target.ts";

/** Of one cloud, or of each. Runs nothing, asks nobody, and writes nothing. */
export async function validate({
  target,
  ...flags
}: Omit<PlanFlags, "target" | "replace"> & { readonly target?: string }): Promise<void> {
  const { prepare } = await import("../deploy/deployment.ts");
  const { knownValues, missingValues } = await import("../deploy/values.ts");
  const { uncheckedLines } = await import("./plan-text.ts");
  const failures: string[] = [];
  for (const cloud of target === undefined ? clouds : [target]) {
    try {
      const { built, plan, given } = await prepare(optionsOf({ ...flags, target: cloud }), "checked");
      const { functions, components, deployables } = built.graph;
      const missing = missingValues(plan, knownValues(plan, given));
      const can = missing.length === 0 ? "built and deployed" : "built, and deployed once the following is said";
      console.log(`${plan.service} on ${cloud}: it can be ${can}, as far as can be told from here`);
      console.log(
        `  checked: the manifest, ${functions.length} functions, ${components.length} components, ${deployables.length} bundles, ${plan.resources.length} resources, ${plan.deploy.length} steps`,
      );
      for (const one of missing) console.log(`  to deploy it: ${one}`);
      console.log(["  not checked:", ...uncheckedLines(plan)].join("\n"));
    } catch (error) {
      if (!(error instanceof FaastenError)) throw error;
      failures.push(`${cloud}:\n${error.message}`);
    }
  }
  if (failures.length > 0) throw new FaastenError("MISCONFIGURED", failures.join("\n"));
}
