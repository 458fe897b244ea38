// How one native call is run: decode, deadline, trace, order, settle, encode.
import type { CallOptions, Component } from "../contracts/component.ts";
import type { Grant, Invocation, Log } from "../contracts/function.ts";
import type { App, Served } from "../contracts/provider.ts";
import type { PubSub, Subscription } from "../contracts/pubsub.ts";
import type { Arrival, Call, EventArrival, Outcome, RequestArrival, Trigger } from "../contracts/trigger.ts";
import { FaastenError, notHere } from "../errors.ts";
import { type Components, createComponents } from "./components.ts";
import { createJournal, createLog, type Journal, type Sink } from "./log.ts";
import { here, longestTimer, Running, type Timed } from "./running.ts";
import { startSpan, traceIdOf } from "./trace.ts";

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
  /** A rejection that nobody awaited: it fails the run that it came from, or, where that is not known, the only one there is. */
  rejected(reason: unknown, from?: Origin): void;
  readonly journal: Journal;
  close(): Promise<void>;
}

/** Which call of which function a host saw something come from. */
export interface Origin {
  readonly invocation: string;
  readonly function: string;
}

export function createRunner(app: App, sink?: Sink): Runner {
  const journal = createJournal(sink);
  const components = createComponents(app, journal);
  const running = new Running<Run>();
  let last: string | undefined;

  async function settle(served: Served, call: Call<unknown>): Promise<Settled> {
    const trigger = served.triggers.find((candidate) => candidate.accepts(call.payload));
    if (!trigger) {
      const known = served.triggers.map(({ name }) => name).join(", ");
      throw new FaastenError("INVALID", `${served.name}: this call is none that its triggers know (${known})`);
    }
    const scope = { app, served, call, components, journal, running };
    last = served.name;
    const decoded = trigger.decode(call);
    const arrivals = decoded instanceof Promise ? await decoded : decoded;
    const [only] = arrivals;
    const outcomes =
      arrivals.length === 1 && only !== undefined
        ? [await settleOne(scope, only, call.id)]
        : await settleSeveral(scope, arrivals);
    return { trigger, outcomes };
  }

  return {
    async run(served, call) {
      const { trigger, outcomes } = await settle(served, call);
      return trigger.encode(outcomes, call);
    },
    settle,
    component: components.get,
    rejected(reason, from) {
      const all = [...running];
      const own = from ? all.filter(({ native }) => native.id === from.invocation) : all.length === 1 ? all : [];
      // Where nothing runs, the last one's reply has gone and left something behind.
      const suspects = from ? [from.function] : all.length > 0 ? all.map((run) => run.function) : last ? [last] : [];
      const names = [...new Set(suspects)].join(", ");
      journal.write("error", "a rejection that nobody awaited", { function: names }, { error: reason });
      for (const run of own) run.fail(reason);
    },
    journal,
    close: components.close,
  };
}

/** All that the settling of one call needs to know. */
interface Scope {
  readonly app: App;
  readonly served: Served;
  readonly call: Call<unknown>;
  readonly components: Components;
  readonly journal: Journal;
  readonly running: Running<Run>;
}

const atOnce = 10;

const settleSeveral = import.meta.without?.events
  ? notHere
  : (scope: Scope, arrivals: readonly Arrival[]): Promise<readonly Outcome[]> =>
      !import.meta.without?.batches && scope.served.definition.settleMany
        ? settleTogether(scope, arrivals)
        : settleEach(scope, arrivals);

/** One run of the function for each. */
function settleEach(scope: Scope, arrivals: readonly Arrival[]): Promise<readonly Outcome[]> {
  return inOrder(arrivals, (arrival, index) => settleOne(scope, arrival, `${scope.call.id}/${index}`));
}

/** One run of the function for all that could be read. */
async function settleTogether(scope: Scope, arrivals: readonly Arrival[]): Promise<readonly Outcome[]> {
  const events = arrivals.filter((arrival) => arrival.kind === "event");
  const settled = events.length > 0 ? await runMany(scope, events) : [];
  const outcomes = new Map<Arrival, Outcome>(events.map((event, index) => [event, settled[index] ?? heldBack]));
  return inOrder(arrivals, (arrival) =>
    hand(scope, arrival, arrival.kind === "malformed" ? malformed(arrival) : (outcomes.get(arrival) ?? heldBack)),
  );
}

/** Arrivals of one order one after another, until one is to come again; these lanes and all others side by side, ten at most. */
async function inOrder(
  arrivals: readonly Arrival[],
  settle: (arrival: Arrival, index: number) => Promise<Outcome>,
): Promise<readonly Outcome[]> {
  const outcomes = arrivals.map((): Outcome => heldBack);
  const lanes = lanesOf(arrivals);
  const workers = Array.from({ length: Math.min(atOnce, arrivals.length) }, async () => {
    for (const lane of lanes) {
      for (const index of lane) {
        const outcome = await settle(arrivals[index] as Arrival, index);
        outcomes[index] = outcome;
        if (outcome.kind === "retry" || outcome === putOff) break;
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

async function settleOne(scope: Scope, arrival: Arrival, id: string): Promise<Outcome> {
  if (arrival.kind === "malformed") return handOn(scope, arrival, malformed(arrival));
  const { definition } = scope.served;
  const parent = traceOf(arrival) ?? scope.call.traceparent;
  const run = new Run(scope, id, parent);
  const [outcome = heldBack] = await run.settle([arrival], async () =>
    !import.meta.without?.batches && arrival.kind === "event" && definition.settleMany
      ? definition.settleMany([arrival], run)
      : [await definition.settle(arrival, run)],
  );
  return outcome.kind === "reply" ? outcome : handOn(scope, arrival, outcome);
}

function runMany(scope: Scope, events: readonly EventArrival[]): Promise<readonly Outcome[]> {
  const run = new Run(scope, scope.call.id, scope.call.traceparent);
  return run.settle(events, async () => (await scope.served.definition.settleMany?.(events, run)) ?? []);
}

function malformed({ reason }: { readonly reason: string }): Outcome {
  return { kind: "dead", reason };
}

function traceOf(arrival: RequestArrival | EventArrival): string | undefined {
  if (arrival.kind === "request") return arrival.request.headers.get("traceparent") ?? undefined;
  const found = arrival.event.extensions?.["traceparent"];
  return typeof found === "string" ? found : undefined;
}

/**
 * Carries an outcome to the broker where only the broker can keep it: the last attempt and the dead are buried, what has
 * a time is put off. A reason goes on without secrets, wherever it is kept.
 */
async function hand(scope: Scope, arrival: Arrival, outcome: Outcome): Promise<Outcome> {
  const { served, journal, components, call } = scope;
  const { on } = served.definition;
  if (outcome.kind === "done" || outcome.kind === "reply") return outcome;
  const reason = journal.redact(outcome.reason);
  const last = on.kind === "topic" && isLast(arrival, outcome, on.attempts);
  const final: Outcome = last ? { kind: "dead", reason } : { ...outcome, reason };
  const own = { function: served.name, event: arrival.kind === "event" ? arrival.event.id : undefined, reason };
  if (final.kind === "drop") journal.write("warn", "dropped", own);
  if (final.kind === "dead") journal.write("error", last ? "dead after the last attempt" : "dead", own);
  if (on.kind !== "topic" || arrival.kind === "request") return final;

  const from: Subscription = { topic: on.topic, subscriber: served.name, attempts: on.attempts, ordered: on.ordered };
  const broker = async (): Promise<PubSub> => (await components.get(on.pubsub)()) as PubSub;
  try {
    if (final.kind === "dead") {
      const pubsub = await broker();
      if (!pubsub.bury) return final;
      await pubsub.bury(from, arrival, reason, until(call.deadline));
      return { kind: "done" };
    }
    if (final.kind === "retry" && final.notBefore !== undefined && arrival.kind === "event") {
      const pubsub = await broker();
      if (await pubsub.postpone?.(from, arrival, final.notBefore, until(call.deadline))) return putOff;
    }
    return final;
  } catch (error) {
    const what = final.kind === "dead" ? "buried" : "put off";
    journal.write("error", `could not be ${what}; it comes again`, own, { error });
    return { kind: "retry", reason };
  }
}

const handOn = import.meta.without?.events ? notHere : hand;

function isLast(arrival: Arrival, outcome: Outcome, attempts: number): boolean {
  if (outcome.kind !== "retry" || outcome === heldBack || arrival.kind === "request") return false;
  return arrival.attempt !== undefined && arrival.attempt >= attempts;
}

/** For calls that follow a run: its own signal may be spent. */
function until(deadline: number): CallOptions {
  const left = Math.ceil(deadline - Date.now());
  return left < longestTimer ? { signal: AbortSignal.timeout(Math.max(0, left)) } : {};
}

/** One run of one function, as its definition and its clients see it. */
class Run implements Invocation, Timed {
  readonly id: string;
  readonly #scope: Scope;
  readonly #parent: string | undefined;
  readonly #started: number = Date.now();
  #traceparent: string | undefined;
  #log: Log | undefined;
  #signal: AbortSignal | undefined;
  #abort: (() => void) | undefined;
  #timeout: FaastenError | undefined;
  #due: number;
  #clients: Map<Grant, unknown> | undefined;
  #fail: ((reason: unknown) => void) | undefined;

  constructor(scope: Scope, id: string, parent: string | undefined) {
    this.#scope = scope;
    this.id = id;
    this.#parent = parent;
    this.#due = this.deadline - this.#margin;
  }

  get due(): number {
    return this.#due;
  }

  /** The signal goes first, with half of the margin left for the handler to end by itself; then the run is given up, in time to answer. */
  ring(): void {
    if (this.#timeout) {
      this.#due = Number.POSITIVE_INFINITY;
      this.fail(this.#timeout);
      return;
    }
    const { name } = this.#scope.served;
    this.#timeout = new FaastenError("TIMEOUT", `${name} did not end within ${this.deadline - this.#started} ms`);
    this.#due = Date.now() + this.#margin / 2;
    this.#abort?.();
  }

  get service(): string {
    return this.#scope.app.service;
  }
  get function(): string {
    return this.#scope.served.name;
  }
  get deadline(): number {
    return this.#scope.call.deadline;
  }
  get native(): Call<unknown> {
    return this.#scope.call;
  }
  get traceparent(): string {
    this.#traceparent ??= startSpan(this.#parent);
    return this.#traceparent;
  }
  get log(): Log {
    this.#log ??= createLog(this.#scope.journal, () => this.#own());
    return this.#log;
  }
  get signal(): AbortSignal {
    if (!this.#signal) {
      const controller = new AbortController();
      this.#signal = controller.signal;
      this.#abort = here(() => controller.abort(this.#timeout));
      if (this.#timeout) this.#abort();
    }
    return this.#signal;
  }

  open<Client>(grant: Grant<Client>): Client {
    this.#clients ??= new Map();
    const known = this.#clients.get(grant);
    if (known !== undefined) return known as Client;
    const { definition, name } = this.#scope.served;
    if (!Object.values(definition.uses).includes(grant) && !definition.needs?.includes(grant)) {
      const what = grant.resource === undefined ? grant.component : `${grant.component} (${grant.resource})`;
      throw new FaastenError("NOT_GRANTED", `${name} may not ${grant.right} ${what}: name it in its \`uses\``);
    }
    const client = grant.open(this.#scope.components.get(grant.component), this);
    this.#clients.set(grant, client);
    return client;
  }

  conceal(secret: string): void {
    this.#scope.journal.conceal(secret);
  }

  redact(text: string): string {
    return this.#scope.journal.redact(text);
  }

  fail(reason: unknown): void {
    this.#fail?.(reason);
  }

  /** Runs `work` until it ends, fails, or has used up its time. What it throws becomes each arrival's outcome by the definition. */
  async settle(
    arrivals: readonly (RequestArrival | EventArrival)[],
    work: () => Promise<readonly Outcome[]>,
  ): Promise<readonly Outcome[]> {
    const { running, served } = this.#scope;
    running.add(this);
    try {
      return await new Promise<readonly Outcome[]>((resolve, reject) => {
        this.#fail = reject;
        work().then(resolve, (error: unknown) => {
          if (running.has(this)) reject(error);
          else this.log.warn("failed after it was given up", { error });
        });
      });
    } catch (error) {
      const outcomes = arrivals.map((arrival) => served.definition.fail(error, this, arrival));
      if (outcomes.every(isRefusal)) this.log.info("refused", { error });
      else this.log.error("failed", { error });
      return outcomes;
    } finally {
      running.delete(this);
    }
  }

  get #margin(): number {
    return Math.min(1000, (this.deadline - this.#started) / 5);
  }

  #own(): Readonly<Record<string, unknown>> {
    return { function: this.function, invocation: this.id, trace: traceIdOf(this.traceparent) };
  }
}

/** The caller's mistake, and no failure of the function. */
function isRefusal(outcome: Outcome): boolean {
  return outcome.kind === "reply" && outcome.response.status < 500;
}
