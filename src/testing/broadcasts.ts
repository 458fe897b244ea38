// What brokers are handed and what they deliver, listened to on the way.
import type { Create } from "../contracts/component.ts";
import type { CloudEvent } from "../contracts/event.ts";
import type { PubSub } from "../contracts/pubsub.ts";
import type { Topic } from "../functions/topic.ts";

/** An event as it went out, its data read. Extensions are members by their names. */
export interface Sent<T> {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time?: string;
  readonly subject?: string;
  readonly data: T;
  readonly [attribute: string]: unknown;
}

export interface Broadcasts {
  /**
   * The same broker, listened to. So that a test runs the same each time, its deliveries go one after another, and what
   * comes again without a time of its own comes a second later.
   */
  heard(name: string, create: Create): Create;
  published<T, In>(topic: Topic<T, In>): readonly Sent<In>[];
}

/** `delivering` is told of each delivery as it begins. */
export function createBroadcasts(now: () => number, delivering: (subscriber: string) => void): Broadcasts {
  const taken: { readonly pubsub: string; readonly topic: string; readonly event: CloudEvent }[] = [];
  let last: Promise<unknown> = Promise.resolve();

  function listening(pubsub: string, broker: PubSub): Partial<PubSub> {
    const { publishMany, consume } = broker;
    const note = (topic: string, events: readonly CloudEvent[]): void => {
      for (const event of events) taken.push({ pubsub, topic, event });
    };
    return {
      async publish(topic, event, options) {
        await broker.publish(topic, event, options);
        note(topic, [event]);
      },
      ...(publishMany && {
        async publishMany(topic, events, options) {
          const left = await publishMany.call(broker, topic, events, options);
          note(
            topic,
            events.filter((event) => !left.includes(event)),
          );
          return left;
        },
      }),
      ...(consume && {
        consume(subscriptions, deliver) {
          consume.call(broker, subscriptions, (subscription, arrival) => {
            const delivered = last.then(async () => {
              delivering(subscription.subscriber);
              const outcome = await deliver(subscription, arrival);
              return outcome.kind === "retry" ? { notBefore: now() + 1_000, ...outcome } : outcome;
            });
            last = delivered.catch(() => undefined);
            return delivered;
          });
        },
      }),
    };
  }

  return {
    heard: (name, create) => async (options) => {
      const broker = (await create(options)) as PubSub;
      return over(broker, listening(name, broker));
    },
    published<T, In>({ name, publish }: Topic<T, In>) {
      const own = taken.filter(({ pubsub, topic }) => pubsub === publish.component && topic === name);
      return own.map(({ event }) => toSent<In>(event));
    },
  };
}

export function toSent<T>({ data, extensions, ...attributes }: CloudEvent): Sent<T> {
  const read: unknown = data && ("json" in data ? JSON.parse(data.json) : data.bytes);
  return { ...extensions, ...attributes, data: read as T };
}

/** The object as it is, but for these methods. */
function over<T extends object>(object: T, methods: Partial<T>): T {
  return new Proxy(object, {
    get(_, key) {
      const from = Object.hasOwn(methods, key) ? methods : object;
      const found: unknown = Reflect.get(from, key);
      return typeof found === "function" ? found.bind(from) : found;
    },
  });
}
