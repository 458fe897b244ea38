// Where messages wait, one inbox a subscription: what a broker of ours keeps them in.
import type { CloudEvent, Subscription } from "../../src/provider.ts";

/** A message that this process has taken and nobody else gets, until it settles it or its lease lapses. */
export interface Taken {
  readonly event: CloudEvent;
  /** Which delivery this is, from 1. */
  readonly attempt: number;
  readonly order?: string;
}

/**
 * Times are Unix milliseconds. Each method is one step that is done whole or not at all, so nothing is lost between two
 * of them. What settles a message does nothing where its lease has lapsed and another has taken it.
 */
export interface Inboxes<T extends Taken = Taken> {
  /** From now on the service receives in these and in no others; what lies in others stays. */
  open(subscriptions: readonly Subscription[]): void;
  /** Puts the events into every inbox of the topic, of all services. */
  add(topic: string, events: readonly CloudEvent[], order?: string): void;
  /** When the next one can be taken; `undefined`: none waits. */
  nextDue(of: Subscription): number | undefined;
  /** What is due, the oldest first. What has expired is let go; what has used up its attempts is buried as `platform`. */
  take(of: Subscription, limit: number): readonly T[];
  /** Extends the leases; left out where there are none. */
  renew?(taken: readonly T[]): void;
  remove(taken: T): void;
  postpone(taken: T, notBefore: number): void;
  bury(taken: T, reason: string): void;
  /** Hands back at once what was taken and not settled. */
  release(taken: readonly T[]): void;
  /** The dead letters, the oldest first. */
  dead(of: Subscription): Iterable<CloudEvent>;
  redrive(of: Subscription, id: string): boolean;
  /** Calls back, until closed, when anyone may have put something in. */
  watch(wake: () => void): void;
  close(): void;
}

/** When an event is no longer wanted, by its `expiration`. https://docs.dapr.io/developing-applications/building-blocks/pubsub/pubsub-message-ttl/ */
export function expiryOf({ extensions }: CloudEvent): number | undefined {
  const time = Date.parse(String(extensions?.["expiration"]));
  return Number.isNaN(time) ? undefined : time;
}
