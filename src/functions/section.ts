// What is laid around the handlers of a serverless.yml's `functions:` where AWS does not do it. For generated modules.
import { toCallable } from "../bridge/handler.ts";
import type { Definition } from "../contracts/function.ts";
import type { EventArrival, Outcome, RequestArrival } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import { type EventPattern, matches } from "./event-pattern.ts";

/** What does not pass is acknowledged, and reaches no handler. */
export function filtered(definition: Definition, passes: (arrival: EventArrival) => boolean): Definition {
  const { settleMany } = definition;
  return {
    ...definition,
    settle: async (arrival, invocation) =>
      arrival.kind === "event" && !passes(arrival) ? passedBy : definition.settle(arrival, invocation),
    ...(settleMany && {
      async settleMany(arrivals, invocation) {
        const passing = arrivals.filter(passes);
        const outcomes = passing.length > 0 ? await settleMany.call(definition, passing, invocation) : [];
        return arrivals.map((arrival) => {
          const index = passing.indexOf(arrival);
          return index < 0 ? passedBy : (outcomes[index] ?? missing);
        });
      },
    }),
  };
}

const passedBy: Outcome = { kind: "done", filtered: true };
const missing: Outcome = { kind: "retry", reason: "the handler's batch has no outcome for it" };

/** For `sqs` (patterns of `{ body }`) and `sns` (patterns of the message itself, laid under `body`). */
export function byBody(patterns: readonly EventPattern[]): (arrival: EventArrival) => boolean {
  return ({ event: { data } }) => {
    const text = data === undefined ? "" : "json" in data ? data.json : new TextDecoder().decode(data.bytes);
    return patterns.some((pattern) => matches(pattern, { body: Array.isArray(pattern["body"]) ? text : toJson(text) }));
  };
}

export function byBus(patterns: readonly EventPattern[]): (arrival: EventArrival) => boolean {
  return ({ event: { id, source, type, time, data } }) => {
    const detail = data !== undefined && "json" in data ? toJson(data.json) : undefined;
    const event = { id, source, "detail-type": type, time, detail };
    return patterns.some((pattern) => matches(pattern, event));
  };
}

/** For changes of a storage binding: `created` or `deleted`, and what the key begins and ends with. */
export function byObject(wanted: "created" | "deleted", prefix = "", suffix = ""): (arrival: EventArrival) => boolean {
  return ({ event: { data } }) => {
    const { change, key } = Object(data !== undefined && "json" in data ? toJson(data.json) : undefined);
    return change === wanted && typeof key === "string" && key.startsWith(prefix) && key.endsWith(suffix);
  };
}

/** AWS hands such a handler the `input` of its schedule, and no event. */
export function withInput(handler: Function, input: unknown): (event: unknown, context: object) => Promise<unknown> {
  const call = toCallable(handler);
  return (_event, context) => call(structuredClone(input), context);
}

/** A Function URL is an origin of its own; without one, it answers below a path, which its handler does not see. */
export function below(prefix: `/${string}`, definition: Definition): Definition {
  const inside = <A extends RequestArrival | EventArrival>(arrival: A): A =>
    arrival.kind === "request" ? { ...arrival, path: arrival.path.slice(prefix.length) || "/" } : arrival;
  return {
    ...definition,
    on: { ...definition.on, ...(definition.on.kind === "http" && { path: `${prefix}/*` }) },
    settle: (arrival, invocation) => definition.settle(inside(arrival), invocation),
    fail: (error, invocation, arrival) => definition.fail(error, invocation, inside(arrival)),
  };
}

/** `timeout` of the function: milliseconds. */
export function limited(definition: Definition, timeout: number): Definition {
  return { ...definition, timeout };
}

/** A handler that another process runs: `Invoke` of Lambda's own API, as serverless-offline has it. */
export function invoked(address: string): (event: unknown) => Promise<unknown> {
  return async (event) => {
    const response = await fetch(address, { method: "POST", body: JSON.stringify(event) });
    const text = await response.text();
    const result = toJson(text);
    if (response.ok && !response.headers.has("x-amz-function-error")) return result;
    const why = Object(result).errorMessage ?? Object(result).Message ?? `HTTP ${response.status}`;
    throw new FaastenError("UNAVAILABLE", `${address} failed: ${why}`);
  };
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
