// What is deployed together: one bundle, one identity.
import type { Provider } from "../contracts/provider.ts";
import type { Found } from "./discover.ts";

export interface Deployable {
  /** The function's own name where it is alone; else `http`, `events` or `app`. */
  readonly name: string;
  readonly functions: readonly Found[];
  readonly stream: boolean;
}

/** In the order of the app's functions. */
export function deployablesOf(found: readonly Found[], { bundle }: Provider): readonly Deployable[] {
  const groups = new Map<string, Found[]>();
  for (const one of found) {
    const { on } = one.definition;
    const kind = on.kind === "http" ? "http" : "event";
    const alone = bundle[kind] === "function" || (on.kind === "http" && on.isolate);
    const shared = bundle.http === "app" && bundle.event === "app" ? "app" : kind === "http" ? "http" : "events";
    const name = alone ? one.name : shared;
    const group = groups.get(name);
    if (group) group.push(one);
    else groups.set(name, [one]);
  }
  return [...groups].map(([name, functions]) => ({
    name,
    functions,
    stream: functions.some(({ definition: { on } }) => on.kind === "http" && on.stream === true),
  }));
}
