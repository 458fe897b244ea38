// Pub/sub through SNS, with a queue of SQS as each subscriber's inbox, and one beside it for its dead letters.
// https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
import { PublishBatchCommand, PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import {
  buried,
  type CloudEvent,
  type Create,
  FaastenError,
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
import { eventOf } from "../message.ts";

/** SNS takes so many, and so many bytes, at once. */
const batchSize = 10;
const batchBytes = 256 * 1024;
/** Seconds that a message may stay invisible, from its receipt on. */
const longestDelay = 12 * 60 * 60;
/** Seconds that a dead letter is kept from other readers while it is looked at. */
const lookTime = 20;

export const create: Create<PubSub> = (options) => {
  const where = `pubsub component "${options.name}"`;
  const prefix = setting(options, "topicPrefix") ?? "";
  // Who only publishes has no inbox, and who only subscribes publishes nothing: each brings one of the two SDKs.
  const sns = import.meta.without?.publish
    ? nobody
    : createClient(options, (config) => new SNSClient(config), {
        Publish: PublishCommand,
        PublishBatch: PublishBatchCommand,
      });
  const sqs = import.meta.without?.subscriptions
    ? nobody
    : createClient(options, (config) => new SQSClient(config), {
        ChangeMessageVisibility: ChangeMessageVisibilityCommand,
        DeleteMessage: DeleteMessageCommand,
        ReceiveMessage: ReceiveMessageCommand,
        SendMessage: SendMessageCommand,
      });

  const topicArn = (topic: string, order: string | undefined): string =>
    `${prefix}${kebab(topic)}${order === undefined ? "" : ".fifo"}`;

  const address = (of: Subscription): string => inboxOf(options, of);

  function deadOf(from: Subscription): string {
    const url = address(from);
    return from.ordered ? url.replace(/\.fifo$/, "-dead.fifo") : `${url}-dead`;
  }

  /** Each is seen once; those that are looked at come back to the queue by themselves. */
  async function* lettersOf(of: Subscription, signal: AbortSignal | undefined): AsyncGenerator<[Message, CloudEvent]> {
    const QueueUrl = deadOf(of);
    const seen = new Set<string>();
    for (;;) {
      const { Messages = [] } = await sqs.call(
        "ReceiveMessage",
        {
          QueueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: lookTime,
          WaitTimeSeconds: 1,
          MessageAttributeNames: ["All"],
          MessageSystemAttributeNames: ["All"],
        },
        { ...(signal && { signal }) },
      );
      const fresh = Messages.filter(({ MessageId = "" }) => !seen.has(MessageId));
      if (fresh.length === 0) return;
      for (const message of fresh) {
        seen.add(message.MessageId ?? "");
        const letter = letterOf(message, QueueUrl, of);
        if (letter) yield [message, letter];
      }
    }
  }

  async function putBack(of: Subscription, { ReceiptHandle }: Message): Promise<void> {
    const input = { QueueUrl: deadOf(of), ReceiptHandle, VisibilityTimeout: 0 };
    // By the clock it goes back in any case.
    await sqs.call("ChangeMessageVisibility", input).catch(() => undefined);
  }

  return {
    async publish(topic, event, { order, signal } = {}) {
      const Message = toPublished(event, `${where}, topic ${topic}`);
      const TopicArn = topicArn(topic, order);
      await sns.call("Publish", { TopicArn, Message, ...inOrder(event, order) }, { ...(signal && { signal }) });
    },

    async publishMany(topic, events, { order, signal }: PublishOptions = {}) {
      const TopicArn = topicArn(topic, order);
      const refused: CloudEvent[] = [];
      for (const batch of batchesOf(
        events.map((event) => ({ event, Message: toPublished(event, `${where}, topic ${topic}`) })),
      )) {
        // Of one order, what follows one that was not taken must not overtake it.
        if (order !== undefined && refused.length > 0) refused.push(...batch.map(({ event }) => event));
        else {
          const PublishBatchRequestEntries = batch.map(({ event, Message }, index) => ({
            Id: `${index}`,
            Message,
            ...inOrder(event, order),
          }));
          const { Failed = [] } = await sns.call(
            "PublishBatch",
            { TopicArn, PublishBatchRequestEntries },
            { ...(signal && { signal }) },
          );
          const failed = new Set(Failed.map(({ Id }) => Id));
          refused.push(...batch.filter((_entry, index) => failed.has(`${index}`)).map(({ event }) => event));
        }
      }
      return refused;
    },

    /** The message stays where it is, and is seen again at that time. */
    async postpone(from, { receipt }, notBefore, { signal } = {}) {
      const delay = Math.ceil((notBefore - Date.now()) / 1000);
      await sqs.call(
        "ChangeMessageVisibility",
        {
          QueueUrl: address(from),
          ReceiptHandle: String(receipt),
          VisibilityTimeout: Math.min(longestDelay, Math.max(0, delay)),
        },
        { ...(signal && { signal }) },
      );
      return false;
    },

    async bury(from, arrival, reason, { signal } = {}) {
      const letter = buried(from, arrival, reason);
      await sqs.call(
        "SendMessage",
        {
          QueueUrl: deadOf(from),
          MessageBody: toStructured(letter),
          ...(from.ordered && inOrder(letter, arrival.order ?? "")),
        },
        { ...(signal && { signal }) },
      );
    },

    async *deadLetters(of, { signal } = {}) {
      const looked: Message[] = [];
      try {
        for await (const [message, letter] of lettersOf(of, signal)) {
          looked.push(message);
          yield letter;
        }
      } finally {
        await Promise.all(looked.map((message) => putBack(of, message)));
      }
    },

    async redrive(of, id, { signal } = {}) {
      const looked: Message[] = [];
      try {
        for await (const [message, letter] of lettersOf(of, signal)) {
          if (letter.id !== id) looked.push(message);
          else {
            const event = fromDeadLetter(letter);
            const group = message.Attributes?.MessageGroupId ?? "";
            const input = {
              QueueUrl: address(of),
              MessageBody: toStructured(event),
              ...(of.ordered && inOrder(letter, group)),
            };
            await sqs.call("SendMessage", input, { ...(signal && { signal }) });
            await sqs.call("DeleteMessage", { QueueUrl: deadOf(of), ReceiptHandle: message.ReceiptHandle });
            return true;
          }
        }
        return false;
      } finally {
        await Promise.all(looked.map((message) => putBack(of, message)));
      }
    },

    async close() {
      sns.close();
      sqs.close();
    },
  };
};

/** The client of a service that no function of the bundle calls. */
const nobody = {
  call(): never {
    throw new FaastenError("INTERNAL", "no function of this bundle was granted this");
  },
  close(): void {},
};

/** Of one group in the order of publishing; the same event is taken once. Group names are short and plain, so any key is made one. */
function inOrder(event: CloudEvent, order: string | undefined) {
  if (order === undefined) return {};
  return { MessageGroupId: plain(order), MessageDeduplicationId: plain(`${event.source}\n${event.id}`) };
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: letters, digits and punctuation, 128 at most. */
function plain(text: string): string {
  if (/^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/.test(text)) return text;
  return sha256(text);
}

interface Entry {
  readonly event: CloudEvent;
  readonly Message: string;
}

function batchesOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const batches: Entry[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const size = Buffer.byteLength(entry.Message);
    const last = batches.at(-1);
    if (last && last.length < batchSize && bytes + size <= batchBytes) {
      last.push(entry);
      bytes += size;
    } else {
      batches.push([entry]);
      bytes = size;
    }
  }
  return batches;
}

function letterOf(message: Message, queue: string, of: Subscription): CloudEvent | undefined {
  const event = eventOf({
    id: message.MessageId,
    body: message.Body,
    queue,
    sentAt: message.Attributes?.SentTimestamp,
    attributes: message.MessageAttributes,
  });
  return event && foundDead(event, of, Number(message.Attributes?.ApproximateReceiveCount ?? of.attempts));
}
