// What happened in a bucket, told through EventBridge, where the key is as it is: alone, or in a queue.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
import type { Arrival } from "../../src/provider.ts";
import { type BusEvent, fromBus, isBusEvent, malformed } from "./bus.ts";
import { isFilled } from "./message.ts";
import { changeEvent } from "./object-change.ts";

export interface S3BusEvent extends BusEvent {
  /** No other sender may say so. */
  readonly source: "aws.s3";
  readonly detail: {
    readonly bucket?: { readonly name: string };
    readonly object?: {
      readonly key: string;
      readonly size?: number;
      readonly "version-id"?: string;
      readonly sequencer?: string;
    };
  };
}

export function isOfBucket(payload: unknown): payload is S3BusEvent {
  return isBusEvent(payload) && payload.source === "aws.s3";
}

const changes: ReadonlyMap<string, "created" | "deleted"> = new Map([
  ["Object Created", "created"],
  ["Object Deleted", "deleted"],
]);

export function fromBucket(payload: S3BusEvent): Arrival {
  const change = changes.get(payload["detail-type"]);
  if (!change) return fromBus(payload);
  const { id, time, resources, detail } = payload;
  const { key, size, sequencer, "version-id": version } = detail.object ?? {};
  const [bucket] = Array.isArray(resources) ? (resources as readonly unknown[]) : [];
  if (!isFilled(id) || !isFilled(bucket) || !isFilled(key))
    return malformed("the event lacks an id, a bucket or a key: it is none of S3", payload);
  return { kind: "event", event: changeEvent({ change, bucket, key, size, sequencer, version, time, id }) };
}
