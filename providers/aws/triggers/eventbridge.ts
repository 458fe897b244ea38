// An event that a rule of EventBridge picked out of its bus. A rule that changes its shape makes another call of it.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
import type { Trigger } from "../../../src/provider.ts";
import { acknowledge } from "../asynchronous.ts";
import { type BusEvent, fromBus, isBusEvent } from "../bus.ts";

export const trigger: Trigger<BusEvent, undefined> = {
  name: "aws.eventbridge",
  accepts: isBusEvent,
  decode: ({ payload }) => [fromBus(payload)],
  encode: (outcomes) => acknowledge(outcomes, 1),
};
