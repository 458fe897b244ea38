// Typed events out, over a PubSub.
import type { CloudEvent } from "../contracts/event.ts";
import type { Grant, Invocation } from "../contracts/function.ts";
import type { PublishOptions, PubSub } from "../contracts/pubsub.ts";
import { FaastenError, notHere } from "../errors.ts";
import { type Duration, toMilliseconds } from "./duration.ts";
import { parse, type Schema } from "./schema.ts";
import { toValue } from "./value.ts";

export interface PublishChoice {
  /** The event's id; a new one if left out. Publish again with the same id, and subscribers can tell. */
  readonly id?: string;
  readonly subject?: string;
  /** An event that is not delivered by then is dropped. */
  readonly ttl?: Duration;
}

export interface Publisher<In> {
  /** Resolves with the event's id once the broker has it. Delivered at least once. Throws `TOO_LARGE` above 240 KiB. */
  publish(data: In, choice?: PublishChoice): Promise<string>;
  /** The same for many, none if one does not fit; throws `UNAVAILABLE`, naming them, if the broker did not take some. */
  publishMany(data: readonly In[]): Promise<readonly string[]>;
}

/** What a topic's events have in common. */
export interface Envelope {
  readonly topic: string;
  readonly pubsub: string;
  readonly schema: Schema | undefined;
  readonly raw: boolean;
  readonly orderBy: ((data: unknown) => string) | undefined;
}

export function publishing(envelope: Envelope): Grant<Publisher<unknown>> {
  const { topic, pubsub } = envelope;
  return {
    block: "pubsub",
    component: pubsub,
    right: "publish",
    resource: topic,
    open: import.meta.without?.publish
      ? notHere
      : (open, invocation) => new Client(envelope, open as () => PubSub | Promise<PubSub>, invocation),
  };
}

class Client implements Publisher<unknown> {
  readonly #envelope: Envelope;
  readonly #broker: () => PubSub | Promise<PubSub>;
  readonly #invocation: Invocation;

  constructor(envelope: Envelope, broker: () => PubSub | Promise<PubSub>, invocation: Invocation) {
    this.#envelope = envelope;
    this.#broker = broker;
    this.#invocation = invocation;
  }

  async publish(data: unknown, choice?: PublishChoice): Promise<string> {
    const event = await this.#event(data, choice);
    const broker = await this.#broker();
    await broker.publish(this.#envelope.topic, event, this.#options(data));
    return event.id;
  }

  async publishMany(data: readonly unknown[]): Promise<readonly string[]> {
    const { topic, orderBy } = this.#envelope;
    const events = await Promise.all(data.map((item) => this.#event(item)));
    const broker = await this.#broker();
    if (broker.publishMany && !orderBy) {
      const left = await broker.publishMany(topic, events, this.#options(undefined));
      if (left.length > 0) throw this.#notTaken(left, events.length);
    } else {
      for (const [index, event] of events.entries()) {
        await broker.publish(topic, event, this.#options(data[index])).catch((cause: unknown) => {
          throw this.#notTaken(events.slice(index), events.length, cause);
        });
      }
    }
    return events.map(({ id }) => id);
  }

  #notTaken(left: readonly CloudEvent[], all: number, cause?: unknown): FaastenError {
    const ids = left.map(({ id }) => id).join(", ");
    const message = `topic ${this.#envelope.topic}: the broker did not take ${left.length} of ${all} events: ${ids}`;
    return new FaastenError("UNAVAILABLE", message, { cause });
  }

  async #event(data: unknown, { id, subject, ttl }: PublishChoice = {}): Promise<CloudEvent> {
    const { topic, pubsub, schema } = this.#envelope;
    const what = `topic ${topic}: the event`;
    if (schema) await parse(schema, data, what);
    const value = toValue(data, what);
    const { service, traceparent } = this.#invocation;
    return {
      specversion: "1.0",
      id: id ?? process.getBuiltinModule("node:crypto").randomUUID(),
      source: service,
      type: "com.dapr.event.sent",
      time: new Date().toISOString(),
      ...(subject !== undefined && { subject }),
      datacontenttype: "json" in value ? "application/json" : "application/octet-stream",
      data: value,
      extensions: {
        topic,
        pubsubname: pubsub,
        traceid: traceparent,
        traceparent,
        ...(ttl !== undefined && { expiration: new Date(Date.now() + toMilliseconds(ttl)).toISOString() }),
      },
    };
  }

  #options(data: unknown): PublishOptions {
    const { orderBy } = this.#envelope;
    return { signal: this.#invocation.signal, ...(orderBy && { order: orderBy(data) }) };
  }
}
