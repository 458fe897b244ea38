// What happened in a bucket, told through EventBridge to the function itself.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
import type { Trigger } from "../../../src/provider.ts";
import { acknowledge } from "../asynchronous.ts";
import { fromBucket, isOfBucket, type S3BusEvent } from "../bucket-event.ts";

export const trigger: Trigger<S3BusEvent, undefined> = {
  name: "aws.s3-eventbridge",
  accepts: isOfBucket,
  decode: ({ payload }) => [fromBucket(payload)],
  encode: (outcomes) => acknowledge(outcomes, 1),
};
