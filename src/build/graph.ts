// What was found and bound, as the resource graph.
import { relative, sep } from "node:path";
import type { Graph, GraphSection } from "../contracts/graph.ts";
import type { Provider } from "../contracts/provider.ts";
import type { SectionEvent, SectionFunction } from "../manifest/functions-section.ts";
import type { Bindings } from "./bind.ts";
import { isGrant } from "./check-function.ts";
import type { Deployable } from "./deployables.ts";
import type { Found } from "./found.ts";
import { isHanded } from "./handed.ts";

export interface GraphOptions {
  readonly service: string;
  readonly target: string;
  readonly folder: string;
  readonly found: readonly Found[];
  readonly deployables: readonly Deployable[];
  readonly bindings: Bindings;
  readonly provider: Provider;
  readonly section: readonly SectionFunction[];
}

export function graphOf(options: GraphOptions): Graph {
  const { service, target, folder, found, deployables, bindings, provider, section } = options;
  const written = new Map(section.flatMap((one) => one.events.map((event) => [event.name, sectionOf(one, event)])));
  const saying = (name: string): { readonly section?: GraphSection } => {
    const own = written.get(name);
    return own ? { section: own } : {};
  };
  return {
    service,
    target,
    deployables: deployables.map(({ name, functions, stream }) => ({
      name,
      functions: functions.map((one) => one.name),
      stream,
    })),
    functions: found.map(({ name, file, line, definition }) => ({
      name,
      file: relative(folder, file).split(sep).join("/"),
      line,
      on: bindings.clocks.get(name) ?? definition.on,
      ...(definition.lambda && isHanded(definition, provider) && { lambda: definition.lambda.event }),
      ...saying(name),
    })),
    components: [...bindings.components.values()].map(({ name, block, type, metadata, existing }) => ({
      name,
      block,
      type,
      metadata,
      ...(existing && { existing }),
    })),
    grants: found.flatMap(({ name, definition: { uses, needs = [] } }) =>
      [...Object.values(uses).filter(isGrant), ...needs].map(
        ({ block, component, right, resource, keys, operations, ordered }) => ({
          function: name,
          block,
          component,
          right,
          ...(resource !== undefined && { resource }),
          ...(keys && { keys }),
          ...(operations && { operations }),
          ...(ordered && { ordered }),
        }),
      ),
    ),
  };
}

function sectionOf(
  { timeout, memorySize, limits, environment, made }: SectionFunction,
  { kind, settings }: SectionEvent,
): GraphSection {
  return {
    ...(timeout !== undefined && { timeout }),
    ...(memorySize !== undefined && { memorySize }),
    ...limits,
    environment: { ...environment, ...made },
    event: { [kind]: settings },
  };
}
