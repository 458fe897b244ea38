// What happened in a bucket, told through EventBridge and laid into the function's own queue.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
import type { Trigger } from "../../../src/provider.ts";
import { fromBucket, isOfBucket } from "../bucket-event.ts";
import { queueTrigger, type SqsEvent, type SqsResult } from "../queue.ts";

export const trigger: Trigger<SqsEvent, SqsResult> = queueTrigger("aws.s3-inbox", (found) =>
  isOfBucket(found) ? fromBucket(found) : undefined,
);
