// The group of an event whose publisher named none, in a queue that keeps an order.
import type { CloudEvent } from "../contracts/event.ts";

/** As AWS names such a queue, and the topic before it. */
export function isFifo(name: string): boolean {
  return name.endsWith(".fifo");
}

/** Its `partitionkey`, else the queue's name: then all of them are one group. https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/extensions/partitioning.md */
export function groupOf({ extensions = {} }: CloudEvent, queue: string): string {
  const key = Object.hasOwn(extensions, "partitionkey") ? extensions["partitionkey"] : undefined;
  return key === undefined || key === "" ? queue : String(key);
}
