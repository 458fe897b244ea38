// What a provider implements to offer `topic(name)`.
import type { CallOptions, Component } from "./component.ts";
import type { CloudEvent } from "./event.ts";
import type { EventArrival, MalformedArrival, Outcome } from "./trigger.ts";

/** `order`: events of one key keep their order. */
export interface PublishOptions extends CallOptions {
  readonly order?: string;
}

/** Whose inbox. `subscriber` is the function's name; `attempts` counts the first delivery too. */
export interface Subscription {
  readonly topic: string;
  readonly subscriber: string;
  readonly attempts: number;
  readonly ordered: boolean;
}

/**
 * A broker. In the clouds messages come in by a `Trigger`: a function holds no connection open.
 *
 * A dead letter is the event as it came, id and source kept, with the extensions `faastenreason`, `faastenattempt` and
 * `faastenfunction`. What the platform gives up on by itself has the reason `platform`.
 */
export interface PubSub extends Component {
  /**
   * Resolves once the broker has the event, and rejects if it may not. At least once, in no promised order unless the
   * topic has `orderBy`. An event above 240 KiB in structured JSON is refused with `TOO_LARGE` before it is sent.
   */
  publish(topic: string, event: CloudEvent, options?: PublishOptions): Promise<void>;
  /** The same for many. Returns those that the broker did not take. */
  publishMany?(topic: string, events: readonly CloudEvent[], options?: PublishOptions): Promise<readonly CloudEvent[]>;
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
  /**
   * Delivers in this process: for the local runtime and the sidecar, where nothing else would. `subscriptions` are all
   * that the service has on this broker from now on. `deliver` settles one arrival; its outcome is carried out here.
   */
  consume?(
    subscriptions: readonly Subscription[],
    deliver: (subscription: Subscription, arrival: EventArrival) => Promise<Outcome>,
  ): void;
}
