// Where what comes to one function waits for it, and its dead letters beside.
import type { CallOptions, Component } from "./component.ts";
import type { CloudEvent } from "./event.ts";
import type { EventArrival, MalformedArrival } from "./trigger.ts";

/** Whose inbox. `subscriber` is the function's name; `attempts` counts the first delivery too. Of a binding's input `topic` is the binding. */
export interface Subscription {
  readonly topic: string;
  readonly subscriber: string;
  readonly attempts: number;
  readonly ordered: boolean;
}

/**
 * What only the keeper of an inbox can do: a subscriber's broker, or of a binding's input the cloud's own module for it.
 *
 * A dead letter is the event as it came, id and source kept, with the extensions `faastenreason`, `faastenattempt` and
 * `faastenfunction`. What the platform gives up on by itself has the reason `platform`.
 */
export interface Inbox extends Component {
  /**
   * Puts one arrival off. `true`: a later copy has taken its place, so this one is acknowledged. `false`: this one comes
   * again by itself, at that time or by the subscription's own backoff. Asked before `encode`.
   */
  postpone?(from: Subscription, arrival: EventArrival, notBefore: number, options?: CallOptions): Promise<boolean>;
  /** Stores one arrival as dead, with the reason. Resolves only when it is stored. Asked before `encode`. */
  bury?(
    from: Subscription,
    arrival: EventArrival | MalformedArrival,
    reason: string,
    options?: CallOptions,
  ): Promise<void>;
  deadLetters?(of: Subscription, options?: CallOptions): AsyncIterable<CloudEvent>;
  /** Sends one dead letter back to its inbox, the extensions of its death taken off; `false`: there is none of that id. */
  redrive?(of: Subscription, id: string, options?: CallOptions): Promise<boolean>;
}
