// One message of a push subscription, wrapped in JSON or, where its metadata is written into headers, bare.
// https://docs.cloud.google.com/pubsub/docs/push
// https://docs.cloud.google.com/pubsub/docs/payload-unwrapping
import type { Arrival } from "../../../src/provider.ts";
import type { GoogleTrigger } from "../message.ts";
import { eventOf, type PubSubMessage } from "../pubsub-message.ts";
import { header, type Push, pushed } from "../push.ts";

export const trigger: GoogleTrigger<Push> = {
  ...pushed,
  name: "gcp.pubsub-push",
  decode({ payload }) {
    const message = header(payload, "x-goog-pubsub-message-id") === undefined ? wrapped(payload) : unwrapped(payload);
    return [message ? toArrival(message) : malformed(payload)];
  },
};

interface Message extends PubSubMessage {
  readonly orderingKey: string | undefined;
  readonly attempt: number | undefined;
}

function wrapped({ body }: Push): Message | undefined {
  const { message, subscription, deliveryAttempt } = recordOf(parsed(body));
  const { messageId: id, data = "", attributes, publishTime, orderingKey } = recordOf(message);
  if (!isFilled(id) || !isFilled(subscription) || !isBase64(data)) return undefined;
  return {
    id,
    subscription,
    data: Buffer.from(data, "base64"),
    attributes: recordOf(attributes),
    publishTime: isFilled(publishTime) ? publishTime : undefined,
    orderingKey: isFilled(orderingKey) ? orderingKey : undefined,
    attempt: toAttempt(deliveryAttempt),
  };
}

/** The attributes lie among the request's own headers, where nobody can tell them apart: they are left there. */
function unwrapped(push: Push): Message | undefined {
  const id = header(push, "x-goog-pubsub-message-id");
  const subscription = header(push, "x-goog-pubsub-subscription-name");
  if (id === undefined || subscription === undefined) return undefined;
  return {
    id,
    subscription,
    data: push.body,
    attributes: {},
    publishTime: header(push, "x-goog-pubsub-publish-time"),
    orderingKey: header(push, "x-goog-pubsub-ordering-key"),
    attempt: toAttempt(Number(header(push, "x-goog-pubsub-delivery-attempt"))),
  };
}

function toArrival({ attempt, orderingKey, ...message }: Message): Arrival {
  return {
    kind: "event",
    event: eventOf(message),
    ...(attempt !== undefined && { attempt }),
    ...(orderingKey !== undefined && { order: orderingKey }),
  };
}

function malformed({ body }: Push): Arrival {
  return { kind: "malformed", reason: "no message of a Pub/Sub subscription was posted", raw: { bytes: body } };
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString());
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function isFilled(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isBase64(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

/** Counted only where the subscription has a dead-letter policy. */
function toAttempt(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
