// What a component's YAML says, as a stack reads it: as plain text, before anything is deployed.
import type { GraphComponent } from "../contracts/graph.ts";
import type { MetadataValue } from "../contracts/provider.ts";
import type { StackInput } from "../contracts/stack.ts";
import { FaastenError } from "../errors.ts";
import { variableOf } from "./names.ts";

/** Names without regard to case. */
export function fieldOf({ metadata }: GraphComponent, field: string): MetadataValue | undefined {
  return Object.entries(metadata).find(([name]) => name.toLowerCase() === field.toLowerCase())?.[1];
}

/** As the YAML says it, itself or through a variable of the manifest's. `undefined`: left to the stack. Throws `MISCONFIGURED` where it is known only at run time. */
export function written(component: GraphComponent, field: string, { environment }: StackInput): string | undefined {
  const found = fieldOf(component, field);
  if (found === undefined || typeof found === "string") return found;
  if ("env" in found && found.env === variableOf(component.block, component.name)) return undefined;
  const value = "env" in found ? environment[found.env] : undefined;
  if (value !== undefined) return value;
  const from = "env" in found ? `the variable ${found.env}, which \`provider.environment\` does not set` : "a secret";
  const message = `the component ${component.name} reads its \`${field}\` from ${from}: the stack has to know it, so that it grants no more than that`;
  throw new FaastenError("MISCONFIGURED", message);
}
