// How one native call is run: decode, deadline, trace, order, settle, encode.
import type { CallOptions, Clock, Component } from "../contracts/component.ts";
import type { Inbox } from "../contracts/inbox.ts";
import type { App, Served } from "../contracts/provider.ts";
import type {
  Arrival,
  Call,
  EventArrival,
  Outcome,
  RequestArrival,
  Trigger,
  TriggerSpec,
} from "../contracts/trigger.ts";
import { FaastenError, notHere } from "../errors.ts";
import { createComponents } from "./components.ts";
import { subscriptionOf } from "./inbox.ts";
import { Run, type Scope } from "./invocation.ts";
import { createJournal, type Journal, type Mark, type Sink } from "./log.ts";
import { longestTimer, Running } from "./running.ts";

export interface Settled {
  readonly trigger: Trigger;
  readonly outcomes: readonly Outcome[];
}

export interface Runner {
  /** The whole way. Rejects with what the trigger throws for its host, never with what a handler threw. */
  run(served: Served, call: Call<unknown>): Promise<unknown>;
  /** All but `encode`: for a host that streams. */
  settle(served: Served, call: Call<unknown>): Promise<Settled>;
  component(name: string): () => Component | Promise<Component>;
  /** An error that nobody caught, of a promise or a timer: it fails the run that it came from, or, where that is not known, the only one there is. */
  uncaught(error: unknown, from?: Origin): void;
  readonly journal: Journal;
  close(): Promise<void>;
}

/** Which call of which function a host saw something come from. */
export interface Origin {
  readonly invocation: string;
  readonly function: string;
}

/** `clock`: a test's own. */
export function createRunner(app: App, sink?: Sink, mark?: Mark, clock: Partial<Clock> = {}): Runner {
  const { now = () => Date.now() } = clock;
  const journal = createJournal(sink, mark, now);
  const components = createComponents(app, journal, clock);
  const running = new Running<Run>();
  let last: string | undefined;

  async function settle(served: Served, call: Call<unknown>): Promise<Settled> {
    const trigger = served.triggers.find((candidate) => candidate.accepts(call.payload));
    if (!trigger) {
      const known = served.triggers.map(({ name }) => name).join(", ");
      throw new FaastenError("INVALID", `${served.name}: this call is none that its triggers know (${known})`);
    }
    const scope = { app, served, call, components, journal, running, now };
    last = served.name;
    const decoded = trigger.decode(call);
    const arrivals = decoded instanceof Promise ? await decoded : decoded;
    const [first] = arrivals;
    // A request comes alone, and once it is answered nothing is left to do.
    const outcomes =
      !import.meta.without?.requests && first?.kind === "request" && served.definition.on.kind === "http"
        ? [await runOne(scope, first, call.id)]
        : await settleEvents(scope, arrivals);
    return { trigger, outcomes };
  }

  return {
    async run(served, call) {
      const { trigger, outcomes } = await settle(served, call);
      return trigger.encode(outcomes, call);
    },
    settle,
    component: components.get,
    uncaught(error, from) {
      const all = [...running];
      const own = from ? all.filter(({ native }) => native.id === from.invocation) : all.length === 1 ? all : [];
      // Where nothing runs, the last one's reply has gone and left something behind.
      const suspects = from ? [from.function] : all.length > 0 ? all.map((run) => run.function) : last ? [last] : [];
      const names = [...new Set(suspects)].join(", ");
      journal.write("error", "an error that nobody caught", { function: names }, { error });
      for (const run of own) run.fail(error);
    },
    journal,
    close: components.close,
  };
}

const atOnce = 10;

const settleEvents = import.meta.without?.events
  ? notHere
  : (scope: Scope, arrivals: readonly Arrival[]): Promise<readonly Outcome[]> =>
      !import.meta.without?.batches && scope.served.definition.settleMany
        ? settleTogether(scope, arrivals)
        : settleEach(scope, arrivals);

/** One run of the function for each. */
function settleEach(scope: Scope, arrivals: readonly Arrival[]): Promise<readonly Outcome[]> {
  const { id } = scope.call;
  return inOrder(arrivals, async (arrival, index) => {
    let outcome = expired;
    if (arrival.kind === "malformed") outcome = malformed(arrival);
    else if (arrival.kind === "request" || !hasExpired(arrival, scope))
      outcome = await runOne(scope, arrival, arrivals.length === 1 ? id : `${id}/${index}`);
    return hand(scope, arrival, outcome);
  });
}

/** One run of the function for all that could be read. */
async function settleTogether(scope: Scope, arrivals: readonly Arrival[]): Promise<readonly Outcome[]> {
  const events = arrivals.filter(
    (arrival): arrival is EventArrival => arrival.kind === "event" && !hasExpired(arrival, scope),
  );
  const settled = events.length > 0 ? await runMany(scope, events) : [];
  const outcomes = new Map<Arrival, Outcome>(events.map((event, index) => [event, settled[index] ?? heldBack]));
  return inOrder(arrivals, (arrival) =>
    hand(scope, arrival, arrival.kind === "malformed" ? malformed(arrival) : (outcomes.get(arrival) ?? expired)),
  );
}

/** Arrivals of one order one after another, until one is to come again; these lanes and all others side by side, ten at most. */
async function inOrder(
  arrivals: readonly Arrival[],
  settle: (arrival: Arrival, index: number) => Promise<Outcome>,
): Promise<readonly Outcome[]> {
  const [first, ...others] = arrivals;
  if (first && others.length === 0) return [await settle(first, 0)];
  const outcomes = arrivals.map((): Outcome => heldBack);
  const lanes = lanesOf(arrivals);
  const workers = Array.from({ length: Math.min(atOnce, arrivals.length) }, async () => {
    for (const lane of lanes) {
      for (const index of lane) {
        const outcome = await settle(arrivals[index] as Arrival, index);
        outcomes[index] = outcome;
        // One that is dead and stored nowhere goes back to its queue, where its order waits for it.
        if (outcome.kind === "retry" || outcome.kind === "dead" || outcome === putOff) break;
      }
    }
  });
  await Promise.all(workers);
  return outcomes;
}

const heldBack: Outcome = { kind: "retry", reason: "an earlier one of the same order comes again first" };
/** This one is acknowledged, and its later copy has not been handled yet. */
const putOff: Outcome = { kind: "done" };

function lanesOf(arrivals: readonly Arrival[]): IterableIterator<readonly number[]> {
  const lanes = new Map<string | number, number[]>();
  arrivals.forEach((arrival, index) => {
    const key = arrival.kind !== "request" && arrival.order !== undefined ? arrival.order : index;
    const lane = lanes.get(key);
    if (lane) lane.push(index);
    else lanes.set(key, [index]);
  });
  return lanes.values();
}

function runOne(scope: Scope, arrival: RequestArrival | EventArrival, id: string): Promise<Outcome> {
  const { definition } = scope.served;
  const run = new Run(scope, id, traceOf(arrival) ?? scope.call.traceparent);
  return run.settle(
    () => definition.settle(arrival, run),
    (error) => definition.fail(error, run, arrival),
  );
}

function runMany(scope: Scope, events: readonly EventArrival[]): Promise<readonly Outcome[]> {
  const { served, call } = scope;
  const [first, ...others] = events;
  const parent = first && others.length === 0 ? traceOf(first) : undefined;
  const run = new Run(scope, call.id, parent ?? call.traceparent);
  return run.settle<readonly Outcome[]>(
    async () => (await served.definition.settleMany?.(events, run)) ?? [],
    (error) => events.map((event) => served.definition.fail(error, run, event)),
  );
}

function malformed({ reason }: { readonly reason: string }): Outcome {
  return { kind: "dead", reason };
}

const expired: Outcome = { kind: "drop", reason: "its expiration has passed" };

/** As Dapr has it where the broker knows no expiry. https://docs.dapr.io/developing-applications/building-blocks/pubsub/pubsub-message-ttl/ */
function hasExpired({ event: { extensions } }: EventArrival, { now }: Scope): boolean {
  const expiration = extensions?.["expiration"];
  return typeof expiration === "string" && Date.parse(expiration) <= now();
}

function traceOf(arrival: RequestArrival | EventArrival): string | undefined {
  if (arrival.kind === "request") return arrival.request.headers.get("traceparent") ?? undefined;
  const found = arrival.event.extensions?.["traceparent"];
  return typeof found === "string" ? found : undefined;
}

/**
 * Carries an outcome to the inbox where only its keeper can: the last attempt and the dead are buried, what has a time is
 * put off. Where nobody keeps an inbox, the log tells of it, and its trigger says whether the platform keeps it. A reason
 * goes on without secrets, wherever it is kept.
 */
async function hand(scope: Scope, arrival: Arrival, outcome: Outcome): Promise<Outcome> {
  const { served, journal, call } = scope;
  const { on } = served.definition;
  if (outcome.kind === "done" || outcome.kind === "reply") return outcome;
  const reason = journal.redact(outcome.reason);
  const last = (on.kind === "topic" || on.kind === "binding") && isLast(arrival, outcome, on.attempts);
  const final: Outcome = last ? { kind: "dead", reason } : { ...outcome, reason };
  const own = { function: served.name, event: arrival.kind === "event" ? arrival.event.id : undefined, reason };
  if (final.kind === "drop") journal.write("warn", "dropped", own);
  if (final.kind === "dead") journal.write("error", last ? "dead after the last attempt" : "dead", own);
  const from = subscriptionOf(served.name, on);
  const keeper = keeperOf(on, scope);
  if (!from || !keeper || arrival.kind === "request") return final;

  try {
    if (final.kind === "dead") {
      const inbox = await keeper();
      if (!inbox.bury) return final;
      await inbox.bury(from, arrival, reason, until(call.deadline));
      return { kind: "done" };
    }
    if (final.kind === "retry" && final.notBefore !== undefined && arrival.kind === "event") {
      const inbox = await keeper();
      if (await inbox.postpone?.(from, arrival, final.notBefore, until(call.deadline))) return putOff;
    }
    return final;
  } catch (error) {
    const what = final.kind === "dead" ? "buried" : "put off";
    journal.write("error", `could not be ${what}; it comes again`, own, { error });
    return { kind: "retry", reason };
  }
}

function keeperOf(on: TriggerSpec, { components }: Scope): (() => Inbox | Promise<Inbox>) | undefined {
  return on.kind === "topic" ? components.get(on.pubsub) : components.inbox;
}

function isLast(arrival: Arrival, outcome: Outcome, attempts: number): boolean {
  if (outcome.kind !== "retry" || outcome === heldBack || arrival.kind === "request") return false;
  return arrival.attempt !== undefined && arrival.attempt >= attempts;
}

/** For calls that follow a run: its own signal may be spent. */
function until(deadline: number): CallOptions {
  const left = Math.ceil(deadline - Date.now());
  return left < longestTimer ? { signal: AbortSignal.timeout(Math.max(0, left)) } : {};
}
