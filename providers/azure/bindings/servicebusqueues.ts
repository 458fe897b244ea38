// Messages to a queue of Service Bus, each the data alone.
// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messages-payloads
// https://docs.dapr.io/reference/components-reference/supported-bindings/servicebusqueues/
import { ServiceBusClient, type ServiceBusMessage, type ServiceBusSender } from "@azure/service-bus";
import { type Binding, type BindingData, type Create, FaastenError, setting } from "../../../src/provider.ts";
import { createClient } from "../client.ts";
import { bytesOf, contentTypeOf } from "../message-data.ts";
import { retryOptions } from "../retries.ts";

export const create: Create<Required<Pick<Binding, "create" | "close">>> = (options) => {
  const where = `binding "${options.name}"`;
  const [host = "", inName] = (setting(options, "namespaceName") ?? "").split("/");
  const queue = setting(options, "queueName") ?? inName;
  const { call, close } = createClient<{ readonly client: ServiceBusClient; readonly sender: ServiceBusSender }>(
    options,
    async (credential) => {
      const connectionString = setting(options, "connectionString");
      if (queue === undefined)
        throw new FaastenError(
          "MISCONFIGURED",
          `${where}: needs a queueName, or a namespaceName that ends in /<queue>`,
        );
      const client =
        connectionString === undefined
          ? new ServiceBusClient(host, await credential(), { retryOptions })
          : new ServiceBusClient(connectionString, { retryOptions });
      return { client, sender: client.createSender(queue) };
    },
    ({ client }) => client.close(),
  );
  return {
    /** The metadata `sessionid`, `partitionkey`, `correlationid`, `label` and `scheduledenqueuetimeutc` are the message's own; all else are its properties. */
    async create(data, { key: messageId = crypto.randomUUID(), signal } = {}) {
      const message = {
        body: Buffer.from(bytesOf(data)),
        messageId,
        contentType: contentTypeOf(data),
        ...own(data, where),
      };
      await call("send", ({ sender }, sdk) => sender.sendMessages(message, sdk), { ...(signal && { signal }) });
      return { key: messageId };
    },
    close,
  };
};

function own({ metadata = {} }: BindingData, where: string): Omit<ServiceBusMessage, "body"> {
  const { sessionid, partitionkey, correlationid, label, scheduledenqueuetimeutc, ...properties } = metadata;
  const scheduled = scheduledenqueuetimeutc === undefined ? undefined : new Date(scheduledenqueuetimeutc);
  if (scheduled && Number.isNaN(scheduled.getTime()))
    throw new FaastenError(
      "INVALID",
      `${where}: scheduledenqueuetimeutc is a time, and not ${scheduledenqueuetimeutc}`,
    );
  return {
    ...(sessionid !== undefined && { sessionId: sessionid }),
    ...(partitionkey !== undefined && { partitionKey: partitionkey }),
    ...(correlationid !== undefined && { correlationId: correlationid }),
    ...(label !== undefined && { subject: label }),
    ...(scheduled && { scheduledEnqueueTimeUtc: scheduled }),
    ...(Object.keys(properties).length > 0 && { applicationProperties: properties }),
  };
}
