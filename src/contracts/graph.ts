// What a build knows of an app on one target, as data: the functions, what triggers them, what they reach and by which right.
import type { Block } from "./component.ts";
import type { Right } from "./function.ts";
import type { AwsEvent, LambdaEvent } from "./lambda.ts";
import type { MetadataValue } from "./provider.ts";
import type { TriggerSpec } from "./trigger.ts";

export interface Graph {
  readonly service: string;
  readonly target: string;
  readonly deployables: readonly GraphDeployable[];
  readonly functions: readonly GraphFunction[];
  readonly components: readonly GraphComponent[];
  readonly grants: readonly GraphGrant[];
}

/** What is deployed together, under one identity. */
export interface GraphDeployable {
  readonly name: string;
  readonly functions: readonly string[];
  readonly stream: boolean;
}

export interface GraphFunction {
  readonly name: string;
  /** Where it is declared, relative to the app's folder. */
  readonly file: string;
  readonly line: number;
  readonly on: TriggerSpec;
  /** The event that it is to be sent: a Lambda handler that its host runs as it is. */
  readonly lambda?: LambdaEvent | AwsEvent;
  /** Where a serverless.yml declares it: what that says of it. */
  readonly section?: GraphSection;
}

export type Architecture = "arm64" | "x86_64";

export interface GraphSection {
  /** Seconds. */
  readonly timeout?: number;
  /** MiB. */
  readonly memorySize?: number;
  /** Calls that may run at the same time; 0: none. */
  readonly reservedConcurrency?: number;
  readonly architecture?: Architecture;
  readonly logRetentionDays?: number;
  /** MiB of the folder for temporary files. */
  readonly ephemeralStorageSize?: number;
  /** What CloudFormation makes stands as `{ Ref }`. */
  readonly environment: Readonly<Record<string, unknown>>;
  /** The entry of `events`, as it is written: what CloudFormation makes stands as `{ Ref }`. */
  readonly event: Readonly<Record<string, unknown>>;
}

export interface GraphComponent {
  readonly name: string;
  readonly block: Block;
  readonly type: string;
  readonly metadata: Readonly<Record<string, MetadataValue>>;
  /** Only grants are emitted, never the resource. */
  readonly existing?: true;
}

export interface GraphGrant {
  readonly function: string;
  readonly block: Block;
  readonly component: string;
  readonly right: Right;
  readonly resource?: string;
  readonly keys?: readonly string[];
  /** Of `output`: those that may be called. */
  readonly operations?: readonly string[];
  readonly ordered?: true;
}
