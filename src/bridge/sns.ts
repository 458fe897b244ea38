// One message as SNS hands it to a subscribed function.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
import type { CloudEvent } from "../contracts/event.ts";
import { type Inbox, messageOf } from "./message.ts";
import { arn, region } from "./placeholders.ts";

export function toSnsEvent(event: CloudEvent, inbox: Inbox): object {
  const topic = arn("sns", inbox.name);
  const { raw } = inbox;
  const attributes = Object.entries((raw && event.extensions) || {});
  return {
    Records: [
      {
        EventSource: "aws:sns",
        EventVersion: "1.0",
        EventSubscriptionArn: `${topic}:00000000-0000-0000-0000-000000000000`,
        Sns: {
          Type: "Notification",
          MessageId: event.id,
          TopicArn: topic,
          Subject: event.subject ?? null,
          Message: messageOf(event, inbox),
          Timestamp: event.time ?? new Date().toISOString(),
          SignatureVersion: "1",
          Signature: "",
          SigningCertUrl: `https://sns.${region()}.amazonaws.com/`,
          UnsubscribeUrl: `https://sns.${region()}.amazonaws.com/`,
          MessageAttributes: Object.fromEntries(
            attributes.map(([name, value]) => [name, { Type: "String", Value: String(value) }]),
          ),
        },
      },
    ],
  };
}
