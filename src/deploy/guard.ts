// Nothing that holds data is replaced or removed unless it is named.
import type { Change } from "../contracts/plan.ts";
import { FaastenError } from "../errors.ts";

/** Those that a deployment stops before. */
export function lossesOf(changes: readonly Change[], named: readonly string[]): readonly Change[] {
  return changes.filter(
    ({ action, data, name, physical }) =>
      data &&
      (action === "replace" || action === "remove") &&
      !named.includes(name) &&
      (physical === undefined || !named.includes(physical)),
  );
}

/** Throws `CONFLICT` if there is one. */
export function guard(changes: readonly Change[], named: readonly string[]): void {
  const lines = lossesOf(changes, named).map(
    ({ action, name, physical, type }) =>
      `${name} (${type}${physical === undefined ? "" : `, ${physical}`}) would be ${action}d, and holds data: save what you need of it, or give it another name and keep both; \`--replace ${name}\` lets it go`,
  );
  if (lines.length > 0) throw new FaastenError("CONFLICT", lines.join("\n"));
}
