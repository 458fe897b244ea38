// `--target`, as several commands take it.
import { type Target, targets } from "../build/providers.ts";
import { FaastenError } from "../errors.ts";
import { suggest } from "../manifest/problems.ts";

export function readTarget(name: string): Target {
  const target = targets.find((one) => one === name);
  if (target !== undefined) return target;
  throw new FaastenError("INVALID", `--target ${name}: there is no such target.${suggest(name, targets)}`);
}

export const clouds: readonly Target[] = targets.filter((one) => one !== "local");

/** What something can be deployed to. */
export function readCloud(name: string): Target {
  const target = readTarget(name);
  if (target !== "local") return target;
  throw new FaastenError(
    "INVALID",
    `--target local: that is this machine: choose ${clouds.join(", ")}, or serve it here with \`faasten dev\``,
  );
}
