// Delivers what lies in inboxes to the handlers of this process, and carries out their outcomes.
import type { Clock, EventArrival, Outcome, PubSub, Subscription } from "../../src/provider.ts";
import type { Inboxes, Taken } from "./inboxes.ts";

export interface Consumer {
  readonly consume: NonNullable<PubSub["consume"]>;
  /** Takes nothing more, waits up to five seconds for what is running, and hands back the rest. */
  close(): Promise<void>;
}

type Deliver = Parameters<NonNullable<PubSub["consume"]>>[1];

const atOnce = 10;
const renewInterval = 1500;
const pauseAfterFailure = 500;
const patience = 5000;

export function createConsumer<T extends Taken>(inboxes: Inboxes<T>, { now, at }: Clock): Consumer {
  const running = new Map<T, { readonly of: Subscription; readonly done: Promise<void> }>();
  let subscriptions: readonly Subscription[] = [];
  let deliver: Deliver | undefined;
  let closing = false;
  let failing = false;
  let renewed = 0;
  let nextTurn = 0;
  /** What calls off the turn that was asked for, and the one that comes by itself. */
  let woken: (() => void) | undefined;
  let waiting: (() => void) | undefined;

  function wake(): void {
    if (deliver && !closing) woken ??= at(now(), turn);
  }

  /** Keeps what is running, takes what is due, and comes back when more may be. */
  function turn(): void {
    woken?.();
    woken = undefined;
    nextTurn = Number.POSITIVE_INFINITY;
    const done = guarded(() => {
      renew();
      if (!closing) for (const each of subscriptions) takeDue(each);
    });
    if (inboxes.renew && running.size > 0) nextTurn = Math.min(nextTurn, renewed + renewInterval);
    if (!done) nextTurn = now() + pauseAfterFailure;
    waiting?.();
    waiting = at(Math.max(nextTurn, now() + 1), turn);
  }

  function renew(): void {
    if (running.size === 0 || now() < renewed + renewInterval) return;
    inboxes.renew?.([...running.keys()]);
    renewed = now();
  }

  function takeDue(of: Subscription): void {
    const free = atOnce - [...running.values()].filter((each) => isSame(each.of, of)).length;
    if (free === 0) return;
    if ((inboxes.nextDue(of) ?? Number.POSITIVE_INFINITY) <= now()) {
      if (running.size === 0) renewed = now();
      for (const taken of inboxes.take(of, free)) running.set(taken, { of, done: handle(of, taken) });
    }
    nextTurn = Math.min(nextTurn, inboxes.nextDue(of) ?? nextTurn);
  }

  async function handle(of: Subscription, taken: T): Promise<void> {
    const outcome = await outcomeOf(of, taken);
    if (!running.delete(taken)) return; // handed back by `close` in the meantime
    guarded(() => settle(of, taken, outcome));
    wake();
  }

  async function outcomeOf(of: Subscription, { event, attempt, order }: Taken): Promise<Outcome> {
    const arrival: EventArrival = { kind: "event", event, attempt };
    const ordered = of.ordered && order !== undefined ? { ...arrival, order } : arrival;
    try {
      return deliver ? await deliver(of, ordered) : { kind: "retry", reason: "nobody receives" };
    } catch (error) {
      return { kind: "retry", reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** What fails to settle comes again when its lease lapses. */
  function settle(of: Subscription, taken: T, outcome: Outcome): void {
    if (outcome.kind === "dead") inboxes.bury(taken, outcome.reason);
    else if (outcome.kind !== "retry") inboxes.remove(taken);
    else if (taken.attempt >= of.attempts) inboxes.bury(taken, outcome.reason);
    else inboxes.postpone(taken, outcome.notBefore ?? now() + backoff(taken.attempt));
  }

  /** No caller is there to hear of a failure: it is told once as a warning, and tried again. */
  function guarded(work: () => void): boolean {
    try {
      work();
      failing = false;
      return true;
    } catch (error) {
      if (!failing) process.emitWarning(error instanceof Error ? error : String(error));
      failing = true;
      return false;
    }
  }

  return {
    consume(all, toHandler) {
      inboxes.open(all);
      if (!deliver) inboxes.watch(wake);
      subscriptions = all;
      deliver = toHandler;
      wake();
    },

    async close() {
      closing = true;
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const tooLong = setTimeout(resolve, patience);
      await Promise.race([late, Promise.all([...running.values()].map(({ done }) => done))]);
      clearTimeout(tooLong);
      waiting?.();
      woken?.();
      const left = [...running.keys()];
      running.clear();
      if (left.length > 0) guarded(() => inboxes.release(left));
    },
  };
}

/** Exponential from 200 ms to a minute, with full jitter. */
function backoff(attempt: number): number {
  return Math.random() * Math.min(200 * 2 ** (attempt - 1), 60_000);
}

function isSame(a: Subscription, b: Subscription): boolean {
  return a.topic === b.topic && a.subscriber === b.subscriber;
}
