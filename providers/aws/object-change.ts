// What happened to an object of a bucket, told by S3 itself or through EventBridge, as one event.
import type { CloudEvent, ObjectChange } from "../../src/provider.ts";
import { isFilled } from "./message.ts";

export interface ChangedObject {
  readonly change: ObjectChange["change"];
  /** The bucket's ARN. */
  readonly bucket: string;
  readonly key: string;
  readonly size: unknown;
  /** Grows with each change of one key; S3 leaves it out of few. */
  readonly sequencer: unknown;
  readonly version: unknown;
  readonly time: unknown;
  /** Where there is no sequencer. */
  readonly id: string;
}

/** The same change has the same id, whichever way and however often it is told. */
export function changeEvent({ change, bucket, key, size, sequencer, version, time, id }: ChangedObject): CloudEvent {
  const told: ObjectChange = {
    change,
    key,
    ...(change === "created" && typeof size === "number" && { size }),
  };
  return {
    specversion: "1.0",
    id: isFilled(sequencer) ? `${key}/${sequencer}/${change}` : id,
    source: bucket,
    type: `object.${change}`,
    ...(isFilled(time) && { time }),
    subject: key,
    datacontenttype: "application/json",
    data: { json: JSON.stringify(told) },
    ...(isFilled(version) && { extensions: { version } }),
  };
}
