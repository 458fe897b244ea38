// The `environment` of handlers that run in one process.

import type { SectionFunction } from "../manifest/functions-section.ts";
import { type Problems, quoted } from "../manifest/problems.ts";
import { record } from "../manifest/shape.ts";
import type { Deployable } from "./deployables.ts";

/** Of all of them. A name that two of them give different values is reported: there is one `process.env`. */
export function sharedEnvironment(
  functions: readonly Pick<SectionFunction, "name" | "environment" | "file" | "line" | "column">[],
  problems: Problems,
): Readonly<Record<string, string>> {
  const values = new Map<string, { readonly value: string; readonly by: string }>();
  for (const one of functions) {
    for (const [name, value] of Object.entries(one.environment)) {
      const first = values.get(name);
      if (!first) values.set(name, { value, by: one.name });
      else if (first.value !== value) {
        const message = `${one.name} and ${first.by} give ${quoted(name)} different values, and run in one process here: call one of the two otherwise.`;
        problems.add("MISCONFIGURED", one, message);
      }
    }
  }
  return record([...values].map(([name, { value }]) => [name, value]));
}

/** Of what is deployed together. */
export function checkEnvironments(
  deployables: readonly Deployable[],
  functions: readonly SectionFunction[],
  problems: Problems,
): void {
  for (const deployable of deployables) {
    const names = new Set(deployable.functions.map(({ name }) => name));
    const own = functions.filter(({ events }) => events.some(({ name }) => names.has(name)));
    sharedEnvironment(own, problems);
  }
}
