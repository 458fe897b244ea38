// The `environment` of handlers that run in one process.

import type { SectionFunction } from "../manifest/functions-section.ts";
import { type Problems, quoted } from "../manifest/problems.ts";
import { record } from "../manifest/shape.ts";
import type { Deployable } from "./deployables.ts";

type Values = Readonly<Record<string, string>>;

/** What runs in one process. */
export interface Process {
  readonly functions: readonly Pick<SectionFunction, "name" | "environment" | "file" | "line" | "column">[];
  /** Whoever else runs there, which has the common values alone. */
  readonly others: readonly string[];
  /** `provider.environment`. */
  readonly common: Values;
}

/** Of all of them. A name that would have two values is reported, be it of two functions or of one and what the provider says: there is one `process.env`. */
export function sharedEnvironment({ functions, others, common }: Process, problems: Problems): Values {
  const values = new Map<string, { readonly value: string; readonly by: string }>();
  for (const one of functions) {
    for (const [name, value] of Object.entries(one.environment)) {
      const first = values.get(name);
      if (!first) values.set(name, { value, by: one.name });
      else if (first.value !== value) {
        const message = `${one.name} and ${first.by} give ${quoted(name)} different values, and run in one process here: call one of the two otherwise.`;
        problems.add("MISCONFIGURED", one, message);
      }
      if (!Object.hasOwn(common, name) || common[name] === value) continue;
      const [neighbour] = [
        ...functions.flatMap((other) => (Object.hasOwn(other.environment, name) ? [] : [other.name])),
        ...others,
      ];
      if (neighbour === undefined) continue;
      const message = `${one.name} gives ${quoted(name)} another value than \`provider.environment\`, whose value ${neighbour} has in the same process here: call one of the two otherwise.`;
      problems.add("MISCONFIGURED", one, message);
    }
  }
  return record([...Object.entries(common), ...[...values].map(([name, { value }]) => [name, value] as const)]);
}

/** Of what is deployed together. */
export function checkEnvironments(
  deployables: readonly Deployable[],
  section: readonly SectionFunction[],
  common: Values,
  problems: Problems,
): void {
  for (const deployable of deployables) {
    const names = deployable.functions.map(({ name }) => name);
    const functions = section.filter(({ events }) => events.some(({ name }) => names.includes(name)));
    const declared = new Set(functions.flatMap(({ events }) => events.map(({ name }) => name)));
    sharedEnvironment({ functions, others: names.filter((name) => !declared.has(name)), common }, problems);
  }
}
