// What happened in a bucket, told through EventBridge, where the key is as it is.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
import type { Arrival, Trigger } from "../../../src/provider.ts";
import { acknowledge } from "../asynchronous.ts";
import { type BusEvent, fromBus, isBusEvent, malformed } from "../bus.ts";
import { isFilled } from "../message.ts";
import { changeEvent } from "../object-change.ts";

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

export const trigger: Trigger<S3BusEvent, undefined> = {
  name: "aws.s3-eventbridge",
  accepts: (payload): payload is S3BusEvent => isBusEvent(payload) && payload.source === "aws.s3",
  decode: ({ payload }) => [toArrival(payload)],
  encode: (outcomes) => acknowledge(outcomes, 1),
};

const changes: ReadonlyMap<string, "created" | "deleted"> = new Map([
  ["Object Created", "created"],
  ["Object Deleted", "deleted"],
]);

function toArrival(payload: S3BusEvent): Arrival {
  const change = changes.get(payload["detail-type"]);
  if (!change) return fromBus(payload);
  const { id, time, resources, detail } = payload;
  const { key, size, sequencer, "version-id": version } = detail.object ?? {};
  const [bucket] = Array.isArray(resources) ? (resources as readonly unknown[]) : [];
  if (!isFilled(id) || !isFilled(bucket) || !isFilled(key))
    return malformed("the event lacks an id, a bucket or a key: it is none of S3", payload);
  return { kind: "event", event: changeEvent({ change, bucket, key, size, sequencer, version, time, id }) };
}
