// A dead letter: the event as it came, with the reason, the attempt and the function beside it.
import type { CloudEvent } from "../contracts/event.ts";
import type { Subscription } from "../contracts/inbox.ts";
import type { EventArrival, MalformedArrival } from "../contracts/trigger.ts";

/** Why, at which delivery, and in whose hands an event died. */
export interface Death {
  readonly reason: string;
  readonly attempt: number;
  readonly function: string;
}

export function toDeadLetter(event: CloudEvent, death: Death): CloudEvent {
  return {
    ...event,
    extensions: {
      ...event.extensions,
      faastenreason: death.reason,
      faastenattempt: death.attempt,
      faastenfunction: death.function,
    },
  };
}

/** Of an arrival that is given up here. What cannot be read as an event is the data of one. */
export function buried(from: Subscription, arrival: EventArrival | MalformedArrival, reason: string): CloudEvent {
  const event: CloudEvent =
    arrival.kind === "event"
      ? arrival.event
      : { specversion: "1.0", id: crypto.randomUUID(), source: from.topic, type: "malformed", data: arrival.raw };
  return toDeadLetter(event, { reason, attempt: arrival.attempt ?? 1, function: from.subscriber });
}

/** What was found among the dead: what the platform moved there by itself is as it was sent, and says no reason. */
export function foundDead(event: CloudEvent, of: Subscription, attempt: number = of.attempts): CloudEvent {
  if (event.extensions?.["faastenreason"] !== undefined) return event;
  return toDeadLetter(event, { reason: "platform", attempt, function: of.subscriber });
}

/** The event as it was before it died. */
export function fromDeadLetter(letter: CloudEvent): CloudEvent {
  const { extensions = {}, ...event } = letter;
  const { faastenreason, faastenattempt, faastenfunction, ...before } = extensions;
  return Object.keys(before).length > 0 ? { ...event, extensions: before } : event;
}
