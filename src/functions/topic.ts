// A topic: who may publish to it, and the functions that it triggers.
import { idempotency } from "../blocks/idempotency.ts";
import { type Publisher, publishing } from "../blocks/publisher.ts";
import type { Input, Output, Schema } from "../blocks/schema.ts";
import type { Definition, Grant, Uses } from "../contracts/function.ts";
import type { TriggerSpec } from "../contracts/trigger.ts";
import { isFifo } from "../runtime/order.ts";
import { given } from "./given.ts";
import {
  type BatchSubscriber,
  batch,
  leftOut,
  one,
  type Subscribed,
  type SubscribeOptions,
  type Subscriber,
} from "./subscriber.ts";

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
  /** Events of one key are handled one after another, in the order in which they were published. Left out for a topic called `*.fifo`: all of its events are of one key. */
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
  const { pubsub = "pubsub", schema, raw = false, orderBy = isFifo(name) ? () => name : undefined } = options;
  const envelope = { topic: name, pubsub, schema, raw, orderBy: orderBy as ((data: unknown) => string) | undefined };
  const source = { what: `topic ${name}`, schema, raw };
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
    subscribe(...all: readonly unknown[]): Definition {
      const [options, handler] = given<SubscribeOptions<T, Uses>, Subscriber<T, Uses>>(all, name);
      return define(options, import.meta.without?.subscriptions ? leftOut : one(source, options, handler), false);
    },
    subscribeMany(...all: readonly unknown[]): Definition {
      const [options, handler] = given<SubscribeOptions<T, Uses>, BatchSubscriber<T, Uses>>(all, name);
      return define(options, import.meta.without?.batches ? leftOut : batch(source, options, handler), true);
    },
  };
}
