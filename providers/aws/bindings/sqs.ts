// Messages to a queue of SQS, each the data alone.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
// https://docs.dapr.io/reference/components-reference/supported-bindings/sqs/
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { type Binding, type Create, setting } from "../../../src/provider.ts";
import { createClient } from "../client.ts";
import { attributesOf, textOf } from "../message-text.ts";

export const create: Create<Required<Pick<Binding, "create" | "close">>> = (options) => {
  const where = `binding "${options.name}"`;
  /** The stack says the whole address; a YAML may say the name alone, as Dapr's does. */
  const QueueName = setting(options, "queueName") ?? options.name;
  // A call is signed for the region that it goes to.
  const region = /^https:\/\/sqs\.([a-z0-9-]+)\./.exec(QueueName)?.[1];
  const { call, close } = createClient(options, (config) => new SQSClient({ ...(region && { region }), ...config }), {
    GetQueueUrl: GetQueueUrlCommand,
    SendMessage: SendMessageCommand,
  });
  let known = /^https?:/.test(QueueName) ? QueueName : undefined;
  return {
    /** In a queue in order, the metadata `messagegroupid` is whose; `messagededuplicationid` names one that was sent before. */
    async create(data, { key = crypto.randomUUID(), signal } = {}) {
      const { messagegroupid = options.service, messagededuplicationid = key } = data.metadata ?? {};
      const MessageBody = textOf(data, where);
      const MessageAttributes = attributesOf(data, ["messagegroupid", "messagededuplicationid"]);
      const calling = { ...(signal && { signal }) };
      known ??= (await call("GetQueueUrl", { QueueName }, calling)).QueueUrl;
      const ordered = known?.endsWith(".fifo") && {
        MessageGroupId: messagegroupid,
        MessageDeduplicationId: messagededuplicationid,
      };
      const message = { QueueUrl: known, MessageBody, MessageAttributes, ...ordered };
      const { MessageId } = await call("SendMessage", message, calling);
      return MessageId === undefined ? {} : { key: MessageId };
    },
    async close() {
      close();
    },
  };
};
