// One invocation of the Functions host, and what a trigger of Azure's is beside a trigger.
import type { InvocationContext, RetryOptions } from "@azure/functions";
import { type Served, type Trigger, type TriggerSpec, variableOf } from "../../src/provider.ts";

/** The payload of a call: what the host hands to a function, and what is known of it before. */
export interface Invoked<Input = unknown> {
  readonly service: string;
  readonly function: string;
  readonly on: TriggerSpec;
  readonly input: Input;
  readonly context: Pick<InvocationContext, "triggerMetadata" | "retryContext">;
  /** When it came, in Unix milliseconds. */
  readonly at: number;
}

export interface AzureTrigger<Payload = unknown, Reply = unknown> extends Trigger<Payload, Reply> {
  /** What the host is told of a function when it is registered. */
  binding(served: Pick<Served, "name" | "definition">): Binding;
}

/** As in a `function.json`. What stands in percent signs, and a connection, is the name of an app setting. */
export interface Binding {
  readonly trigger: Settings;
  readonly return?: Settings;
  readonly retry?: RetryOptions;
}

export interface Settings {
  readonly type: string;
  readonly [setting: string]: unknown;
}

/** By what the function was registered for, never by what the payload looks like. */
export function isInvokedBy(kind: TriggerSpec["kind"], payload: unknown): boolean {
  const { on } = (payload ?? {}) as Partial<Invoked>;
  return on?.kind === kind;
}

/** What the app settings begin with by which the host reaches a component's broker. They must not begin with the name of one that is set itself. */
export function connectionOf(component: string): string {
  return variableOf("pubsub", component).replace("_PUBSUB_", "_CONNECTION_");
}
