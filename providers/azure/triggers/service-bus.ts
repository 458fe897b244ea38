// One message of a queue of Service Bus: of a subscriber's inbox, or of a queue that is a binding.
// https://learn.microsoft.com/azure/azure-functions/functions-bindings-service-bus-trigger
import { inboxBinding, messageArrival, settled } from "../inbox.ts";
import { type AzureTrigger, type Invoked, isInvokedBy } from "../invoked.ts";

export const trigger: AzureTrigger<Invoked, undefined> = {
  name: "azure.service-bus",
  binding: inboxBinding,
  accepts: (payload): payload is Invoked => isInvokedBy("topic", payload) || isInvokedBy("binding", payload),
  decode: ({ payload }) => [messageArrival(payload)],
  encode: settled,
};
