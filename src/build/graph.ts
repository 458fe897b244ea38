// What a build knows, as data: the functions, what triggers them, what they reach and by which right.
import { relative, sep } from "node:path";
import type { Block } from "../contracts/component.ts";
import type { Right } from "../contracts/function.ts";
import type { MetadataValue } from "../contracts/provider.ts";
import type { TriggerSpec } from "../contracts/trigger.ts";
import type { Bindings } from "./bind.ts";
import { isGrant } from "./check-function.ts";
import type { Deployable } from "./deployables.ts";
import type { Found } from "./found.ts";

export interface Graph {
  readonly service: string;
  readonly target: string;
  readonly deployables: readonly {
    readonly name: string;
    readonly functions: readonly string[];
    readonly stream: boolean;
  }[];
  readonly functions: readonly GraphFunction[];
  readonly components: readonly GraphComponent[];
  readonly grants: readonly GraphGrant[];
}

export interface GraphFunction {
  readonly name: string;
  /** Where it is declared, relative to the app's folder. */
  readonly file: string;
  readonly line: number;
  readonly on: TriggerSpec;
}

export interface GraphComponent {
  readonly name: string;
  readonly block: Block;
  readonly type: string;
  readonly metadata: Readonly<Record<string, MetadataValue>>;
}

export interface GraphGrant {
  readonly function: string;
  readonly block: Block;
  readonly component: string;
  readonly right: Right;
  readonly resource?: string;
}

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
      on: definition.on,
    })),
    components: [...bindings.components.values()].map(({ name, block, type, metadata }) => ({
      name,
      block,
      type,
      metadata,
    })),
    grants: found.flatMap(({ name, definition: { uses, needs = [] } }) =>
      [...Object.values(uses).filter(isGrant), ...needs].map(({ block, component, right, resource }) => ({
        function: name,
        block,
        component,
        right,
        ...(resource !== undefined && { resource }),
      })),
    ),
  };
}
