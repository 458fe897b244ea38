// What `faasten inspect` tells of an app: the graph, the modules, what its bundles weigh, and what ties it to a cloud.
import { fileURLToPath } from "node:url";
import type { Graph, GraphComponent, GraphFunction } from "../contracts/graph.ts";
import type { TriggerSpec } from "../contracts/trigger.ts";
import { type Problem, Problems } from "../manifest/problems.ts";
import { type BuildOptions, make } from "./build.ts";
import type { Found } from "./found.ts";
import { type Portability, portabilityOf } from "./portability.ts";
import type { Weight } from "./report.ts";

export interface Inspected extends Omit<Graph, "components" | "functions"> {
  readonly functions: readonly InspectedFunction[];
  readonly components: readonly InspectedComponent[];
  /** Deployable → what its bundle weighs. */
  readonly weights: Readonly<Record<string, Weight>>;
  readonly portability: readonly Portability[];
  /** Why a bundle is not there. */
  readonly problems: readonly Problem[];
}

/** `event`: of a Lambda handler, what it is written for, whoever calls it. */
export interface InspectedFunction extends GraphFunction {
  readonly event?: string;
}

/** Its metadata may be nobody else's business. */
export interface InspectedComponent extends Omit<GraphComponent, "metadata"> {
  /** As it is imported, without its ending: `providers/local/state/sqlite`. */
  readonly module: string;
}

/** Writes nothing. Throws one `MISCONFIGURED` with every mistake for which there is nothing to tell. */
export async function inspect(options: BuildOptions): Promise<Inspected> {
  const { folder } = options;
  const unbuilt = new Problems(folder);
  const { app, found, bindings, graph, bundles, fileOf, plugins } = await make(options, unbuilt, "left out");
  const problems = new Problems(folder);
  const environments = [app.manifest?.provider, ...app.section.functions].map((one) => one?.environment ?? {});
  const variables = new Set(environments.flatMap((one) => Object.keys(one)));
  // On AWS the handler's own event is native, whatever it would be elsewhere.
  const written = new Map(app.section.functions.flatMap(({ events }) => events.map(({ name, on }) => [name, on])));
  const triggerOf = ({ name, definition }: Found): TriggerSpec => written.get(name) ?? definition.on;
  const portability = await portabilityOf({ folder, found, triggerOf, fileOf, variables, plugins }, problems);
  problems.throwIfAny();
  const events = new Map(found.map(({ name, definition: { lambda } }) => [name, lambda?.event]));
  return {
    ...graph,
    functions: graph.functions.map((one) => {
      const event = events.get(one.name);
      return event === undefined ? one : { ...one, event };
    }),
    components: graph.components.map(({ metadata: _, ...component }) => ({
      ...component,
      module: moduleName(bindings.components.get(component.name)?.module),
    })),
    weights: Object.fromEntries([...bundles].map(([name, { weight }]) => [name, weight])),
    portability,
    problems: unbuilt.list(),
  };
}

function moduleName(module: URL | undefined): string {
  const path = module ? fileURLToPath(module).replaceAll("\\", "/") : "";
  return path.slice(path.lastIndexOf("/providers/") + 1).replace(/\.[jt]s$/, "");
}
