// One message of a push subscription.
// https://docs.cloud.google.com/pubsub/docs/push
import type { Arrival } from "../../../src/provider.ts";
import type { GoogleTrigger } from "../message.ts";
import { eventOf } from "../pubsub-message.ts";
import { type Push, pushed } from "../push.ts";
import { malformed, messageIn, noMessage, type PushedMessage } from "../pushed-message.ts";

export const trigger: GoogleTrigger<Push> = {
  ...pushed,
  name: "gcp.pubsub-push",
  decode({ payload }) {
    const message = messageIn(payload);
    return [message ? toArrival(message) : malformed(payload, noMessage)];
  },
};

function toArrival({ attempt, orderingKey, ...message }: PushedMessage): Arrival {
  return {
    kind: "event",
    event: eventOf(message),
    ...(attempt !== undefined && { attempt }),
    ...(orderingKey !== undefined && { order: orderingKey }),
  };
}
