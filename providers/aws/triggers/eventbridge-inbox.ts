// An event that a rule of EventBridge picked out of its bus and laid into the function's own queue.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
import type { Trigger } from "../../../src/provider.ts";
import { fromBus, isBusEvent } from "../bus.ts";
import { queueTrigger, type SqsEvent, type SqsResult } from "../queue.ts";

export const trigger: Trigger<SqsEvent, SqsResult> = queueTrigger("aws.eventbridge-inbox", (found) =>
  isBusEvent(found) ? fromBus(found) : undefined,
);
