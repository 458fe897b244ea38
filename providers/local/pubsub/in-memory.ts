// Pub/sub in this process's memory, and gone with it.
// https://docs.dapr.io/reference/components-reference/supported-pubsub/setup-inmemory/
import {
  type CloudEvent,
  type ComponentOptions,
  type Create,
  type Subscription,
  toDeadLetter,
} from "../../../src/provider.ts";
import { type Broker, createBroker } from "../broker.ts";
import { clockOf } from "../clock.ts";
import { expiryOf, type Inboxes, type Taken } from "../inboxes.ts";

/** What a broker holds. Clients made on the same data are clients of the same broker. */
export interface Data {
  readonly inboxes: Map<string, Inbox>;
  /** Wake the clients that receive. */
  readonly watchers: Set<() => void>;
}

interface Inbox {
  readonly service: string;
  readonly topic: string;
  /** In the order of publishing. */
  readonly messages: Set<Message>;
  readonly dead: Set<DeadMessage>;
  receiving: boolean;
}

interface Message {
  readonly event: CloudEvent;
  readonly order: string | undefined;
  readonly expiresAt: number;
  attempt: number;
  /** Never, while it is taken. */
  dueAt: number;
}

interface DeadMessage {
  readonly message: Message;
  readonly reason: string;
  readonly attempt: number;
}

interface TakenMessage extends Taken {
  readonly inbox: Inbox;
  readonly message: Message;
}

const never = Number.POSITIVE_INFINITY;

/** For tests, which hand events over past their inbox. */
export interface Keeper {
  /** Lays one that is dead among the subscriber's dead letters. */
  keep(of: Subscription, event: CloudEvent, death: { readonly reason: string; readonly attempt: number }): void;
}

export const create: Create<Broker & Keeper> = (options) =>
  createOn({ inboxes: new Map(), watchers: new Set() }, options);

export function createOn(data: Data, options: ComponentOptions): Broker & Keeper {
  const { now } = clockOf(options);
  return {
    ...createBroker(options, inboxesOn(data, options)),
    keep({ topic, subscriber }, event, death) {
      const { dead } = inboxOf(data, { service: options.service, topic, subscriber });
      dead.add({ message: waiting(event, undefined, now()), ...death });
    },
  };
}

function inboxOf(
  data: Data,
  { service, topic, subscriber }: Pick<Subscription, "topic" | "subscriber"> & { readonly service: string },
): Inbox {
  const name = JSON.stringify([service, topic, subscriber]);
  const inbox = data.inboxes.get(name) ?? { service, topic, messages: new Set(), dead: new Set(), receiving: false };
  data.inboxes.set(name, inbox);
  return inbox;
}

function inboxesOn(data: Data, options: ComponentOptions): Inboxes<TakenMessage> {
  const { service } = options;
  const { now } = clockOf(options);
  let watcher: (() => void) | undefined;
  const own = (of: Subscription): Inbox => inboxOf(data, { service, ...of });

  function wakeAll(): void {
    for (const wake of data.watchers) wake();
  }

  return {
    open(subscriptions) {
      for (const inbox of data.inboxes.values()) if (inbox.service === service) inbox.receiving = false;
      for (const each of subscriptions) own(each).receiving = true;
    },

    add(topic, events, order) {
      for (const inbox of data.inboxes.values()) {
        if (inbox.topic === topic && inbox.receiving)
          for (const event of events) inbox.messages.add(waiting(event, order, now()));
      }
      wakeAll();
    },

    nextDue(of) {
      const first = heads(own(of), of.ordered).reduce((least, { dueAt }) => Math.min(least, dueAt), never);
      return first === never ? undefined : first;
    },

    take(of, limit) {
      const inbox = own(of);
      const time = now();
      for (const message of inbox.messages) {
        if (message.dueAt <= time && message.expiresAt <= time) inbox.messages.delete(message);
        else if (message.dueAt <= time && message.attempt >= of.attempts) die(inbox, message, "platform");
      }
      const due = heads(inbox, of.ordered).filter(({ dueAt }) => dueAt <= time);
      return due.slice(0, limit).map((message) => {
        message.attempt += 1;
        message.dueAt = never;
        const { attempt, order } = message;
        const taken = { event: copy(message.event), attempt, inbox, message };
        return order === undefined ? taken : { ...taken, order };
      });
    },

    remove: ({ inbox, message }) => inbox.messages.delete(message),

    postpone({ message }, notBefore) {
      message.dueAt = notBefore;
    },

    bury: ({ inbox, message }, reason) => die(inbox, message, reason),

    release(taken) {
      for (const { message } of taken) message.dueAt = now();
      wakeAll();
    },

    *dead(of) {
      for (const { message, reason, attempt } of own(of).dead) {
        yield toDeadLetter(copy(message.event), { reason, attempt, function: of.subscriber });
      }
    },

    redrive(of, id) {
      const inbox = own(of);
      const found = [...inbox.dead].find(({ message }) => message.event.id === id);
      if (!found) return false;
      inbox.dead.delete(found);
      inbox.messages.add({ ...found.message, expiresAt: never, attempt: 0, dueAt: now() });
      wakeAll();
      return true;
    },

    watch(wake) {
      watcher = wake;
      data.watchers.add(wake);
    },

    close() {
      if (watcher) data.watchers.delete(watcher);
    },
  };
}

function waiting(event: CloudEvent, order: string | undefined, dueAt: number): Message {
  return { event: copy(event), order, expiresAt: expiryOf(event) ?? never, attempt: 0, dueAt };
}

function die(inbox: Inbox, message: Message, reason: string): void {
  inbox.messages.delete(message);
  inbox.dead.add({ message, reason, attempt: message.attempt });
}

/** What may be taken once it is due: where the inbox is ordered, the first of each key. */
function heads({ messages }: Inbox, ordered: boolean): readonly Message[] {
  const keys = new Set<string>();
  return [...messages].filter(({ order }) => {
    if (!ordered || order === undefined) return true;
    const first = !keys.has(order);
    keys.add(order);
    return first;
  });
}

function copy(event: CloudEvent): CloudEvent {
  const { data } = event;
  return data && "bytes" in data ? { ...event, data: { bytes: new Uint8Array(data.bytes) } } : event;
}
