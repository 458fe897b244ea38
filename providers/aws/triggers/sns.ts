// A notification of a topic that calls the function itself, with no queue between.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
import type { Arrival, Trigger } from "../../../src/provider.ts";
import { acknowledge } from "../asynchronous.ts";
import { fromNotification, isNotification, type Notification } from "../message.ts";

export interface SnsEvent {
  readonly Records: readonly SnsRecord[];
}

export interface SnsRecord {
  readonly EventSource: "aws:sns";
  readonly EventSubscriptionArn: string;
  readonly Sns: Notification;
}

export const trigger: Trigger<SnsEvent, undefined> = {
  name: "aws.sns",
  accepts: isSnsEvent,
  decode: ({ payload }) => payload.Records.map(toArrival),
  encode: (outcomes, { payload }) => acknowledge(outcomes, payload.Records.length),
};

function isSnsEvent(payload: unknown): payload is SnsEvent {
  const { Records: records } = (payload ?? {}) as Partial<SnsEvent>;
  return Array.isArray(records) && records.length > 0 && records.every((record) => record?.EventSource === "aws:sns");
}

function toArrival(record: SnsRecord): Arrival {
  if (isNotification(record.Sns)) return { kind: "event", event: fromNotification(record.Sns) };
  const reason = "the record lacks an id, a topic or a message: it is no notification of SNS";
  return { kind: "malformed", reason, raw: { json: JSON.stringify(record) } };
}
