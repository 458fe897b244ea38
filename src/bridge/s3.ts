// A change in a bucket as S3 tells a function of it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
import type { ObjectChange } from "../contracts/binding.ts";
import type { CloudEvent } from "../contracts/event.ts";
import { FaastenError } from "../errors.ts";
import { textOf } from "./message.ts";
import { accountId, arn, region, unknownAddress } from "./placeholders.ts";

/** Throws `INVALID` where the data is no `ObjectChange`. */
export function toS3Event(event: CloudEvent, bucket: string): object {
  const { change, key, size } = changeOf(event);
  return {
    Records: [
      {
        eventVersion: "2.1",
        eventSource: "aws:s3",
        awsRegion: region(),
        eventTime: event.time ?? new Date().toISOString(),
        eventName: change === "created" ? "ObjectCreated:Put" : "ObjectRemoved:Delete",
        userIdentity: { principalId: accountId },
        requestParameters: { sourceIPAddress: unknownAddress },
        responseElements: { "x-amz-request-id": event.id, "x-amz-id-2": event.id },
        s3: {
          s3SchemaVersion: "1.0",
          configurationId: bucket,
          bucket: { name: bucket, ownerIdentity: { principalId: accountId }, arn: arn("s3", bucket) },
          object: { key: asForm(key), ...(size !== undefined && { size }), sequencer: event.id },
        },
      },
    ],
  };
}

/** Keys are written as in a form: a space is "+". Slashes stay. */
function asForm(key: string): string {
  return encodeURIComponent(key).replaceAll("%20", "+").replaceAll("%2F", "/");
}

function changeOf({ id, data }: CloudEvent): ObjectChange {
  try {
    const { change, key, size } = Object(JSON.parse(textOf(data))) as Partial<ObjectChange>;
    if ((change === "created" || change === "deleted") && typeof key === "string")
      return { change, key, ...(typeof size === "number" && { size }) };
  } catch {} // told below
  throw new FaastenError(
    "INVALID",
    `the event ${id} tells no change of an object: its data has no \`change\` and \`key\``,
  );
}
