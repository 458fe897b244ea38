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
  return {
    block: "pubsub",
    component: envelope.pubsub,
    right: "publish",
    resource: envelope.topic,
    ...(envelope.orderBy && { ordered: true }),
    open: import.meta.without?.publish
      ? notHere
      : (open, invocation) => publisher(envelope, open as () => PubSub | Promise<PubSub>, invocation),
  };
}

function publisher(
  { topic, pubsub, schema, orderBy }: Envelope,
  open: () => PubSub | Promise<PubSub>,
  invocation: Invocation,
): Publisher<unknown> {
  async function toEvent(data: unknown, { id, subject, ttl }: PublishChoice = {}): Promise<CloudEvent> {
    const what = `topic ${topic}: the event`;
    if (schema) await parse(schema, data, what);
    const value = toValue(data, what);
    const { service, traceparent, now } = invocation;
    return {
      specversion: "1.0",
      id: id ?? process.getBuiltinModule("node:crypto").randomUUID(),
      source: service,
      type: "com.dapr.event.sent",
      time: new Date(now()).toISOString(),
      ...(subject !== undefined && { subject }),
      datacontenttype: "json" in value ? "application/json" : "application/octet-stream",
      data: value,
      extensions: {
        topic,
        pubsubname: pubsub,
        traceid: traceparent,
        traceparent,
        ...(ttl !== undefined && { expiration: new Date(now() + toMilliseconds(ttl)).toISOString() }),
      },
    };
  }

  function publishing(data: unknown): PublishOptions {
    return { signal: invocation.signal, ...(orderBy && { order: orderBy(data) }) };
  }

  return {
    async publish(data, choice) {
      const event = await toEvent(data, choice);
      const broker = await open();
      await broker.publish(topic, event, publishing(data));
      return event.id;
    },
    async publishMany(data) {
      const events = await Promise.all(data.map((item) => toEvent(item)));
      const broker = await open();
      const check = (left: readonly CloudEvent[], cause?: unknown): void => {
        if (left.length === 0) return;
        const ids = left.map(({ id }) => id).join(", ");
        const message = `topic ${topic}: the broker did not take ${left.length} of ${events.length} events: ${ids}`;
        throw new FaastenError("UNAVAILABLE", message, { cause });
      };
      if (broker.publishMany && !orderBy) {
        check(await broker.publishMany(topic, events, { signal: invocation.signal }));
      } else {
        for (const [index, event] of events.entries()) {
          await broker
            .publish(topic, event, publishing(data[index]))
            .catch((cause: unknown) => check(events.slice(index), cause));
        }
      }
      return events.map(({ id }) => id);
    },
  };
}
