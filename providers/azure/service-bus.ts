// Pub/sub through Service Bus: a topic, or a queue in its place; a queue as each subscriber's inbox, and one beside it for its
// dead letters. https://learn.microsoft.com/azure/service-bus-messaging/advanced-features-overview
import {
  ServiceBusClient,
  type ServiceBusMessage,
  type ServiceBusMessageBatch,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
  type ServiceBusSender,
} from "@azure/service-bus";
import {
  buried,
  type CloudEvent,
  type ComponentOptions,
  foundDead,
  fromDeadLetter,
  inboxOf,
  kebab,
  type PubSub,
  type Subscription,
  setting,
  sha256,
  toPublished,
  toStructured,
} from "../../src/provider.ts";
import { type Client, createClient } from "./client.ts";
import type { Credential } from "./credential.ts";
import { attemptProperty, eventOf } from "./message.ts";
import { retryOptions } from "./retries.ts";

/** A client with the senders that it has opened, each once. */
interface Bus {
  readonly client: ServiceBusClient;
  sender(entity: string): ServiceBusSender;
}

/** What a message may carry beside its body. */
interface Beside {
  readonly order?: string | undefined;
  /** Unix milliseconds. */
  readonly notBefore?: number;
  readonly attempt?: number;
}

/** Dead letters that are looked at in one call. */
const pageSize = 100;
/** Milliseconds that a receiver waits for a message that is known to be there. */
const lookTime = 5000;

export function createPubSub(options: ComponentOptions): PubSub {
  const where = `pubsub component "${options.name}"`;
  const [host, prefix = ""] = (setting(options, "namespaceName") ?? "").split("/");
  const connect = async (credential: () => Promise<Credential>): Promise<ServiceBusClient> => {
    const connectionString = setting(options, "connectionString");
    return connectionString === undefined
      ? new ServiceBusClient(host ?? "", await credential(), { retryOptions })
      : new ServiceBusClient(connectionString, { retryOptions });
  };
  const { call, close } = createClient<Bus>(
    options,
    async (credential) => {
      const client = await connect(credential);
      const senders = new Map<string, ServiceBusSender>();
      const sender = (entity: string): ServiceBusSender => {
        const known = senders.get(entity) ?? client.createSender(entity);
        senders.set(entity, known);
        return known;
      };
      return { client, sender };
    },
    ({ client }) => client.close(),
  );
  /** A connection of its own: how far a queue was peeked is remembered by each. */
  const look = (of: Subscription): Client<ServiceBusReceiver> => {
    const queue = deadOf(of);
    let client: ServiceBusClient | undefined;
    return createClient(
      options,
      async (credential) => {
        client = await connect(credential);
        return client.createReceiver(queue, { skipParsingBodyAsJson: true });
      },
      () => client?.close(),
    );
  };

  const queueOf = (of: Subscription): string => inboxOf(options, of);
  const deadOf = (from: Subscription): string => `${queueOf(from)}-dead`;

  async function send(entity: string, message: ServiceBusMessage, signal: AbortSignal | undefined): Promise<void> {
    await call("send", ({ sender }, sdk) => sender(entity).sendMessages(message, sdk), { ...(signal && { signal }) });
  }

  async function* lettersOf(of: Subscription, signal: AbortSignal | undefined): AsyncGenerator<CloudEvent> {
    const dead = look(of);
    try {
      let messages: readonly ServiceBusReceivedMessage[];
      do {
        // Each call goes on behind the last message of the one before.
        messages = await dead.call("peek", (receiver, sdk) => receiver.peekMessages(pageSize, sdk), {
          ...(signal && { signal }),
        });
        for (const message of messages) yield letterOf(message, of);
      } while (messages.length > 0);
    } finally {
      await dead.close();
    }
  }

  return {
    async publish(topic, event, { order, signal } = {}) {
      await send(prefix + kebab(topic), toMessage(event, `${where}, topic ${topic}`, { order }), signal);
    },

    async publishMany(topic, events, { order, signal } = {}) {
      const entity = prefix + kebab(topic);
      const calling = signal ? { signal } : {};
      const messages = events.map((event) => toMessage(event, `${where}, topic ${topic}`, { order }));
      let taken = 0;
      try {
        while (taken < events.length) {
          const rest = messages.slice(taken);
          taken += await call(
            "send batch",
            async ({ sender }, sdk) => {
              const batch = await sender(entity).createMessageBatch(sdk);
              const count = fill(batch, rest);
              await sender(entity).sendMessages(count === 0 ? (rest[0] ?? []) : batch, sdk);
              return Math.max(1, count);
            },
            calling,
          );
        }
      } catch (error) {
        if (taken === 0) throw error;
      }
      return events.slice(taken);
    },

    /** By a later copy, which knows how often the event has come before. One that has an order stays where it is. */
    async postpone(from, { event, attempt = 1 }, notBefore, { signal } = {}) {
      if (from.ordered || notBefore <= Date.now()) return false;
      await send(queueOf(from), messageOf(event, { notBefore, attempt }), signal);
      return true;
    },

    async bury(from, arrival, reason, { signal } = {}) {
      const letter = buried(from, arrival, reason);
      await send(deadOf(from), messageOf(letter, { order: from.ordered ? arrival.order : undefined }), signal);
    },

    deadLetters: (of, { signal } = {}) => lettersOf(of, signal),

    async redrive(of, id, { signal } = {}) {
      let there = false;
      for await (const letter of lettersOf(of, signal)) there ||= letter.id === id;
      if (!there) return false;
      const dead = look(of);
      const others: ServiceBusReceivedMessage[] = [];
      try {
        for (;;) {
          const messages = await dead.call(
            "receive",
            (receiver, sdk) => receiver.receiveMessages(pageSize, { ...sdk, maxWaitTimeInMs: lookTime }),
            { ...(signal && { signal }) },
          );
          if (messages.length === 0) return false;
          const found = messages.find((message) => letterOf(message, of).id === id);
          others.push(...messages.filter((message) => message !== found));
          if (found) {
            const order = found.sessionId;
            await send(queueOf(of), messageOf(fromDeadLetter(letterOf(found, of)), { order }), signal);
            await dead.call("complete", (receiver) => receiver.completeMessage(found));
            return true;
          }
        }
      } finally {
        // By the clock they go back in any case.
        const back = others.map((message) => dead.call("abandon", (receiver) => receiver.abandonMessage(message)));
        await Promise.allSettled(back);
        await dead.close();
      }
    },

    close,
  };
}

/** Of a size that every broker takes. */
function toMessage(event: CloudEvent, where: string, beside: Beside): ServiceBusMessage {
  return messageOf(event, beside, toPublished(event, where));
}

/** A CloudEvent in JSON, as Dapr publishes it. */
function messageOf(
  event: CloudEvent,
  { order, notBefore, attempt }: Beside,
  text: string = toStructured(event),
): ServiceBusMessage {
  return {
    body: Buffer.from(text),
    contentType: "application/cloudevents+json",
    messageId: short(event.id),
    ...(order !== undefined && { sessionId: short(order) }),
    ...(notBefore !== undefined && { scheduledEnqueueTimeUtc: new Date(notBefore) }),
    ...(attempt !== undefined && { applicationProperties: { [attemptProperty]: attempt } }),
  };
}

/** Ids of messages and sessions have 128 characters at most. */
function short(text: string): string {
  return text.length <= 128 ? text : sha256(text);
}

/** How many of them went in. */
function fill(batch: ServiceBusMessageBatch, messages: readonly ServiceBusMessage[]): number {
  const first = messages.findIndex((message) => !batch.tryAddMessage(message));
  return first < 0 ? messages.length : first;
}

function letterOf(message: ServiceBusReceivedMessage, of: Subscription): CloudEvent {
  const { body, messageId, sequenceNumber, enqueuedTimeUtc, contentType, applicationProperties = {} } = message;
  const event = eventOf({
    id: String(messageId ?? sequenceNumber),
    body: Buffer.from(body),
    subscriber: of.subscriber,
    sentAt: enqueuedTimeUtc,
    contentType,
    properties: applicationProperties,
  });
  return foundDead(event, of);
}
