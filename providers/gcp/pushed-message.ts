// The message in a push of Pub/Sub's, wrapped in JSON or, where its metadata is written into headers, bare.
// https://docs.cloud.google.com/pubsub/docs/push
// https://docs.cloud.google.com/pubsub/docs/payload-unwrapping
import type { Arrival } from "../../src/provider.ts";
import type { PubSubMessage } from "./pubsub-message.ts";
import { header, type Push } from "./push.ts";

export interface PushedMessage extends PubSubMessage {
  readonly orderingKey: string | undefined;
  /** Counted only where the subscription has a dead-letter policy. */
  readonly attempt: number | undefined;
}

/** `undefined`: there is none. */
export function messageIn(push: Push): PushedMessage | undefined {
  return header(push, "x-goog-pubsub-message-id") === undefined ? wrapped(push) : unwrapped(push);
}

export function malformed({ body }: Push, reason: string): Arrival {
  return { kind: "malformed", reason, raw: { bytes: body } };
}

export const noMessage = "no message of a Pub/Sub subscription was posted";

export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

export function isFilled(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function wrapped({ body }: Push): PushedMessage | undefined {
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
function unwrapped(push: Push): PushedMessage | undefined {
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

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString());
  } catch {
    return undefined;
  }
}

function isBase64(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
}

function toAttempt(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
