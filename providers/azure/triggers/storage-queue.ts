// One message of a queue of Azure Storage. The host decodes its base64, deletes what succeeded, and puts what was tried in vain
// into the queue's `-poison`.
// https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger
import { type Arrival, fromMessage, variableOf } from "../../../src/provider.ts";
import { isCount, settled, toBytes, toText } from "../inbox.ts";
import { type AzureTrigger, connectionOf, type Invoked, isInvokedBy } from "../invoked.ts";

export const trigger: AzureTrigger<Invoked, undefined> = {
  name: "azure.storage-queue",
  binding: ({ name, definition: { on } }) => ({
    trigger: {
      type: "queueTrigger",
      queueName: `%${variableOf("inbox", name)}%`,
      connection: connectionOf(on.kind === "binding" ? on.binding : ""),
      dataType: "binary",
    },
  }),
  accepts: (payload): payload is Invoked => isInvokedBy("binding", payload),
  decode: ({ payload }) => [toArrival(payload)],
  encode: settled,
};

function toArrival({ function: name, input, context: { triggerMetadata = {} } }: Invoked): Arrival {
  const { dequeueCount } = triggerMetadata;
  const [body, id, receipt] = [toBytes(input), toText(triggerMetadata["id"]), toText(triggerMetadata["popReceipt"])];
  const beside = {
    ...(isCount(dequeueCount) && { attempt: dequeueCount }),
    ...(receipt !== undefined && { receipt }),
  };
  if (id === undefined)
    return { kind: "malformed", reason: "a message of a queue has an id", raw: { bytes: body }, ...beside };
  const sentAt = new Date(toText(triggerMetadata["insertionTime"]) ?? Number.NaN);
  const event = fromMessage(body, {
    id,
    source: `//queue.core.windows.net/${name}`,
    type: "Microsoft.Storage.QueueMessage",
    ...(!Number.isNaN(sentAt.getTime()) && { time: sentAt.toISOString() }),
  });
  return { kind: "event", event, ...beside };
}
