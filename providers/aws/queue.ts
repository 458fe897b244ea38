// A batch of messages from a queue, standard or FIFO, whatever lies in them; the reply names those that come again.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
import { type Arrival, Redeliver, type Trigger } from "../../src/provider.ts";
import { eventOf, isFilled } from "./message.ts";

export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: {
    readonly ApproximateReceiveCount: string;
    /** Unix milliseconds. */
    readonly SentTimestamp: string;
    readonly MessageGroupId?: string;
  };
  readonly messageAttributes?: Readonly<Record<string, { readonly stringValue?: string }>>;
  readonly eventSource: "aws:sqs";
  readonly eventSourceARN: string;
}

export interface SqsResult {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** `read`: what a message's body is, in JSON, where a service has put it there in its own form; `undefined`: it is none of that. */
export const queueTrigger = (
  name: string,
  read?: (found: unknown) => Arrival | undefined,
): Trigger<SqsEvent, SqsResult> => ({
  name,
  accepts: isSqsEvent,
  decode: ({ payload }) => payload.Records.map((record) => toArrival(record, read)),
  /** What was not done comes again, and the whole batch where one of those cannot be named. */
  encode(outcomes, { payload }) {
    const failed = payload.Records.filter((_record, index) => {
      const kind = outcomes[index]?.kind;
      return kind !== "done" && kind !== "drop";
    });
    if (!failed.every(({ messageId }) => isFilled(messageId)))
      throw new Redeliver("a message without an id comes again, and its batch with it");
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  },
});

function isSqsEvent(payload: unknown): payload is SqsEvent {
  const { Records: records } = (payload ?? {}) as Partial<SqsEvent>;
  return Array.isArray(records) && records.length > 0 && records.every((record) => record?.eventSource === "aws:sqs");
}

function toArrival(record: SqsRecord, read?: (found: unknown) => Arrival | undefined): Arrival {
  const { receiptHandle: receipt, eventSourceARN, attributes } = record;
  const attempt = Number(attributes?.ApproximateReceiveCount);
  // A standard queue may have groups as well, for fairness alone.
  const ordered = isFilled(eventSourceARN) && eventSourceARN.endsWith(".fifo");
  const known = {
    ...(Number.isSafeInteger(attempt) && attempt > 0 && { attempt }),
    ...(ordered && { order: attributes?.MessageGroupId ?? "" }),
    receipt,
  };
  const own = read?.(parsed(record.body));
  if (own && own.kind !== "request") return { ...own, ...known };
  const event = eventOf({
    id: record.messageId,
    body: record.body,
    queue: eventSourceARN,
    sentAt: attributes?.SentTimestamp,
    attributes: record.messageAttributes,
  });
  if (event) return { kind: "event", event, ...known };
  const reason = "the record lacks an id, a body or a queue: it is no message of SQS";
  return { kind: "malformed", reason, raw: { json: JSON.stringify(record) }, ...known };
}

function parsed(body: unknown): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    return undefined;
  }
}
