// One message out of a function's inbox, as the local brokers and bindings hand it over; the outcome goes back as it is.
import type { EventArrival, Outcome, Trigger } from "../../../src/provider.ts";

export const trigger: Trigger<EventArrival, Outcome | undefined> = {
  name: "local.inbox",
  accepts: (payload): payload is EventArrival => typeof payload === "object" && payload !== null && "event" in payload,
  decode: ({ payload }) => [payload],
  encode: ([outcome]) => outcome,
};
