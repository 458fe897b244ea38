// Pub/sub through SNS, with a queue of SQS as each subscriber's inbox.
// https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
import { PublishBatchCommand, PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import {
  type CloudEvent,
  type Create,
  kebab,
  type PublishOptions,
  type PubSub,
  setting,
  toPublished,
} from "../../../src/provider.ts";
import { createClient, nobody } from "../client.ts";
import { create as createInbox } from "../inbox.ts";
import { inOrder } from "../order.ts";

/** SNS takes so many, and so many bytes, at once. */
const batchSize = 10;
const batchBytes = 256 * 1024;
export const create: Create<PubSub> = (options) => {
  const where = `pubsub component "${options.name}"`;
  const prefix = setting(options, "topicPrefix") ?? "";
  // Who only subscribes publishes nothing.
  const sns = import.meta.without?.publish
    ? nobody
    : createClient(options, (config) => new SNSClient(config), {
        Publish: PublishCommand,
        PublishBatch: PublishBatchCommand,
      });
  const inbox = createInbox(options);

  const topicArn = (topic: string, order: string | undefined): string =>
    `${prefix}${kebab(topic)}${order === undefined ? "" : ".fifo"}`;

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

    ...inbox,
    async close() {
      sns.close();
      await inbox.close();
    },
  };
};

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
