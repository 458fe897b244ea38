// What a plan wants to be told before its first step.
import type { Plan } from "../contracts/plan.ts";
import { FaastenError } from "../errors.ts";
import type { Values } from "./command.ts";
import { findPrograms, missingPrograms } from "./programs.ts";

/** All values that are known from the start; those that nobody gave are left out. */
export function knownValues({ values, wants, programs }: Plan, given: Values): Values {
  const told = wants.flatMap(({ value, variables }): [string, string][] => {
    const found = [given[value], values[value], ...variables.map((name) => process.env[name])];
    const text = found.find((one) => one !== undefined && one !== "");
    return text === undefined ? [] : [[value, text]];
  });
  return { ...values, ...Object.fromEntries(told), ...findPrograms(programs) };
}

/** The same to show, where a program that is not there has its first name. */
export function shownValues(plan: Plan, given: Values): Values {
  const names = plan.programs.map(({ value, names: [name = value] }) => [value, name] as const);
  return { ...Object.fromEntries(names), ...knownValues(plan, given) };
}

/** What is missing of them, a sentence each. */
export function missingValues({ wants, programs }: Plan, known: Values): readonly string[] {
  const untold = wants
    .filter(({ value }) => known[value] === undefined)
    .map(
      ({ value, flag, variables, example }) =>
        `no ${value} is known: give one with ${flag} ${example}${variables.length > 0 ? `, or by ${variables.join(" or ")}` : ""}`,
    );
  return [...untold, ...missingPrograms(programs, known)];
}

/** Throws one `MISCONFIGURED` with all that is missing. */
export function requireValues(plan: Plan, given: Values): Values {
  const known = knownValues(plan, given);
  const missing = missingValues(plan, known);
  if (missing.length > 0) throw new FaastenError("MISCONFIGURED", missing.join("\n"));
  return known;
}
