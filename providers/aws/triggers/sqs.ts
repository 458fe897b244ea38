// A batch of messages from a queue, standard or FIFO; the reply names those that come again.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
import { type Arrival, type CloudEvent, fromMessage, Redeliver, type Trigger } from "../../../src/provider.ts";

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

export const trigger: Trigger<SqsEvent, SqsResult> = {
  name: "aws.sqs",
  accepts: isSqsEvent,
  decode: ({ payload }) => payload.Records.map(toArrival),
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
};

function isSqsEvent(payload: unknown): payload is SqsEvent {
  const { Records: records } = (payload ?? {}) as Partial<SqsEvent>;
  return Array.isArray(records) && records.length > 0 && records.every((record) => record?.eventSource === "aws:sqs");
}

function toArrival(record: SqsRecord): Arrival {
  const { receiptHandle: receipt, eventSourceARN, attributes } = record;
  const attempt = Number(attributes?.ApproximateReceiveCount);
  // A standard queue may have groups as well, for fairness alone.
  const ordered = isFilled(eventSourceARN) && eventSourceARN.endsWith(".fifo");
  const known = {
    ...(Number.isSafeInteger(attempt) && attempt > 0 && { attempt }),
    ...(ordered && { order: attributes?.MessageGroupId ?? "" }),
    receipt,
  };
  const event = eventOf(record);
  if (event) return { kind: "event", event, ...known };
  const reason = "the record lacks an id, a body or a queue: it is no message of SQS";
  return { kind: "malformed", reason, raw: { json: JSON.stringify(record) }, ...known };
}

/** A CloudEvent as it is; else what the queue, or the SNS topic before it, knows of the message. */
function eventOf(record: SqsRecord): CloudEvent | undefined {
  const { messageId: id, body, eventSourceARN: source } = record;
  if (!isFilled(id) || !isFilled(body) || !isFilled(source)) return undefined;
  const notification = toNotification(body);
  if (notification) {
    const { MessageId, TopicArn, Message, Subject: subject, Timestamp: time, MessageAttributes } = notification;
    return fromMessage(Message, {
      id: MessageId,
      source: TopicArn,
      type: "com.amazonaws.sns.Notification",
      ...(isFilled(time) && { time }),
      ...(isFilled(subject) && { subject }),
      attributes: mapValues(MessageAttributes, ({ Value }) => Value),
    });
  }
  const sent = new Date(Number(record.attributes?.SentTimestamp));
  return fromMessage(body, {
    id,
    source,
    type: "com.amazonaws.sqs.Message",
    ...(!Number.isNaN(sent.getTime()) && { time: sent.toISOString() }),
    attributes: mapValues(record.messageAttributes, ({ stringValue }) => stringValue),
  });
}

/** What SNS wraps a message in, unless the subscription asks for raw delivery. https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
interface Notification {
  readonly Type: "Notification";
  readonly MessageId: string;
  readonly TopicArn: string;
  readonly Message: string;
  readonly Subject?: string;
  readonly Timestamp?: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly Value?: string }>>;
}

function toNotification(body: string): Notification | undefined {
  // Nearly every body is a CloudEvent, and is parsed but once.
  if (!body.includes('"Notification"')) return undefined;
  try {
    const found = (JSON.parse(body) ?? {}) as Partial<Notification>;
    const { Type, MessageId, TopicArn, Message } = found;
    const fits = Type === "Notification" && isFilled(MessageId) && isFilled(TopicArn) && isFilled(Message);
    return fits ? (found as Notification) : undefined;
  } catch {
    return undefined;
  }
}

/** Whoever sends a message writes these: any of them may be anything. */
function mapValues<T extends object>(
  map: Readonly<Record<string, T>> | undefined,
  value: (from: Partial<T>) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map ?? {}).map(([name, from]) => [name, value(from ?? {})]));
}

function isFilled(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
