// What AWS's events say and nothing outside of AWS knows: the same for every event, and documented.

export const accountId: string = "000000000000";
/** Of the API, of the Function URL, and of whatever else has an id. */
export const apiId: string = "faasten000";
export const stage: string = "$default";
export const protocol: string = "HTTP/1.1";
/** Of a caller whose address no proxy tells. */
export const unknownAddress: string = "127.0.0.1";
export const memoryLimitInMB: string = "1024";

/** The variables that the AWS SDK reads, where they are set. */
export function region(): string {
  return process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"] ?? "us-east-1";
}

/** `arn("sqs", "orders")`; S3 names neither region nor account. */
export function arn(service: string, resource: string): string {
  return service === "s3" ? `arn:aws:s3:::${resource}` : `arn:aws:${service}:${region()}:${accountId}:${resource}`;
}
