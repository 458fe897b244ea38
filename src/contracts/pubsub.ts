// What a provider implements to offer `topic(name)`.
import type { CallOptions } from "./component.ts";
import type { CloudEvent } from "./event.ts";
import type { Inbox, Subscription } from "./inbox.ts";
import type { EventArrival, Outcome } from "./trigger.ts";

/** `order`: events of one key keep their order. */
export interface PublishOptions extends CallOptions {
  readonly order?: string;
}

/** A broker, which keeps its subscribers' inboxes. In the clouds messages come in by a `Trigger`: a function holds no connection open. */
export interface PubSub extends Inbox {
  /**
   * Resolves once the broker has the event, and rejects if it may not. At least once, in no promised order unless the
   * topic has `orderBy`. An event above 240 KiB in structured JSON is refused with `TOO_LARGE` before it is sent.
   */
  publish(topic: string, event: CloudEvent, options?: PublishOptions): Promise<void>;
  /** The same for many. Returns those that the broker did not take. */
  publishMany?(topic: string, events: readonly CloudEvent[], options?: PublishOptions): Promise<readonly CloudEvent[]>;
  /**
   * Delivers in this process: for the local runtime and the sidecar, where nothing else would. `subscriptions` are all
   * that the service has on this broker from now on. `deliver` settles one arrival; its outcome is carried out here.
   */
  consume?(
    subscriptions: readonly Subscription[],
    deliver: (subscription: Subscription, arrival: EventArrival) => Promise<Outcome>,
  ): void;
}
