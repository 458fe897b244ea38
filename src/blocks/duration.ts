// Lengths of time as a user writes them.
import { FaastenError } from "../errors.ts";

export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function toMilliseconds(duration: Duration): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration) ?? [];
  const factor = units[unit ?? ""];
  if (factor === undefined) {
    throw new FaastenError(
      "INVALID",
      `"${duration}" is no duration: write a number and ms, s, m, h or d, such as "30s"`,
    );
  }
  return Number(count) * factor;
}
