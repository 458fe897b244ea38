// The local host: the app's HTTP functions at their own paths, its topics and its schedules, in this process.
import { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as setTimer } from "node:timers/promises";
import {
  type App,
  type Binding,
  type BindingInput,
  type Bound,
  type Call,
  type Clock,
  type CloudEvent,
  type Component,
  createAsk,
  createRunner,
  createWeb,
  type EventArrival,
  FaastenError,
  type Origin,
  type Outcome,
  type PubSub,
  type Reply,
  type RoutedRequest,
  type Runner,
  type Served,
  type ServiceCaller,
  type Sink,
  type Subscription,
  subscriptionOf,
  timetableOf,
  toResponse,
} from "../../src/provider.ts";
import { startClock } from "./calendar.ts";
import { callerHeader } from "./caller.ts";
import { clockOf } from "./clock.ts";
import type { Keeper } from "./pubsub/in-memory.ts";

/** One thing that was done, for whoever watches. */
export interface Done {
  readonly function: string;
  readonly invocation: string;
  /** `POST /orders`, `order.placed` or `0 3 * * *`. */
  readonly trigger: string;
  /** A status, or the outcome's kind. */
  readonly outcome: string;
  readonly milliseconds: number;
}

/** The clock is a test's own; left out: the machine's. Deadlines are always the machine's. */
export interface LocalOptions extends Partial<Clock> {
  /** How long a function may run, in milliseconds; 30 s if left out. */
  readonly timeout?: number;
  /** The bearer of this token calls as a service. */
  readonly token?: string;
  readonly sink?: Sink;
  readonly watch?: (done: Done) => void;
  /** Others run in this process too: a rejection that nobody awaited is our matter only where one of our runs left it. */
  readonly shared?: boolean;
}

export interface Local {
  /** For `http.createServer`. */
  answer(request: IncomingMessage, response: ServerResponse): void;
  /** Answers a request that came by no connection, and whose caller is known. */
  ask(routed: RoutedRequest): Promise<Reply>;
  /** Opens the inboxes and starts the clocks. */
  start(): Promise<void>;
  /** Runs the function of a schedule, or of a binding that is a clock, for this instant (Unix milliseconds). */
  fire(name: string, planned: number): Promise<Outcome>;
  /** Hands one event to a subscriber, as its inbox or its binding would. */
  deliver(name: string, arrival: EventArrival): Promise<Outcome>;
  /** Lays one that was handed over so, and is dead, among the subscriber's dead letters, where the broker keeps such. */
  keep(name: string, event: CloudEvent, death: Parameters<Keeper["keep"]>[2]): Promise<void>;
  /**
   * Tells the bindings that sign addresses where theirs are: at `<base><binding>`. Gives what answers there, by the binding's
   * name. One that cannot be opened tells whoever uses it.
   */
  sign(base: string): Promise<ReadonlyMap<string, (request: Request) => Promise<Response>>>;
  /** Resolves once nothing runs, and what ended has been settled. */
  idle(): Promise<void>;
  readonly functions: readonly Served[];
  readonly runner: Runner;
  /**
   * Ends what runs, then lets go of everything. A schedule that failed is tried again for so many milliseconds, and not at
   * all if left out; one that is given up is logged. Deliveries end at once. May be called again, to be quicker.
   */
  stop(within?: number): Promise<void>;
}

export function serve(app: App, options: LocalOptions = {}): Local {
  const { timeout = 30_000, token, watch, shared = false } = options;
  const clock = clockOf(options);
  const runner = createRunner(
    { ...app, components: attached(app.components, answerOwn) },
    options.sink,
    undefined,
    clock,
  );
  /** Within `unhandledRejection` it holds what it held where the promise was made: so a stray one finds its run among many. */
  const origins = new AsyncLocalStorage<Origin>();
  const clocks: (() => void)[] = [];
  const brokers: Component[] = [];
  const ticks = new Map<Promise<void>, Due>();
  const running = new Set<Promise<unknown>>();
  const late = new AbortController();
  let stopped: Promise<void> | undefined;
  const tag = Math.random().toString(36).slice(2, 8);
  let calls = 0;

  function find(name: string): Served {
    const served = app.functions.find((candidate) => candidate.name === name);
    if (served) return served;
    throw new FaastenError("NOT_FOUND", `there is no function ${name}`);
  }

  async function run<Payload>(served: Served, payload: Payload, context: unknown, trigger: string): Promise<unknown> {
    const started = performance.now();
    const id = `${tag}-${++calls}`;
    const call: Call<Payload> = { id, payload, context, deadline: Date.now() + (served.definition.timeout ?? timeout) };
    const replying = origins.run({ invocation: id, function: served.name }, () => runner.run(served, call));
    const reply = await ended(replying);
    watch?.({
      function: served.name,
      invocation: id,
      trigger,
      outcome: outcomeOf(reply),
      milliseconds: performance.now() - started,
    });
    return reply;
  }

  async function ended<T>(replying: Promise<T>): Promise<T> {
    running.add(replying);
    try {
      return await replying;
    } finally {
      running.delete(replying);
    }
  }

  const { functions } = app;
  const { journal } = runner;
  const web = createWeb({
    functions,
    protocol: "http",
    journal,
    run(served, routed, message) {
      const bearer = /^bearer (.+)$/i.exec(message.headers.authorization ?? "")?.[1];
      const service = token !== undefined && bearer === token;
      const subject = String(message.headers[callerHeader] ?? app.service);
      const caller = service ? { caller: { kind: "service", subject, claims: {} } as const } : {};
      return request(served, { ...routed, ...caller }, { request: message });
    },
  });
  const ask = createAsk<{}>({ functions, journal, run: request });

  function request(served: Served, routed: RoutedRequest, context: {}): Promise<unknown> {
    return run(served, routed, context, `${routed.request.method} ${routed.path}`);
  }

  /** The app as its own service, within the process. */
  async function answerOwn(asked: Request): Promise<Response> {
    const caller = { kind: "service", subject: app.service, claims: {} } as const;
    const { reply } = await ask(() => ({ request: asked, path: new URL(asked.url).pathname, caller }), {});
    return toResponse(reply, asked.method);
  }

  async function deliver(name: string, arrival: EventArrival): Promise<Outcome> {
    const served = find(name);
    const { on } = served.definition;
    if ((on.kind !== "topic" && on.kind !== "binding") || timetableOf(on))
      throw new FaastenError("INVALID", `${name} takes no events`);
    return (await run(served, arrival, {}, on.kind === "topic" ? on.topic : on.binding)) as Outcome;
  }

  async function fire(name: string, planned: number, attempt?: number): Promise<Outcome> {
    const served = find(name);
    const timetable = timetableOf(served.definition.on);
    if (!timetable) throw new FaastenError("INVALID", `${name} does not run by the clock`);
    const due = { function: name, service: app.service, planned, ...(attempt !== undefined && { attempt }) };
    return (await run(served, due, {}, timetable.cron)) as Outcome;
  }

  function tick(name: string, planned: number, attempts: number): void {
    const due: Due = { function: name, planned: new Date(planned).toISOString() };
    const done = runUntilDone(planned, due, attempts).finally(() => ticks.delete(done));
    ticks.set(done, due);
  }

  /** A failed run is tried again as the clouds do it, a little later. The runner knows the last of a binding's: then it is dead. */
  async function runUntilDone(planned: number, due: Due, attempts: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await fire(due.function, planned, attempt);
      if (outcome.kind !== "retry") return;
      if (attempt >= attempts) return giveUp("given up after three runs", due);
      const { notBefore = clock.now() + (attempt === 1 ? 1_000 : 5_000) } = outcome;
      if (!(await passes(notBefore - clock.now(), clock, late.signal)))
        return giveUp("given up before its next run: the app stops", due);
    }
  }

  function giveUp(message: string, due: Due): void {
    runner.journal.write("error", message, { ...due });
  }

  /** Brokers go first, so that another process has what comes. They still publish, as the schedules may want to. */
  async function end(): Promise<void> {
    const tooLong = passed(late.signal, patience);
    for (const stop of clocks.splice(0)) stop();
    await Promise.allSettled(brokers.map((broker) => broker.close?.()));
    await Promise.race([Promise.allSettled(ticks.keys()), tooLong]);
    for (const due of ticks.values()) giveUp("given up while it ran: the app stops", due);
    await runner.close();
    process.off("unhandledRejection", floating);
  }

  function cannotDeliver(component: string): FaastenError {
    const { type } = app.components[component] ?? {};
    return new FaastenError("UNSUPPORTED", `component ${component} (${type}) cannot deliver on this machine`);
  }

  const floating = (reason: unknown): void => {
    const from = origins.getStore();
    if (from || !shared) runner.uncaught(reason, from);
  };

  return {
    functions,
    runner,
    deliver,
    fire,
    answer(request, response) {
      void web(request, response);
    },
    ask: async (routed) => (await ask(() => routed, {})).reply,
    async keep(name, event, death) {
      const { on } = find(name).definition;
      const of = subscriptionOf(name, on);
      if (!of || (on.kind !== "topic" && on.kind !== "binding")) return;
      const keeper: Component & Partial<Keeper> = await runner.component(
        on.kind === "topic" ? on.pubsub : on.binding,
      )();
      keeper.keep?.(of, event, death);
    },
    async sign(base) {
      const answers = new Map<string, (request: Request) => Promise<Response>>();
      for (const name of new Set(functions.flatMap(signersOf))) {
        const binding = await Promise.resolve(runner.component(name)()).catch(() => undefined);
        const answer = (binding as Binding | undefined)?.attach?.(`${base}${name}`);
        if (answer) answers.set(name, answer);
      }
      return answers;
    },
    async idle() {
      do {
        await Promise.allSettled(running);
        await new Promise((resume) => setImmediate(resume));
      } while (running.size > 0);
    },
    async start() {
      process.on("unhandledRejection", floating);
      for (const [component, subscriptions] of subscriptionsOf(app.functions)) {
        const broker = (await runner.component(component)()) as PubSub;
        if (!broker.consume) throw cannotDeliver(component);
        brokers.push(broker);
        broker.consume(subscriptions, ({ subscriber }, arrival) => deliver(subscriber, arrival));
      }
      for (const [component, inputs] of inputsOf(app.functions)) {
        const binding = (await runner.component(component)()) as Binding;
        if (!binding.consume) throw cannotDeliver(component);
        brokers.push(binding);
        await binding.consume(inputs, ({ subscriber }, arrival) => deliver(subscriber, arrival));
      }
      for (const { name, definition } of app.functions) {
        const { on } = definition;
        const timetable = timetableOf(on);
        if (!timetable) continue;
        const attempts = on.kind === "binding" ? on.attempts : scheduleAttempts;
        const { cron, timeZone } = timetable;
        clocks.push(startClock(cron, timeZone, clock, (planned) => tick(name, planned, attempts)));
      }
    },
    stop(within = 0) {
      if (within === 0) late.abort();
      else setTimeout(() => late.abort(), within).unref();
      stopped ??= end();
      return stopped;
    },
  };
}

/** Runs of a schedule for one instant. */
const scheduleAttempts = 3;

/** A planned run, as the log names it. */
interface Due {
  readonly function: string;
  readonly planned: string;
}

/** Milliseconds that a run has to end once it is late. */
const patience = 5_000;

/** Whether it passed before the signal came. */
function passes(milliseconds: number, { now, at }: Clock, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const cancel = at(now() + milliseconds, () => resolve(true));
    const stop = (): void => {
      cancel();
      resolve(false);
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** Resolves so many milliseconds after the signal. */
async function passed(signal: AbortSignal, milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await setTimer(milliseconds, undefined, { ref: false });
}

function subscriptionsOf(functions: readonly Served[]): ReadonlyMap<string, Subscription[]> {
  const found = new Map<string, Subscription[]>();
  for (const { name, definition } of functions) {
    const { on } = definition;
    const subscription = on.kind === "topic" && subscriptionOf(name, on);
    if (!subscription) continue;
    const list = found.get(on.pubsub) ?? [];
    list.push(subscription);
    found.set(on.pubsub, list);
  }
  return found;
}

/** A caller of services is told how the app itself answers, once somebody makes one. */
function attached(components: App["components"], answer: (request: Request) => Promise<Response>): App["components"] {
  return Object.fromEntries(
    Object.entries(components).map(([name, bound]) => {
      if (!bound.type.startsWith("invocation.")) return [name, bound];
      const create: Bound["create"] = async (options) => {
        const caller = (await bound.create(options)) as ServiceCaller;
        caller.attach?.(answer);
        return caller;
      };
      return [name, { ...bound, create }];
    }),
  );
}

/** What comes to bindings; their clocks are the host's own. */
function inputsOf(functions: readonly Served[]): ReadonlyMap<string, BindingInput[]> {
  const found = new Map<string, BindingInput[]>();
  for (const { name, definition } of functions) {
    const { on } = definition;
    if (on.kind !== "binding" || timetableOf(on)) continue;
    const list = found.get(on.binding) ?? [];
    list.push({ subscriber: name, attempts: on.attempts });
    found.set(on.binding, list);
  }
  return found;
}

function signersOf({ definition: { uses } }: Served): readonly string[] {
  return Object.values(uses).flatMap(({ component, operations }) =>
    operations?.includes("presign") ? [component] : [],
  );
}

function outcomeOf(reply: unknown): string {
  if (typeof reply !== "object" || reply === null) return "no reply";
  return "status" in reply ? String(reply.status) : "kind" in reply ? String(reply.kind) : "";
}
