// A message of Pub/Sub's as an event, whichever way it came.
// https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/PubsubMessage
import { type CloudEvent, fromMessage } from "../../src/provider.ts";

export interface PubSubMessage {
  readonly id: string;
  /** `projects/<project>/subscriptions/<name>` */
  readonly subscription: string;
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly publishTime: string | undefined;
}

export function eventOf({ id, subscription, data, attributes, publishTime }: PubSubMessage): CloudEvent {
  const mediaType = attributes["content-type"] ?? attributes["Content-Type"];
  return fromMessage(data, {
    id,
    source: `//pubsub.googleapis.com/${subscription}`,
    type: "google.cloud.pubsub.topic.v1.messagePublished",
    ...(publishTime !== undefined && { time: publishTime }),
    ...(typeof mediaType === "string" && mediaType !== "" && { datacontenttype: mediaType }),
    attributes,
  });
}
