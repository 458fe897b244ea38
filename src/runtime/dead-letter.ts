// A dead letter: the event as it came, with the reason, the attempt and the function beside it.
import type { CloudEvent } from "../contracts/event.ts";

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

/** The event as it was before it died. */
export function fromDeadLetter(letter: CloudEvent): CloudEvent {
  const { extensions = {}, ...event } = letter;
  const { faastenreason, faastenattempt, faastenfunction, ...before } = extensions;
  return Object.keys(before).length > 0 ? { ...event, extensions: before } : event;
}
