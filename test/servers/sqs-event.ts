// Batches of a queue, as Lambda hands them to a function.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html

export interface SqsMessage {
  readonly id: string;
  readonly body: string;
  readonly attempt?: number;
  /** The group of a FIFO queue. */
  readonly group?: string;
}

export function sqsEvent(...messages: readonly SqsMessage[]): unknown {
  return { Records: messages.map(toRecord) };
}

function toRecord({ id, body, attempt = 1, group }: SqsMessage): unknown {
  return {
    messageId: id,
    receiptHandle: `receipt of ${id}`,
    body,
    attributes: {
      ApproximateReceiveCount: String(attempt),
      SentTimestamp: "1795168800000",
      SenderId: "AIDAIENQZJOLO23YVJ4VO",
      ApproximateFirstReceiveTimestamp: "1795168800001",
      ...(group !== undefined && { MessageGroupId: group, MessageDeduplicationId: id, SequenceNumber: "1" }),
    },
    messageAttributes: {},
    md5OfBody: "e4e68fb7bd0e697a0ae8f1bb342846b3",
    eventSource: "aws:sqs",
    eventSourceARN: `arn:aws:sqs:eu-west-1:123456789012:tasks${group === undefined ? "" : ".fifo"}`,
    awsRegion: "eu-west-1",
  };
}
