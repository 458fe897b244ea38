// A message of Service Bus as an event: what was published, or what the queue knows of it.
import { type CloudEvent, fromMessage } from "../../src/provider.ts";

/** The application property by which a later copy tells how often its event was delivered before. */
export const attemptProperty = "faastenattempt";

/** Of a message that is no CloudEvent. */
export const messageType = "Microsoft.ServiceBus.Message";

/** As the host hands it over, and as the queue itself gives it. */
export interface QueuedMessage {
  readonly id: string;
  readonly body: Uint8Array;
  /** Whose inbox it is in. */
  readonly subscriber: string;
  readonly sentAt: Date | undefined;
  readonly contentType: string | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A CloudEvent as it is; else what the queue knows of the message. */
export function eventOf({ id, body, subscriber, sentAt, contentType, properties }: QueuedMessage): CloudEvent {
  const { [attemptProperty]: _, ...attributes } = properties;
  return fromMessage(body, {
    id,
    source: `//servicebus.windows.net/${subscriber}`,
    type: messageType,
    ...(sentAt && !Number.isNaN(sentAt.getTime()) && { time: sentAt.toISOString() }),
    ...(contentType !== undefined && { datacontenttype: contentType }),
    attributes,
  });
}
