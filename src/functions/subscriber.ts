// What events do to a function: the event as its handler sees it, its verdicts, and how one or many are settled.
import { type Duration, toMilliseconds } from "../blocks/duration.ts";
import { parse, type Schema } from "../blocks/schema.ts";
import type { CloudEvent } from "../contracts/event.ts";
import type { Definition, Invocation, Uses } from "../contracts/function.ts";
import type { EventArrival, Outcome } from "../contracts/trigger.ts";
import { FaastenError, notHere } from "../errors.ts";
import { type Checked, contextOf, type WithUses } from "./context.ts";
import { again, settleOnce } from "./settle-once.ts";

/**
 * A CloudEvent 1.0 with its data parsed; it can be passed as `CloudEventV1<T>` of the `cloudevents` package. Extensions
 * are members by their names, unless the name is taken. Returning acknowledges it, throwing has it delivered again. A
 * verdict counts once called, returned or not, and the first one stands.
 */
export interface TopicEvent<T> {
  readonly specversion: string;
  /** The same on every redelivery. */
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** RFC 3339. */
  readonly time?: string;
  readonly subject?: string;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  readonly data: T;
  /** Which delivery this is, from 1, where the host tells it. */
  readonly attempt?: number;
  /** Again, later, never lost. The delay is best effort; left out, the subscription's own backoff applies. */
  retry(choice?: { readonly after?: Duration }): void;
  /** Into this subscriber's dead letters, with the reason; of a binding, which has none: into the log. */
  dead(reason: string): void;
  /** Never again, kept nowhere. */
  drop(reason: string): void;
  readonly [attribute: string]: unknown;
}

export type Subscriber<T, U extends Uses> = (event: TopicEvent<T>, context: WithUses<U>) => void | Promise<void>;
export type BatchSubscriber<T, U extends Uses> = (
  events: readonly TopicEvent<T>[],
  context: WithUses<U>,
) => void | Promise<void>;

export interface SubscribeOptions<T, U> {
  /** The function's identity; left out: the export's name. */
  readonly name?: string;
  readonly uses?: Checked<U>;
  /** Deliveries of one event before it is a dead letter; 5 if left out, and never more than the platform's own limit. */
  readonly attempts?: number;
  /** Handled once for each key; `null` runs unguarded. Claims lie in the state component `idempotency`. */
  readonly idempotent?: (event: TopicEvent<T>) => string | null;
}

/** A function that takes events. `In` is for types alone: what those who send them must give. */
export interface Subscribed<In> extends Definition {
  readonly takes?: (data: In) => void;
}

/** What a subscriber knows of its events. */
export interface Source<T> {
  /** `topic orders`, as errors name it. */
  readonly what: string;
  readonly schema: Schema<unknown, T> | undefined;
  readonly raw: boolean;
}

/** One event at a time. */
export function one<T>(
  source: Source<T>,
  options: SubscribeOptions<T, Uses>,
  handler: Subscriber<T, Uses>,
): Pick<Definition, "settle" | "fail"> {
  const Handled = contextOf(options.uses ?? {});
  const events = new WeakMap<object, Delivered<T>>();
  const run = async (event: Delivered<T>, invocation: Invocation): Promise<Outcome> => {
    try {
      await handler(event, new Handled(invocation) as WithUses<Uses>);
    } catch (error) {
      if (!verdictOf(event)) throw error;
      invocation.log.error("failed after its verdict", { error });
    }
    return verdictOf(event) ?? done;
  };
  return {
    async settle(arrival, invocation) {
      if (arrival.kind !== "event") return notAnEvent;
      const event = await deliver(source, arrival, invocation);
      if (!(event instanceof Delivered)) return event;
      events.set(arrival, event);
      return settleOnce(options.idempotent?.(event), invocation, () => run(event, invocation));
    },
    fail: (error, _invocation, arrival) => verdictOf(events.get(arrival)) ?? again(error),
  };
}

/** All that came together. */
export function batch<T>(
  source: Source<T>,
  options: SubscribeOptions<T, Uses>,
  handler: BatchSubscriber<T, Uses>,
): Pick<Definition, "settle" | "settleMany" | "fail"> {
  const Handled = contextOf(options.uses ?? {});
  const events = new WeakMap<object, Delivered<T> | Outcome>();
  return {
    settle: async () => notAnEvent,
    async settleMany(arrivals, invocation) {
      for (const arrival of arrivals) {
        const event = await deliver(source, arrival, invocation).catch((error: unknown) => {
          invocation.log.error("an event could not be read", { event: arrival.event.id, error });
          return again(error);
        });
        events.set(arrival, event);
      }
      const all = arrivals.map((arrival) => events.get(arrival));
      const readable = all.filter((event) => event instanceof Delivered);
      if (readable.length > 0) await handler(readable, new Handled(invocation) as WithUses<Uses>);
      return all.map((event) => verdictOf(event) ?? done);
    },
    fail: (error, _invocation, arrival) => verdictOf(events.get(arrival)) ?? again(error),
  };
}

const done: Outcome = { kind: "done" };
const notAnEvent: Outcome = { kind: "dead", reason: "this function takes events" };

/** What was decided of an event, by the handler or because it could not be read. */
function verdictOf(event: Delivered<unknown> | Outcome | undefined): Outcome | undefined {
  return event instanceof Delivered ? Delivered.verdictOf(event) : event;
}

/** The event as the handler sees it, or the outcome of one that cannot be read. */
async function deliver<T>(
  source: Source<T>,
  arrival: EventArrival,
  invocation: Invocation,
): Promise<Delivered<T> | Outcome> {
  try {
    return new Delivered(arrival, await readData(arrival.event, source), invocation.now);
  } catch (error) {
    if (error instanceof FaastenError && error.code === "INVALID") return { kind: "dead", reason: error.message };
    throw error;
  }
}

class Delivered<T> implements TopicEvent<T> {
  declare readonly specversion: string;
  declare readonly id: string;
  declare readonly source: string;
  declare readonly type: string;
  declare readonly data: T;
  declare readonly attempt?: number;
  readonly [attribute: string]: unknown;
  readonly #now: () => number;
  #verdict: Outcome | undefined;

  constructor({ event, attempt }: EventArrival, data: T, now: () => number) {
    this.#now = now;
    const { data: _, extensions = {}, ...attributes } = event;
    Object.assign(this, attributes, { data }, attempt !== undefined && { attempt });
    for (const [name, value] of Object.entries(extensions)) {
      if (!(name in this) && !optional.has(name)) Object.assign(this, { [name]: value });
    }
  }

  static verdictOf(event: Delivered<unknown>): Outcome | undefined {
    return event.#verdict;
  }

  retry({ after }: { readonly after?: Duration } = {}): void {
    const notBefore = after === undefined ? {} : { notBefore: this.#now() + toMilliseconds(after) };
    this.#verdict ??= { kind: "retry", ...notBefore, reason: "the handler asked for it again" };
  }
  dead(reason: string): void {
    this.#verdict ??= { kind: "dead", reason };
  }
  drop(reason: string): void {
    this.#verdict ??= { kind: "drop", reason };
  }
}

/** Names that are taken also where the event has no such attribute. */
const optional: ReadonlySet<string> = new Set(["time", "subject", "datacontenttype", "dataschema", "attempt"]);

/** Throws `INVALID` where the data is not what the topic promises its subscribers. */
async function readData<T>({ id, data }: CloudEvent, { what: source, schema, raw }: Source<T>): Promise<T> {
  const what = `${source}: the event ${id}`;
  if (raw)
    return (
      data === undefined ? new Uint8Array() : "bytes" in data ? data.bytes : new TextEncoder().encode(data.json)
    ) as T;
  if (data !== undefined && "bytes" in data)
    throw new FaastenError("INVALID", `${what} is not JSON; a topic that takes such data says \`raw: true\``);
  const value: unknown = data === undefined ? undefined : fromJson(data.json, what);
  return schema ? parse(schema, value, what) : (value as T);
}

function fromJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FaastenError("INVALID", `${what} is not JSON`);
  }
}

/** Stands in for what settles, in a bundle without functions of that kind: nobody calls it. */
export const leftOut: Pick<Definition, "settle" | "fail"> = { settle: notHere, fail: notHere };
