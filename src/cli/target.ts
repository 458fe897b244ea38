// `--target`, as several commands take it.
import { type Target, targets } from "../build/providers.ts";
import { FaastenError } from "../errors.ts";
import { suggest } from "../manifest/problems.ts";

export function readTarget(name: string): Target {
  const target = targets.find((one) => one === name);
  if (target !== undefined) return target;
  throw new FaastenError("INVALID", `--target ${name}: there is no such target.${suggest(name, targets)}`);
}
