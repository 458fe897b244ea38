// How one native call is run: decode, deadline, trace, order, settle, encode.
import type { Component } from "../contracts/component.ts";
import type { Grant, Invocation, Log } from "../contracts/function.ts";
import type { App, Served } from "../contracts/provider.ts";
import type { PubSub, Subscription } from "../contracts/pubsub.ts";
import type { Arrival, Call, EventArrival, Outcome, RequestArrival, Trigger } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import { type Components, createComponents } from "./components.ts";
import { createJournal, createLog, describe, type Journal, type Sink } from "./log.ts";
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
  const running = new Map<string, Run>();
  let last: string | undefined;

  async function settle(served: Served, call: Call<unknown>): Promise<Settled> {
    const trigger = served.triggers.find((candidate) => candidate.accepts(call.payload));
    if (!trigger) {
      const known = served.triggers.map(({ name }) => name).join(", ");
      throw new FaastenError("INVALID", `${served.name}: this call is none that its triggers know (${known})`);
    }
    const scope = { app, served, call, components, journal, running };
    last = served.name;
    const arrivals = await trigger.decode(call);
    const [only] = arrivals;
    const outcomes =
      arrivals.length === 1 && only !== undefined
        ? [await settleOne(scope, only, call.id)]
        : served.definition.settleMany
          ? await settleTogether(scope, arrivals)
          : await settleEach(scope, arrivals);
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
      const all = [...running.values()];
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
  readonly running: Map<string, Run>;
}

const atOnce = 10;

/** Arrivals of one order one after another, stopping at the first retry; these lanes and all others side by side, ten at most. */
async function settleEach(scope: Scope, arrivals: readonly Arrival[]): Promise<Outcome[]> {
  const outcomes = arrivals.map((): Outcome => heldBack);
  const lanes = [...lanesOf(arrivals)].values();
  const workers = Array.from({ length: Math.min(atOnce, arrivals.length) }, async () => {
    for (const lane of lanes) {
      for (const index of lane) {
        const outcome = await settleOne(scope, arrivals[index] as Arrival, `${scope.call.id}/${index}`);
        outcomes[index] = outcome;
        if (outcome.kind === "retry") break;
      }
    }
  });
  await Promise.all(workers);
  return outcomes;
}

/** One run of the function for all that could be read. What follows a retry of its own order comes again as well. */
async function settleTogether(scope: Scope, arrivals: readonly Arrival[]): Promise<Outcome[]> {
  const events = arrivals.filter((arrival) => arrival.kind === "event");
  const settled = events.length > 0 ? await runMany(scope, events) : [];
  const outcomes: Outcome[] = [];
  let next = 0;
  for (const arrival of arrivals) {
    if (arrival.kind === "event") outcomes.push(settled[next++] ?? heldBack);
    else outcomes.push(arrival.kind === "malformed" ? malformed(arrival) : heldBack);
  }
  for (const lane of lanesOf(arrivals)) {
    const stop = lane.findIndex((index) => outcomes[index]?.kind === "retry");
    if (stop >= 0) for (const index of lane.slice(stop + 1)) outcomes[index] = heldBack;
  }
  return Promise.all(outcomes.map((outcome, index) => hand(scope, arrivals[index] as Arrival, outcome)));
}

const heldBack: Outcome = { kind: "retry", reason: "an earlier one of the same order comes again first" };

function lanesOf(arrivals: readonly Arrival[]): Iterable<readonly number[]> {
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
  if (arrival.kind === "malformed") return hand(scope, arrival, malformed(arrival));
  const { definition } = scope.served;
  const parent = traceOf(arrival) ?? scope.call.traceparent;
  const run = new Run(scope, id, parent);
  const outcome = await run.settle(() =>
    arrival.kind === "event" && definition.settleMany
      ? definition.settleMany([arrival], run).then(([first]) => first ?? heldBack)
      : definition.settle(arrival, run),
  );
  return hand(scope, arrival, outcome);
}

async function runMany(scope: Scope, events: readonly EventArrival[]): Promise<readonly Outcome[]> {
  const { definition } = scope.served;
  const run = new Run(scope, scope.call.id, scope.call.traceparent);
  let outcomes: readonly Outcome[] = [];
  const failure = await run.settle(async () => {
    outcomes = (await definition.settleMany?.(events, run)) ?? [];
    return { kind: "done" };
  });
  return failure.kind === "done" ? outcomes : events.map(() => failure);
}

function malformed({ reason }: { readonly reason: string }): Outcome {
  return { kind: "dead", reason };
}

function traceOf(arrival: RequestArrival | EventArrival): string | undefined {
  if (arrival.kind === "request") return arrival.request.headers.get("traceparent") ?? undefined;
  const found = arrival.event.extensions?.["traceparent"];
  return typeof found === "string" ? found : undefined;
}

/** Carries an outcome to the broker where only the broker can keep it: the last attempt and the dead are buried, what has a time is put off. */
async function hand(scope: Scope, arrival: Arrival, outcome: Outcome): Promise<Outcome> {
  const { on } = scope.served.definition;
  if (arrival.kind === "request" || on.kind !== "topic" || outcome.kind === "done" || outcome.kind === "reply")
    return outcome;
  const { journal, served } = scope;
  const own = {
    function: served.name,
    event: arrival.kind === "event" ? arrival.event.id : undefined,
    reason: outcome.reason,
  };
  const last =
    outcome.kind === "retry" && outcome !== heldBack && arrival.attempt !== undefined && arrival.attempt >= on.attempts;
  const final: Outcome = last ? { kind: "dead", reason: outcome.reason } : outcome;
  if (final.kind === "drop") {
    journal.write("warn", "dropped", own);
    return final;
  }
  if (final.kind === "dead") journal.write("error", last ? "dead after the last attempt" : "dead", own);
  const from: Subscription = { topic: on.topic, subscriber: served.name, attempts: on.attempts, ordered: on.ordered };
  try {
    const broker = (await scope.components.get(on.pubsub)()) as PubSub;
    if (final.kind === "dead" && broker.bury) {
      await broker.bury(from, arrival, final.reason);
      return { kind: "done" };
    }
    if (final.kind === "retry" && final.notBefore !== undefined && broker.postpone && arrival.kind === "event") {
      if (await broker.postpone(from, arrival, final.notBefore)) return { kind: "done" };
    }
    return final;
  } catch (error) {
    journal.write(
      "error",
      `could not be ${final.kind === "dead" ? "buried" : "put off"}; it comes again`,
      own,
      describe(error),
    );
    return { kind: "retry", reason: final.reason };
  }
}

/** One run of one function, as its definition and its clients see it. */
class Run implements Invocation {
  readonly id: string;
  readonly #scope: Scope;
  readonly #parent: string | undefined;
  readonly #started: number = Date.now();
  #traceparent: string | undefined;
  #log: Log | undefined;
  #abort: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #clients: Map<Grant, unknown> | undefined;
  #fail: ((reason: unknown) => void) | undefined;

  constructor(scope: Scope, id: string, parent: string | undefined) {
    this.#scope = scope;
    this.id = id;
    this.#parent = parent;
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
    this.#abort ??= new AbortController();
    return this.#abort.signal;
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

  /** Runs `work` until it ends, fails, or has used up its time. What it throws becomes an outcome by its definition. */
  async settle(work: () => Promise<Outcome>): Promise<Outcome> {
    const { running, served } = this.#scope;
    running.set(this.id, this);
    try {
      return await new Promise<Outcome>((resolve, reject) => {
        this.#fail = reject;
        this.#watch();
        work().then(resolve, reject);
      });
    } catch (error) {
      this.log.error("failed", describe(error));
      return served.definition.fail(error, this);
    } finally {
      running.delete(this.id);
      clearTimeout(this.#timer);
    }
  }

  /** The signal goes first, with half of the margin left for the handler to end by itself; then the run is given up, in time to answer. */
  #watch(): void {
    const left = this.deadline - Date.now();
    if (left === Number.POSITIVE_INFINITY) return;
    const margin = Math.min(1000, left / 5);
    this.#timer = setTimeout(() => {
      const { name } = this.#scope.served;
      const error = new FaastenError("TIMEOUT", `${name} did not end within ${this.deadline - this.#started} ms`);
      this.#abort?.abort(error);
      this.#timer = setTimeout(() => this.#fail?.(error), margin / 2);
    }, left - margin);
  }

  #own(): Readonly<Record<string, unknown>> {
    return { function: this.function, invocation: this.id, trace: traceIdOf(this.traceparent) };
  }
}
