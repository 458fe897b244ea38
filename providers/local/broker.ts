// A pub/sub component over inboxes of our own.
import { type CloudEvent, type ComponentOptions, type PubSub, toPublished } from "../../src/provider.ts";
import { clockOf } from "./clock.ts";
import { createConsumer } from "./consumer.ts";
import type { Inboxes, Taken } from "./inboxes.ts";

export type Broker = Required<Omit<PubSub, "postpone" | "bury">>;

export function createBroker<T extends Taken>(options: ComponentOptions, inboxes: Inboxes<T>): Broker {
  const { name } = options;
  const consumer = createConsumer(inboxes, clockOf(options));

  function add(topic: string, events: readonly CloudEvent[], order?: string): void {
    for (const event of events) toPublished(event, `pubsub component "${name}", topic "${topic}"`);
    inboxes.add(topic, events, order);
  }

  return {
    async publish(topic, event, { signal, order } = {}) {
      signal?.throwIfAborted();
      add(topic, [event], order);
    },

    async publishMany(topic, events, { signal, order } = {}) {
      signal?.throwIfAborted();
      add(topic, events, order);
      return [];
    },

    async *deadLetters(of, { signal } = {}) {
      for (const letter of inboxes.dead(of)) {
        signal?.throwIfAborted();
        yield letter;
      }
    },

    async redrive(of, id, { signal } = {}) {
      signal?.throwIfAborted();
      return inboxes.redrive(of, id);
    },

    consume: consumer.consume,

    async close() {
      await consumer.close();
      inboxes.close();
    },
  };
}
