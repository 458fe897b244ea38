// What happened in a bucket, told by S3 itself.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
import type { Arrival, Trigger } from "../../../src/provider.ts";
import { acknowledge } from "../asynchronous.ts";
import { malformed } from "../bus.ts";
import { isFilled } from "../message.ts";
import { changeEvent } from "../object-change.ts";

export interface S3Event {
  readonly Records: readonly S3Record[];
}

/** Sent once, when a bucket's notifications are set up. It says nothing, and is dropped. */
export interface S3TestEvent {
  readonly Service: "Amazon S3";
  readonly Event: "s3:TestEvent";
}

export interface S3Record {
  readonly eventSource: "aws:s3";
  /** `ObjectCreated:Put`, `ObjectRemoved:Delete`, … */
  readonly eventName: string;
  readonly eventTime: string;
  readonly responseElements?: { readonly "x-amz-request-id"?: string };
  readonly s3: {
    readonly bucket: { readonly name: string; readonly arn: string };
    /** Encoded as the value of a form: a space is a plus sign. */
    readonly object: {
      readonly key: string;
      readonly size?: number;
      readonly versionId?: string;
      readonly sequencer?: string;
    };
  };
}

export const trigger: Trigger<S3Event | S3TestEvent, undefined> = {
  name: "aws.s3",
  accepts: (payload) => isTest(payload) || isS3Event(payload),
  decode: ({ payload }) => (isTest(payload) ? [] : payload.Records.map(toArrival)),
  encode: (outcomes, { payload }) => acknowledge(outcomes, isTest(payload) ? 0 : payload.Records.length),
};

function isTest(payload: unknown): payload is S3TestEvent {
  const { Service, Event } = (payload ?? {}) as Partial<S3TestEvent>;
  return Service === "Amazon S3" && Event === "s3:TestEvent";
}

function isS3Event(payload: unknown): payload is S3Event {
  const { Records: records } = (payload ?? {}) as Partial<S3Event>;
  return Array.isArray(records) && records.length > 0 && records.every((record) => record?.eventSource === "aws:s3");
}

function toArrival(record: S3Record, index: number): Arrival {
  const { eventName, eventTime: time, responseElements, s3 } = record;
  const { bucket, object } = s3 ?? {};
  const [key, request] = [decoded(object?.key), responseElements?.["x-amz-request-id"]];
  if (!isFilled(eventName) || !isFilled(bucket?.arn) || key === undefined)
    return malformed("the record lacks an event, a bucket or a key that can be read: it is none of S3", record);
  const id = `${key}/${isFilled(request) ? request : time}/${index}`;
  const change = changeOf(eventName);
  if (change) {
    const { size, sequencer, versionId: version } = object;
    const event = changeEvent({ change, bucket: bucket.arn, key, size, sequencer, version, time, id });
    return { kind: "event", event };
  }
  return {
    kind: "event",
    event: {
      specversion: "1.0",
      id,
      source: bucket.arn,
      type: `com.amazonaws.s3.${eventName}`,
      ...(isFilled(time) && { time }),
      subject: key,
      datacontenttype: "application/json",
      data: { json: JSON.stringify(record) },
    },
  };
}

function changeOf(eventName: string): "created" | "deleted" | undefined {
  if (eventName.startsWith("ObjectCreated:")) return "created";
  return /^(?:ObjectRemoved|LifecycleExpiration):/.test(eventName) ? "deleted" : undefined;
}

function decoded(key: unknown): string | undefined {
  if (!isFilled(key)) return undefined;
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
