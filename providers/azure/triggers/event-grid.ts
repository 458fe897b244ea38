// One event of Event Grid, which its subscription has put into the function's inbox.
// https://learn.microsoft.com/azure/event-grid/handler-service-bus
import { gridArrival } from "../grid-event.ts";
import { inboxBinding, settled } from "../inbox.ts";
import { type AzureTrigger, type Invoked, isInvokedBy } from "../invoked.ts";

export const trigger: AzureTrigger<Invoked, undefined> = {
  name: "azure.event-grid",
  binding: inboxBinding,
  accepts: (payload): payload is Invoked => isInvokedBy("binding", payload),
  decode: ({ payload }) => [gridArrival(payload)],
  encode: settled,
};
