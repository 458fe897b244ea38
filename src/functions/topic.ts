// A topic: who may publish to it, and the functions that it triggers.
import { type Duration, toMilliseconds } from "../blocks/duration.ts";
import { idempotency } from "../blocks/idempotency.ts";
import { type Publisher, publishing } from "../blocks/publisher.ts";
import { type Input, type Output, parse, type Schema } from "../blocks/schema.ts";
import type { CloudEvent } from "../contracts/event.ts";
import type { Definition, Grant, Invocation, Uses } from "../contracts/function.ts";
import type { EventArrival, Outcome, TriggerSpec } from "../contracts/trigger.ts";
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
  /** Into this subscriber's dead letters, with the reason. */
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

export interface Topic<T, In = T> {
  readonly name: string;
  /** The inbox of a handler that is declared elsewhere: `lambda(handler, { on: placed })`. */
  readonly trigger: Extract<TriggerSpec, { readonly kind: "topic" }>;
  readonly publish: Grant<Publisher<In>>;
  subscribe(handler: Subscriber<T, {}>): Subscribed<In>;
  subscribe<const U extends Uses = {}>(options: SubscribeOptions<T, U>, handler: Subscriber<T, U>): Subscribed<In>;
  /** A whole batch at once, where the host has batches; each event is settled by its own verdict; if the handler throws, those without one are retried. */
  subscribeMany(handler: BatchSubscriber<T, {}>): Subscribed<In>;
  subscribeMany<const U extends Uses = {}>(
    options: Omit<SubscribeOptions<T, U>, "idempotent">,
    handler: BatchSubscriber<T, U>,
  ): Subscribed<In>;
}

export interface TopicChoice<T> {
  /** The broker's component; `pubsub` if left out. */
  readonly pubsub?: string;
  /** Events of one key are handled one after another, in the order in which they were published. */
  readonly orderBy?: (data: T) => string;
}

/** A topic by name. Events are checked by the schema where they are published and where they arrive: one that does not fit is a dead letter. */
export function topic<S extends Schema>(
  name: string,
  options: TopicChoice<Input<S>> & { readonly schema: S },
): Topic<Output<S>, Input<S>>;
/** The data as bytes, whatever it is: messages of others that are not JSON arrive too. */
export function topic(name: string, options: TopicChoice<Uint8Array> & { readonly raw: true }): Topic<Uint8Array>;
export function topic<T = unknown>(name: string, options?: TopicChoice<T>): Topic<T>;
/* @__NO_SIDE_EFFECTS__ */
export function topic<T>(
  name: string,
  options: TopicChoice<T> & { readonly schema?: Schema<unknown, T>; readonly raw?: boolean } = {},
): Topic<T> {
  const { pubsub = "pubsub", schema, raw = false, orderBy } = options;
  const envelope = { topic: name, pubsub, schema, raw, orderBy: orderBy as ((data: unknown) => string) | undefined };
  const source = { name, schema, raw };
  const trigger: Topic<T>["trigger"] = {
    kind: "topic",
    topic: name,
    pubsub,
    attempts: 5,
    ordered: orderBy !== undefined,
    ...(raw && { raw }),
  };
  const define = (
    { name: own, uses, attempts = trigger.attempts, idempotent }: SubscribeOptions<T, Uses>,
    rest: Pick<Definition, "settle" | "settleMany" | "fail">,
    many: boolean,
  ): Definition => ({
    faasten: "function",
    ...(own !== undefined && { name: own }),
    on: { ...trigger, attempts, ...(many && { many }) },
    uses: uses ?? {},
    ...(idempotent && !import.meta.without?.idempotency && { needs: [idempotency] }),
    ...rest,
  });
  return {
    name,
    trigger,
    publish: publishing(envelope) as Grant<Publisher<T>>,
    subscribe(...given: readonly unknown[]): Definition {
      const [options, handler] = (given.length === 2 ? given : [{}, given[0]]) as [
        SubscribeOptions<T, Uses>,
        Subscriber<T, Uses>,
      ];
      return define(options, import.meta.without?.subscriptions ? leftOut : one(source, options, handler), false);
    },
    subscribeMany(...given: readonly unknown[]): Definition {
      const [options, handler] = (given.length === 2 ? given : [{}, given[0]]) as [
        SubscribeOptions<T, Uses>,
        BatchSubscriber<T, Uses>,
      ];
      return define(options, import.meta.without?.batches ? leftOut : batch(source, options, handler), true);
    },
  };
}

/** What a subscriber knows of its events. */
interface Source<T> {
  readonly name: string;
  readonly schema: Schema<unknown, T> | undefined;
  readonly raw: boolean;
}

function one<T>(
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

function batch<T>(
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

/** No function of this bundle, so nobody calls it. */
const leftOut: Pick<Definition, "settle" | "fail"> = { settle: notHere, fail: notHere };

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
async function readData<T>({ id, data }: CloudEvent, { name, schema, raw }: Source<T>): Promise<T> {
  const what = `topic ${name}: the event ${id}`;
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
