// A batch of messages as Lambda's poller of SQS hands it over, and which of them failed.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
import type { CloudEvent } from "../contracts/event.ts";
import type { EventArrival, Outcome } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import { groupOf, isFifo } from "../runtime/order.ts";
import { type Inbox, messageOf } from "./message.ts";
import { arn, region } from "./placeholders.ts";

export function toSqsEvent(arrivals: readonly EventArrival[], inbox: Inbox): object {
  return { Records: arrivals.map((arrival) => toRecord(arrival, inbox)) };
}

/**
 * The outcome of each, by what the handler returned. One that names a message which is none of the batch, or that has not
 * the shape that AWS documents, fails the whole batch, as it does there.
 */
export function toOutcomes(result: unknown, arrivals: readonly EventArrival[]): readonly Outcome[] {
  const failures = (result as { readonly batchItemFailures?: unknown } | null | undefined)?.batchItemFailures;
  if (failures === undefined || failures === null) return arrivals.map(() => done);
  const failed = new Set(Array.isArray(failures) ? failures.map(identifierOf) : [undefined]);
  const known = new Set(arrivals.map(({ event }) => event.id));
  if (![...failed].every((id) => typeof id === "string" && known.has(id))) {
    const reason = "the handler's `batchItemFailures` name what is no message of the batch, so all of it failed";
    return arrivals.map(() => ({ kind: "retry", reason }));
  }
  return arrivals.map(({ event }) =>
    failed.has(event.id) ? { kind: "retry", reason: "the handler names it in its `batchItemFailures`" } : done,
  );
}

const done: Outcome = { kind: "done" };

function identifierOf(failure: unknown): unknown {
  return (failure as { readonly itemIdentifier?: unknown } | null | undefined)?.itemIdentifier;
}

function toRecord({ event, attempt = 1, order }: EventArrival, inbox: Inbox): object {
  const body = messageOf(event, inbox);
  if (event.id === "") throw new FaastenError("INVALID", "a message has an id");
  const sent = String(Date.parse(event.time ?? "") || Date.now());
  const group = order ?? (inbox.ordered ? groupOf(event, inbox.name) : undefined);
  return {
    messageId: event.id,
    receiptHandle: event.id,
    body,
    attributes: {
      ApproximateReceiveCount: String(attempt),
      SentTimestamp: sent,
      SenderId: event.source,
      ApproximateFirstReceiveTimestamp: sent,
      ...(group !== undefined && {
        MessageGroupId: group,
        MessageDeduplicationId: event.id,
        // Later ones have greater ones, and the same one has it again: of twenty digits, which compare as texts.
        SequenceNumber: sent.padStart(20, "0"),
      }),
    },
    messageAttributes: inbox.raw ? attributesOf(event) : {},
    md5OfBody: process.getBuiltinModule("node:crypto").hash("md5", body),
    eventSource: "aws:sqs",
    eventSourceARN: arn("sqs", inbox.ordered && !isFifo(inbox.name) ? `${inbox.name}.fifo` : inbox.name),
    awsRegion: region(),
  };
}

function attributesOf({ extensions = {} }: CloudEvent): object {
  const texts = Object.entries(extensions).map(([name, value]) => [
    name,
    { stringValue: String(value), stringListValues: [], binaryListValues: [], dataType: "String" },
  ]);
  return Object.fromEntries(texts);
}
