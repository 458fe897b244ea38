// A queue as Service Bus has it, without its protocol: peek-lock with locks that expire, sessions, scheduled messages, delivery counts.
// https://learn.microsoft.com/azure/service-bus-messaging/message-transfers-locks-settlement
// https://learn.microsoft.com/azure/service-bus-messaging/message-sessions
import { randomUUID } from "node:crypto";

/** Of a message as rhea reads it, what is looked at here. */
export interface Decoded {
  readonly [field: string]: unknown;
  readonly message_id?: unknown;
  readonly group_id?: unknown;
  readonly application_properties?: Readonly<Record<string, unknown>>;
  readonly message_annotations?: Readonly<Record<string, unknown>>;
}

export interface QueueOptions {
  /** Milliseconds that a message or a session stays locked. */
  readonly lockTime: number;
  readonly maxDeliveryCount: number;
  readonly requiresSession: boolean;
  /** Takes what is given up: it has been taken off the queue. */
  readonly bury: (message: Decoded, reason: string, description: string) => void;
  /** Something may be taken now. */
  readonly wake: () => void;
}

export interface Stored {
  readonly sequence: number;
  readonly message: Decoded;
  readonly enqueuedAt: number;
  /** Deliveries that have failed. */
  readonly failed: number;
  readonly lock?: Lock;
}

export interface Lock {
  readonly token: string;
  readonly until: number;
}

export interface Queue {
  readonly requiresSession: boolean;
  put(message: Decoded): number;
  /** Locks the next one that may be taken, of that session. */
  take(session: string | undefined): (Stored & { readonly lock: Lock }) | undefined;
  complete(token: string): boolean;
  abandon(token: string): boolean;
  deadLetter(token: string, reason: string, description: string): boolean;
  /** Until when; `undefined`: the lock is lost. */
  renew(token: string): number | undefined;
  /** Locks one that nobody has, with messages in it unless it is named; `undefined`: there is none. */
  lockSession(name: string | undefined): SessionLock | undefined;
  /** From this sequence number on, locked or not. */
  peek(from: number, count: number): readonly Stored[];
  /** Without those that are scheduled for later. */
  readonly size: number;
  close(): void;
}

export interface SessionLock {
  readonly name: string;
  readonly until: number;
  renew(): number | undefined;
  /** Its messages may be taken again. */
  release(): void;
}

type Held = { -readonly [Key in keyof Stored]: Stored[Key] } & { readonly availableAt: number };

export function createQueue(options: QueueOptions): Queue {
  const { lockTime, maxDeliveryCount, requiresSession, bury, wake } = options;
  const held: Held[] = [];
  const sessions = new Map<string, NodeJS.Timeout>();
  const owners = new Map<string, object>();
  const timers = new Map<string, NodeJS.Timeout>();
  let last = 0;

  const locked = (token: string): Held | undefined => held.find(({ lock }) => lock?.token === token);

  function unlock(stored: Held): void {
    clearTimeout(timers.get(stored.lock?.token ?? ""));
    timers.delete(stored.lock?.token ?? "");
    delete stored.lock;
  }

  function remove(stored: Held): void {
    unlock(stored);
    held.splice(held.indexOf(stored), 1);
  }

  function fail(stored: Held): void {
    unlock(stored);
    stored.failed++;
    if (stored.failed >= maxDeliveryCount) {
      remove(stored);
      bury(stored.message, "MaxDeliveryCountExceeded", `not settled in ${maxDeliveryCount} deliveries`);
    }
    wake();
  }

  function lock(stored: Held, token: string): Lock {
    clearTimeout(timers.get(token));
    timers.set(token, setTimeout(() => locked(token) && fail(stored), lockTime).unref());
    stored.lock = { token, until: Date.now() + lockTime };
    return stored.lock;
  }

  const isFree = ({ lock: own, availableAt }: Held): boolean => !own && availableAt <= Date.now();

  function releaseSession(name: string): void {
    clearTimeout(sessions.get(name));
    sessions.delete(name);
    for (const stored of held) if (sessionOf(stored.message) === name && stored.lock) unlock(stored);
    wake();
  }

  return {
    requiresSession,

    put(message) {
      const session = sessionOf(message);
      if (requiresSession && session === undefined) throw new Error("a message of this queue has a session");
      const at = Number(message.message_annotations?.["x-opt-scheduled-enqueue-time"] ?? 0);
      const sequence = ++last;
      held.push({ sequence, message, enqueuedAt: Date.now(), failed: 0, availableAt: at });
      // A timer may ring a little early.
      if (at > Date.now()) setTimeout(wake, at - Date.now() + 2).unref();
      else wake();
      return sequence;
    },

    take(session) {
      const stored = held.find((each) => isFree(each) && (!requiresSession || sessionOf(each.message) === session));
      return stored && { ...stored, lock: lock(stored, randomUUID()) };
    },

    complete(token) {
      const stored = locked(token);
      if (stored) remove(stored);
      return stored !== undefined;
    },

    abandon(token) {
      const stored = locked(token);
      if (stored) fail(stored);
      return stored !== undefined;
    },

    deadLetter(token, reason, description) {
      const stored = locked(token);
      if (!stored) return false;
      remove(stored);
      bury(stored.message, reason, description);
      return true;
    },

    renew(token) {
      const stored = locked(token);
      return stored && lock(stored, token).until;
    },

    lockSession(wanted) {
      const free = held.filter(isFree).map(({ message }) => sessionOf(message));
      const name = wanted ?? free.find((each) => each !== undefined && !sessions.has(each));
      if (name === undefined || sessions.has(name)) return undefined;
      const own = {};
      const renew = (): number => {
        clearTimeout(sessions.get(name));
        sessions.set(name, setTimeout(() => releaseSession(name), lockTime).unref());
        owners.set(name, own);
        return Date.now() + lockTime;
      };
      const isOwn = (): boolean => sessions.has(name) && owners.get(name) === own;
      return {
        name,
        until: renew(),
        renew: () => (isOwn() ? renew() : undefined),
        release: () => (isOwn() ? releaseSession(name) : undefined),
      };
    },

    peek: (from, count) => held.filter(({ sequence }) => sequence >= from).slice(0, count),

    get size() {
      return held.filter(({ availableAt }) => availableAt <= Date.now()).length;
    },

    close() {
      for (const timer of [...timers.values(), ...sessions.values()]) clearTimeout(timer);
    },
  };
}

function sessionOf({ group_id: session }: Decoded): string | undefined {
  return typeof session === "string" ? session : undefined;
}
