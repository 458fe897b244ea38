// Notifications to a topic of SNS, each the data alone.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
// https://docs.dapr.io/reference/components-reference/supported-bindings/sns/
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { type Binding, type Create, setting } from "../../../src/provider.ts";
import { createClient } from "../client.ts";
import { attributesOf, textOf } from "../message-text.ts";

export const create: Create<Required<Pick<Binding, "create" | "close">>> = (options) => {
  const where = `binding "${options.name}"`;
  const TopicArn = setting(options, "topicArn") ?? options.name;
  const { call, close } = createClient(options, (config) => new SNSClient(config), { Publish: PublishCommand });
  return {
    /** The metadata `subject` is the notification's; of a topic in order, `messagegroupid` and `messagededuplicationid` as of SQS. */
    async create(data, { key = crypto.randomUUID(), signal } = {}) {
      const { subject, messagegroupid = options.service, messagededuplicationid = key } = data.metadata ?? {};
      const { MessageId } = await call(
        "Publish",
        {
          TopicArn,
          Message: textOf(data, where),
          MessageAttributes: attributesOf(data, ["subject", "messagegroupid", "messagededuplicationid"]),
          ...(subject !== undefined && { Subject: subject }),
          ...(TopicArn.endsWith(".fifo") && {
            MessageGroupId: messagegroupid,
            MessageDeduplicationId: messagededuplicationid,
          }),
        },
        { ...(signal && { signal }) },
      );
      return MessageId === undefined ? {} : { key: MessageId };
    },
    async close() {
      close();
    },
  };
};
