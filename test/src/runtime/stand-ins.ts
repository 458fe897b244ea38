// Functions, calls and a runner to try the runtime with: no kind of function, and no host.
import type { Definition, Invocation, Uses } from "../../../src/contracts/function.ts";
import type { App, Bound, Served } from "../../../src/contracts/provider.ts";
import type { Arrival, Call, EventArrival, Outcome, Trigger, TriggerSpec } from "../../../src/contracts/trigger.ts";
import { createRunner, type Runner } from "../../../src/runtime/run.ts";

export type Line = Readonly<Record<string, unknown>>;

export const never: number = Number.POSITIVE_INFINITY;

/** Its payload is the arrivals, its reply the outcomes. */
export const trigger: Trigger<readonly Arrival[], readonly Outcome[]> = {
  name: "test",
  accepts: (payload): payload is readonly Arrival[] => Array.isArray(payload),
  decode: ({ payload }) => payload,
  encode: (outcomes) => outcomes,
};

export const onTopic: TriggerSpec = { kind: "topic", topic: "t", pubsub: "pubsub", attempts: 3, ordered: false };

export interface Options {
  readonly name?: string;
  readonly on?: TriggerSpec;
  readonly uses?: Uses;
  readonly settleMany?: Definition["settleMany"];
  readonly fail?: Definition["fail"];
}

/** A function of no kind: what it throws comes again. */
export function serve(
  settle: (arrival: EventArrival, invocation: Invocation) => Outcome | Promise<Outcome>,
  { name = "work", on = onTopic, uses = {}, settleMany, fail }: Options = {},
): Served {
  const definition: Definition = {
    faasten: "function",
    on,
    uses,
    settle: async (arrival, invocation) => settle(arrival as EventArrival, invocation),
    fail: fail ?? ((error) => ({ kind: "retry", reason: error instanceof Error ? error.message : String(error) })),
    ...(settleMany && { settleMany }),
  };
  return { name, definition, triggers: [trigger] };
}

export function run(
  functions: readonly Served[],
  components: App["components"] = {},
  more: Pick<App, "inbox"> = {},
): { readonly runner: Runner; readonly lines: Line[] } {
  const lines: Line[] = [];
  const runner = createRunner({ service: "tests", functions, components, ...more }, (line) =>
    lines.push(JSON.parse(line)),
  );
  return { runner, lines };
}

export function bound(component: object): Bound {
  return { type: "test", create: () => component, metadata: {} };
}

let calls = 0;
export function call<Payload>(payload: Payload, deadline: number = never): Call<Payload> {
  return { id: `call-${++calls}`, payload, context: undefined, deadline };
}

export function event(id: string, more: Partial<EventArrival> = {}): EventArrival {
  return { kind: "event", event: { specversion: "1.0", id, source: "s", type: "t" }, ...more };
}

/** Lets everything that is ready go on. */
export async function turn(times = 3): Promise<void> {
  for (let index = 0; index < times; index++) await new Promise((resume) => setImmediate(resume));
}

/** A promise and its end in the hand of the test. */
export function gate(): { readonly passed: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}
