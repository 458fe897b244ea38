// What Lambda does between a queue and a function: it takes batches, calls, and deletes what was not named as failed.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
import { DeleteMessageCommand, type Message, ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";

export interface MappingOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly batchSize?: number;
  /** Batches that may run at once; of a FIFO queue, one group is never in two. */
  readonly concurrency?: number;
  /** The function with `ReportBatchItemFailures`: what it throws fails its whole batch. */
  invoke(event: unknown): Promise<unknown>;
}

export interface Mapping {
  /** What was taken is handled to its end. */
  stop(): Promise<void>;
}

export function startMapping(options: MappingOptions): Mapping {
  const { client, queueUrl, batchSize = 10, concurrency = 4 } = options;
  const ended = new AbortController();
  const poll = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const { Messages = [] } = await client
        .send(
          new ReceiveMessageCommand({
            QueueUrl: queueUrl,
            MaxNumberOfMessages: batchSize,
            WaitTimeSeconds: 1,
            MessageAttributeNames: ["All"],
            MessageSystemAttributeNames: ["All"],
          }),
          { abortSignal: ended.signal },
        )
        .catch(() => ({ Messages: [] }));
      if (Messages.length > 0) await handle(options, Messages);
    }
  };
  const polls = Array.from({ length: concurrency }, poll);
  return {
    async stop() {
      ended.abort();
      await Promise.all(polls);
    },
  };
}

async function handle(
  { client, queueUrl, queueArn, invoke }: MappingOptions,
  messages: readonly Message[],
): Promise<void> {
  const reply = await invoke({ Records: messages.map((message) => toRecord(message, queueArn)) }).catch(
    () => undefined,
  );
  const failed = failuresIn(reply, messages);
  for (const { MessageId = "", ReceiptHandle } of messages)
    if (!failed.has(MessageId)) await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
}

/** No reply, or one that names what was not in the batch, fails all. */
function failuresIn(reply: unknown, messages: readonly Message[]): ReadonlySet<string> {
  const all = new Set(messages.map(({ MessageId = "" }) => MessageId));
  const { batchItemFailures } = (reply ?? {}) as {
    readonly batchItemFailures?: readonly { readonly itemIdentifier?: string }[];
  };
  if (!batchItemFailures) return reply === undefined ? all : new Set();
  const named = batchItemFailures.map(({ itemIdentifier = "" }) => itemIdentifier);
  return named.every((id) => all.has(id)) ? new Set(named) : all;
}

function toRecord(
  { MessageId, ReceiptHandle, Body, Attributes, MessageAttributes, MD5OfBody }: Message,
  queueArn: string,
): unknown {
  const attributes = Object.entries(MessageAttributes ?? {}).map(([name, { StringValue, DataType }]) => [
    name,
    { stringValue: StringValue, dataType: DataType, stringListValues: [], binaryListValues: [] },
  ]);
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes,
    messageAttributes: Object.fromEntries(attributes),
    md5OfBody: MD5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(":")[3],
  };
}
