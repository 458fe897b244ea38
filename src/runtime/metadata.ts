// How a component reads its metadata: names without regard to case and Go's durations, as in Dapr.
import type { ComponentOptions } from "../contracts/component.ts";
import { FaastenError } from "../errors.ts";

/** One setting; `undefined`: it is not there, or empty. */
export function setting({ metadata }: ComponentOptions, name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (const key of Object.keys(metadata)) if (key.toLowerCase() === wanted) return metadata[key] || undefined;
  return undefined;
}

/** A setting that is on or off; left out: off. */
export function flag(options: ComponentOptions, name: string): boolean {
  const text = setting(options, name)?.toLowerCase() ?? "false";
  if (["true", "1", "yes", "y", "on"].includes(text)) return true;
  if (["false", "0", "no", "n", "off"].includes(text)) return false;
  throw new FaastenError(
    "MISCONFIGURED",
    `component "${options.name}": ${name} is "true" or "false", and not "${text}"`,
  );
}

/** A duration as Go writes it (`2s`, `1m30s`, `500ms`), in milliseconds. A bare number counts seconds. */
export function duration(options: ComponentOptions, name: string, fallback: number): number {
  const text = setting(options, name);
  if (text === undefined) return fallback;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  let total = 0;
  const rest = text.replaceAll(/(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)/g, (_part, count: string, unit: string) => {
    total += Number(count) * (milliseconds[unit] ?? 0);
    return "";
  });
  if (rest === "") return total;
  throw new FaastenError(
    "MISCONFIGURED",
    `component "${options.name}": ${name} is a duration such as "2s" or "1m30s", and not "${text}"`,
  );
}

const milliseconds: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 0.000001,
};
