// What was found and bound, as the resource graph.
import { relative, sep } from "node:path";
import type { Graph } from "../contracts/graph.ts";
import type { Bindings } from "./bind.ts";
import { isGrant } from "./check-function.ts";
import type { Deployable } from "./deployables.ts";
import type { Found } from "./found.ts";

export interface GraphOptions {
  readonly service: string;
  readonly target: string;
  readonly folder: string;
  readonly found: readonly Found[];
  readonly deployables: readonly Deployable[];
  readonly bindings: Bindings;
}

export function graphOf({ service, target, folder, found, deployables, bindings }: GraphOptions): Graph {
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
    })),
    components: [...bindings.components.values()].map(({ name, block, type, metadata, existing }) => ({
      name,
      block,
      type,
      metadata,
      ...(existing && { existing }),
    })),
    grants: found.flatMap(({ name, definition: { uses, needs = [] } }) =>
      [...Object.values(uses).filter(isGrant), ...needs].map(({ block, component, right, resource, operations }) => ({
        function: name,
        block,
        component,
        right,
        ...(resource !== undefined && { resource }),
        ...(operations && { operations }),
      })),
    ),
  };
}
