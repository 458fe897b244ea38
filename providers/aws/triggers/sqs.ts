// A batch of messages from a queue, standard or FIFO; the reply names those that come again.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
import { type Arrival, type CloudEvent, fromStructured, Redeliver, type Trigger } from "../../../src/provider.ts";

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
  /** What was not done comes again, and so does the whole batch where one of those cannot be named. */
  encode(outcomes, { payload }) {
    const failed = payload.Records.filter((_record, index) => {
      const kind = outcomes[index]?.kind;
      return kind !== "done" && kind !== "drop";
    });
    if (failed.some(({ messageId }) => typeof messageId !== "string" || messageId === ""))
      throw new Redeliver("a message without an id comes again, and the batch with it");
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  },
};

function isSqsEvent(payload: unknown): payload is SqsEvent {
  const { Records: records } = (payload ?? {}) as Partial<SqsEvent>;
  return Array.isArray(records) && records.length > 0 && records.every((record) => record?.eventSource === "aws:sqs");
}

function toArrival(record: SqsRecord): Arrival {
  const { attributes = {} as Partial<SqsRecord["attributes"]>, receiptHandle, eventSourceARN } = record;
  const attempt = Number(attributes.ApproximateReceiveCount);
  const known = {
    ...(Number.isSafeInteger(attempt) && attempt > 0 && { attempt }),
    // A standard queue may have groups as well, for fairness alone.
    ...(`${eventSourceARN}`.endsWith(".fifo") && { order: attributes.MessageGroupId ?? "" }),
    receipt: receiptHandle,
  };
  const event = eventOf(record);
  if (event) return { kind: "event", event, ...known };
  const reason = "the record has no body, id or queue, so it is no message of SQS";
  return { kind: "malformed", reason, raw: { json: JSON.stringify(record) }, ...known };
}

/** A CloudEvent as it is; else what the queue, or the topic before it, knows of a message that is none. */
function eventOf({ messageId, body, attributes, eventSourceARN }: SqsRecord): CloudEvent | undefined {
  if (typeof body !== "string" || !messageId || !eventSourceARN) return undefined;
  const event = fromStructured(body);
  if (event) return event;
  const parsed = parse(body);
  if (isNotification(parsed)) {
    const { MessageId: id, TopicArn: source, Subject: subject, Timestamp: time, Message: text } = parsed;
    const known = { id, source, ...(time && { time }), ...(subject && { subject }) };
    return fromStructured(text) ?? foreign(text, parse(text), { ...known, type: "com.amazonaws.sns.Notification" });
  }
  const sent = new Date(Number(attributes?.SentTimestamp));
  const time = Number.isNaN(sent.getTime()) ? {} : { time: sent.toISOString() };
  return foreign(body, parsed, { id: messageId, source: eventSourceARN, type: "com.amazonaws.sqs.Message", ...time });
}

function foreign(
  text: string,
  parsed: unknown,
  attributes: Pick<CloudEvent, "id" | "source" | "type" | "time" | "subject">,
): CloudEvent {
  return parsed === undefined
    ? { specversion: "1.0", ...attributes, datacontenttype: "text/plain", data: { bytes: Buffer.from(text) } }
    : { specversion: "1.0", ...attributes, datacontenttype: "application/json", data: { json: text } };
}

/** What SNS wraps a message in, unless the subscription asks for raw delivery. https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
interface Notification {
  readonly Type: "Notification";
  readonly MessageId: string;
  readonly TopicArn: string;
  readonly Message: string;
  readonly Subject?: string;
  readonly Timestamp?: string;
}

function isNotification(value: unknown): value is Notification {
  const { Type, MessageId, TopicArn, Message } = (value ?? {}) as Partial<Notification>;
  return Type === "Notification" && !!MessageId && `${TopicArn}`.startsWith("arn:") && typeof Message === "string";
}

/** `undefined`: this is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
