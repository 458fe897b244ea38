// A queue of SQS as a function's inbox, and one beside it for its dead letters: of subscribers, and of inputs of bindings.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
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
  type ComponentOptions,
  foundDead,
  fromDeadLetter,
  fromStructured,
  type Inbox,
  inboxOf,
  type Subscription,
  toStructured,
} from "../../src/provider.ts";
import { createClient, nobody } from "./client.ts";
import { eventOf } from "./message.ts";
import { inOrder } from "./order.ts";

/** Seconds: a message may stay invisible for twelve hours from its receipt on, of which a function may have taken a quarter. */
const longestDelay = (11 * 60 + 44) * 60;
/** Seconds that a dead letter is kept from other readers while it is looked at. */
const lookTime = 20;

export const create = (options: ComponentOptions): Required<Inbox> => {
  // Who only publishes has no inbox.
  const sqs = import.meta.without?.subscriptions
    ? nobody
    : createClient(options, (config) => new SQSClient(config), {
        ChangeMessageVisibility: ChangeMessageVisibilityCommand,
        DeleteMessage: DeleteMessageCommand,
        ReceiveMessage: ReceiveMessageCommand,
        SendMessage: SendMessageCommand,
      });

  const address = (of: Subscription): string => inboxOf(options, of);

  function deadOf(of: Subscription): string {
    const url = address(of);
    return isOrdered(url) ? url.replace(/\.fifo$/, "-dead.fifo") : `${url}-dead`;
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
    /** The message stays where it is, and is seen again at that time. What came by no queue comes again as Lambda has it. */
    async postpone(from, { receipt }, notBefore, { signal } = {}) {
      if (typeof receipt !== "string") return false;
      const delay = Math.ceil((notBefore - Date.now()) / 1000);
      await sqs.call(
        "ChangeMessageVisibility",
        {
          QueueUrl: address(from),
          ReceiptHandle: receipt,
          VisibilityTimeout: Math.min(longestDelay, Math.max(0, delay)),
        },
        { ...(signal && { signal }) },
      );
      return false;
    },

    async bury(from, arrival, reason, { signal } = {}) {
      const letter = buried(from, arrival, reason);
      const QueueUrl = deadOf(from);
      await sqs.call(
        "SendMessage",
        {
          QueueUrl,
          MessageBody: toStructured(letter),
          ...(isOrdered(QueueUrl) && inOrder(letter, arrival.order ?? "", String(arrival.receipt))),
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
            const QueueUrl = address(of);
            const { Body = "", Attributes } = message;
            const input = {
              QueueUrl,
              // What the platform moved there may be in its sender's own form, which only its trigger reads.
              MessageBody: fromStructured(Body) ? toStructured(fromDeadLetter(letter)) : Body,
              ...(isOrdered(QueueUrl) && inOrder(letter, Attributes?.MessageGroupId ?? "", message.MessageId)),
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
      sqs.close();
    },
  };
};

/** SQS lets only queues with order end so. */
function isOrdered(queue: string): boolean {
  return queue.endsWith(".fifo");
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
