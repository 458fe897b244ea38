// A message of a queue as an event: what was published, or what the queue and the topic before it know of it.
import { type CloudEvent, fromMessage } from "../../src/provider.ts";

/** As Lambda delivers it, and as SQS itself gives it, in whose hands it may be anything. */
export interface QueuedMessage {
  readonly id: string | undefined;
  readonly body: string | undefined;
  /** The queue's ARN. */
  readonly queue: string;
  /** Unix milliseconds. */
  readonly sentAt: string | undefined;
  readonly attributes:
    | Readonly<Record<string, { readonly stringValue?: string; readonly StringValue?: string | undefined }>>
    | undefined;
}

/**
 * A CloudEvent as it is; else what the queue, or the SNS topic before it, knows of the message. SNS wraps what it puts into
 * a queue unless its subscription says raw delivery: where the stack says that it does, what looks wrapped was sent so.
 */
export function eventOf({ id, body, queue: source, sentAt, attributes }: QueuedMessage): CloudEvent | undefined {
  if (!isFilled(id) || !isFilled(body) || !isFilled(source)) return undefined;
  const notification = process.env["FAASTEN_SNS_DELIVERY"] === "raw" ? undefined : toNotification(body);
  if (notification) return fromNotification(notification);
  const sent = new Date(Number(sentAt));
  return fromMessage(body, {
    id,
    source,
    type: "com.amazonaws.sqs.Message",
    ...(!Number.isNaN(sent.getTime()) && { time: sent.toISOString() }),
    attributes: mapValues(attributes, ({ stringValue, StringValue }) => stringValue ?? StringValue),
  });
}

/** What SNS wraps a message in. https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
export interface Notification {
  readonly Type: "Notification";
  readonly MessageId: string;
  readonly TopicArn: string;
  readonly Message: string;
  readonly Subject?: string;
  readonly Timestamp?: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly Value?: string }>>;
}

export function isNotification(found: unknown): found is Notification {
  const { Type, MessageId, TopicArn, Message } = (found ?? {}) as Partial<Notification>;
  return Type === "Notification" && isFilled(MessageId) && isFilled(TopicArn) && isFilled(Message);
}

export function fromNotification({
  MessageId: id,
  TopicArn: source,
  Message,
  Subject: subject,
  Timestamp: time,
  MessageAttributes,
}: Notification): CloudEvent {
  return fromMessage(Message, {
    id,
    source,
    type: "com.amazonaws.sns.Notification",
    ...(isFilled(time) && { time }),
    ...(isFilled(subject) && { subject }),
    attributes: mapValues(MessageAttributes, ({ Value }) => Value),
  });
}

function toNotification(body: string): Notification | undefined {
  // Nearly every body is a CloudEvent, and is parsed but once.
  if (!body.includes('"Notification"')) return undefined;
  try {
    const found: unknown = JSON.parse(body);
    return isNotification(found) ? found : undefined;
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

export function isFilled(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
