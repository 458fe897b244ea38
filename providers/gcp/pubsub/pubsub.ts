// Pub/sub through Google's, with a push subscription as each subscriber's inbox, and a topic with a pull subscription beside it
// for its dead letters.
// https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish
// https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions/pull
// https://docs.cloud.google.com/pubsub/docs/dead-letter-topics
import {
  buried,
  type CallOptions,
  type CloudEvent,
  type Create,
  foundDead,
  fromDeadLetter,
  inboxOf,
  kebab,
  type PublishOptions,
  type PubSub,
  type Subscription,
  setting,
  sha256,
  toPublished,
  toStructured,
} from "../../../src/provider.ts";
import { createClient } from "../client.ts";
import { eventOf } from "../pubsub-message.ts";

/** One request of Pub/Sub's takes so many, and so many bytes, here counted before base64. */
const batchSize = 1000;
const batchBytes = 7_000_000;
const pullSize = 100;

/** What is published. */
interface Message {
  readonly data: string;
  readonly orderingKey?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** `data` in base64. */
interface Pulled {
  readonly messageId: string;
  readonly data?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly publishTime?: string;
  readonly orderingKey?: string;
}

interface Received {
  readonly ackId: string;
  readonly message: Pulled;
}

/** By this attribute a message is one inbox's alone: the filters of all subscriptions keep the others from it. */
const inboxAttribute = "faasteninbox";

export const create: Create<PubSub> = (options) => {
  const where = `pubsub component "${options.name}"`;
  const prefix = setting(options, "topicPrefix") ?? "";
  const { call, close } = createClient(options, "pubsub.googleapis.com");

  /** `projects/<project>/subscriptions/<name>`. */
  const address = (of: Subscription): string => inboxOf(options, of);

  async function send(topic: string, messages: readonly Message[], { signal }: CallOptions): Promise<void> {
    await call("Publish", `/v1/${topic}:publish`, { messages }, { ...(signal && { signal }) });
  }

  const inDead = (of: Subscription, method: string, body: object, { signal }: CallOptions = {}): Promise<Reply> =>
    call<Reply>(capital(method), `/v1/${address(of)}-dead:${method}`, body, { ...(signal && { signal }) });

  /** Each is seen once; those that are looked at are held back until they are given back. */
  async function* lettersOf(of: Subscription, options: CallOptions): AsyncGenerator<[Received, CloudEvent]> {
    const seen = new Set<string>();
    // One empty reply does not say that there is nothing more.
    for (let empty = 0; empty < 2; ) {
      const { receivedMessages = [] } = await inDead(
        of,
        "pull",
        { maxMessages: pullSize, returnImmediately: true },
        options,
      );
      const fresh = receivedMessages.filter(({ message }) => !seen.has(message.messageId));
      if (fresh.length === 0) empty++;
      else empty = 0;
      for (const received of fresh) {
        seen.add(received.message.messageId);
        yield [received, letterOf(received.message, of, address(of))];
      }
    }
  }

  async function giveBack(of: Subscription, looked: readonly Received[]): Promise<void> {
    if (looked.length === 0) return;
    const body = { ackIds: looked.map(({ ackId }) => ackId), ackDeadlineSeconds: 0 };
    // By the clock they go back in any case.
    await inDead(of, "modifyAckDeadline", body).catch(() => undefined);
  }

  return {
    async publish(topic, event, { order, signal } = {}) {
      const message = inOrder(toPublished(event, `${where}, topic ${topic}`), order);
      await send(prefix + kebab(topic), [message], { ...(signal && { signal }) });
    },

    /** A request is taken whole or not at all, and what was not taken rejects. */
    async publishMany(topic, events, { order, signal }: PublishOptions = {}) {
      const messages = events.map((event) => inOrder(toPublished(event, `${where}, topic ${topic}`), order));
      for (const batch of batchesOf(messages)) await send(prefix + kebab(topic), batch, { ...(signal && { signal }) });
      return [];
    },

    async bury(from, arrival, reason, { signal } = {}) {
      const letter = buried(from, arrival, reason);
      const topic = `${address(from).replace("/subscriptions/", "/topics/")}-dead`;
      await send(topic, [inOrder(toStructured(letter), arrival.order)], { ...(signal && { signal }) });
    },

    async *deadLetters(of, options = {}) {
      const looked: Received[] = [];
      try {
        for await (const [received, letter] of lettersOf(of, options)) {
          looked.push(received);
          yield letter;
        }
      } finally {
        await giveBack(of, looked);
      }
    },

    async redrive(of, id, options = {}) {
      const looked: Received[] = [];
      try {
        for await (const [received, letter] of lettersOf(of, options)) {
          if (letter.id !== id) looked.push(received);
          else {
            const { orderingKey } = received.message;
            const inbox = address(of);
            const attributes = { [inboxAttribute]: inbox.slice(inbox.lastIndexOf("/") + 1) };
            const message = { ...inOrder(toStructured(fromDeadLetter(letter)), orderingKey), attributes };
            await send(prefix + kebab(of.topic), [message], options);
            await inDead(of, "acknowledge", { ackIds: [received.ackId] });
            return true;
          }
        }
        return false;
      } finally {
        await giveBack(of, looked);
      }
    },

    async close() {
      close();
    },
  };
};

interface Reply {
  readonly receivedMessages?: readonly Received[];
}

function capital(name: string): string {
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

/** Pub/Sub keeps the order of messages of one key, which has 1 KB at most; none is no key. */
function inOrder(text: string, order: string | undefined): Message {
  const data = Buffer.from(text).toString("base64");
  if (order === undefined) return { data };
  const fits = order !== "" && Buffer.byteLength(order) <= 1024;
  return { data, orderingKey: fits ? order : sha256(order) };
}

function batchesOf(messages: readonly Message[]): readonly (readonly Message[])[] {
  const batches: Message[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const last = batches.at(-1);
    if (last && last.length < batchSize && bytes + message.data.length <= batchBytes) last.push(message);
    else {
      batches.push([message]);
      bytes = 0;
    }
    bytes += message.data.length;
  }
  return batches;
}

function letterOf(
  { messageId: id, data = "", attributes = {}, publishTime }: Pulled,
  of: Subscription,
  inbox: string,
): CloudEvent {
  const event = eventOf({ id, subscription: inbox, data: Buffer.from(data, "base64"), attributes, publishTime });
  return foundDead(event, of, Number(attributes["CloudPubSubDeadLetterSourceDeliveryCount"] ?? of.attempts));
}
