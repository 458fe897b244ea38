// An app in the process of its test: no ports, no files, and a clock in the test's hand.
import { type Duration, toMilliseconds } from "../blocks/duration.ts";
import { publishing } from "../blocks/publisher.ts";
import type { CloudEvent } from "../contracts/event.ts";
import type { Definition, Grant } from "../contracts/function.ts";
import type { Inbox, Subscription } from "../contracts/inbox.ts";
import type { PubSub } from "../contracts/pubsub.ts";
import type { Outcome } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import type { Subscribed } from "../functions/subscriber.ts";
import type { Topic } from "../functions/topic.ts";
import { subscriptionOf } from "../runtime/inbox.ts";
import { toResponse } from "../runtime/response.ts";
import { toProblem } from "../runtime/routes.ts";
import { createBroadcasts, type Sent, toSent } from "./broadcasts.ts";
import { createClock } from "./clock.ts";
import type { Supplies } from "./components.ts";
import { outside } from "./outside.ts";
import { type Functions, start } from "./start.ts";
import { arrive, type FetchInit } from "./web.ts";

export interface TestOptions extends Supplies {
  /** What time it is at first; the machine's if left out. From then on it stands, until `advance`. */
  readonly now?: string | number | Date;
  /** How long a function may run, by the machine's clock; `30s` if left out. */
  readonly timeout?: Duration;
  /** The service's name; `test` if left out. */
  readonly service?: string;
}

export interface DeliverChoice {
  /** The event's id; a new one if left out. */
  readonly id?: string;
  readonly subject?: string;
  /** Which delivery the function is told that it is; the first if left out. */
  readonly attempt?: number;
  /** How often the same event is handed over, one after another; once if left out. */
  readonly duplicate?: number;
}

/** An event that nobody could handle. */
export interface DeadLetter<T> extends Sent<T> {
  readonly reason: string;
  readonly attempts: number;
}

/** One line of the log. */
export interface LogLine {
  readonly time: string;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly function?: string;
  readonly [field: string]: unknown;
}

export interface TestApp {
  /** Unix milliseconds, by the app's own clock. */
  readonly now: number;
  /** Every line so far, the runtime's and the functions'. What was thrown in a handler is found here. */
  readonly log: readonly LogLine[];
  /** Asks the app's HTTP functions, as a host would: routed, access checked; or a binding, at an address that it has signed. A path, an address or a whole request. */
  fetch(request: string | URL | Request, init?: FetchInit): Promise<Response>;
  /** Delivers what is due now, and what comes of it, until nothing is left that is due now. */
  drain(): Promise<void>;
  /**
   * Lets time pass: schedules run, entries expire, what was put off comes again, each at its own time and in order. What
   * failed comes again after a second.
   */
  advance(by: Duration): Promise<void>;
  /** Hands an event to one subscriber, past its inbox: what becomes of it is the answer, and nothing comes again. What is dead is among its dead letters. */
  deliver<In>(to: Subscribed<In>, data: NoInfer<In>, choice?: DeliverChoice): Promise<readonly Outcome[]>;
  /** Runs a schedule's function for this instant; for the present one if left out. */
  fire(schedule: Definition, time?: string | number | Date): Promise<Outcome>;
  /** All that was published to a topic so far, the first one first. */
  published<T, In>(topic: Topic<T, In>): readonly Sent<In>[];
  deadLetters<In>(of: Subscribed<In>): Promise<readonly DeadLetter<In>[]>;
  /** Sends dead letters back to their inbox, all of them or that of one event; gives how many. */
  redrive(of: Definition, id?: string): Promise<number>;
  /** The client of any grant, as a function that uses it would have it: `app.open(orders.readWrite)`. */
  open<Client>(grant: Grant<Client>): Client;
  /** From then on nothing can be asked of it; what was logged and published stays. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Runs functions in this process, each app by itself. Functions are known by their exports' names: hand over
 * `{ placeOrder, ship }` or a module (`import * as orders`), or a list of modules; of functions in a list those without a
 * `name` are called `function1`, `function2`… A rejection that nobody awaited fails the run that left it, and the test's
 * own runner hears of it too.
 */
export async function testApp(functions: Functions, options: TestOptions = {}): Promise<TestApp> {
  const { now, timeout = "30s", service = "test", ...supplies } = options;
  const clock = createClock(now === undefined ? Date.now() : instant(now));
  const log: LogLine[] = [];
  const deliveries = new Map<string, number>();
  const broadcasts = createBroadcasts(clock.now, (subscriber) => {
    deliveries.set(subscriber, (deliveries.get(subscriber) ?? 0) + 1);
  });
  const local = await start(functions, {
    service,
    supplies,
    broadcasts,
    host: {
      now: clock.now,
      at: clock.at,
      timeout: toMilliseconds(timeout),
      shared: true,
      sink: (line) => log.push(JSON.parse(line) as LogLine),
    },
  });
  const self = outside(service, local.runner, clock.now);
  const signed = await local.sign(`${origin}${signedPath}`);
  let closed = false;

  function checkOpen(): void {
    if (closed) throw new FaastenError("INVALID", "testApp: this app was closed: ask it before, or make another");
  }

  async function settle(by: number): Promise<void> {
    checkOpen();
    const until = clock.now() + by;
    for (let since = clock.now(); ; ) {
      await local.idle();
      if (clock.now() !== since) deliveries.clear();
      since = clock.now();
      checkEnd(deliveries);
      if (!clock.step(until)) break;
    }
    deliveries.clear();
    clock.moveTo(until);
  }

  function nameOf(definition: Definition): string {
    const found = local.functions.find((served) => served.definition === definition);
    if (found) return found.name;
    const known = local.functions.map(({ name }) => name).join(", ");
    throw new FaastenError("NOT_FOUND", `testApp: this function is not in the app, which has ${known}`);
  }

  /** A binding in memory keeps dead letters as a broker does. */
  async function inboxOf(definition: Definition): Promise<{ inbox: Inbox; of: Subscription }> {
    checkOpen();
    const { on } = definition;
    const subscriber = nameOf(definition);
    const of = subscriptionOf(subscriber, on);
    if (!of) throw new FaastenError("INVALID", `testApp: ${subscriber} subscribes to no topic`);
    return { inbox: await local.runner.component(sourceOf(definition, subscriber).pubsub)(), of };
  }

  async function lettersOf(definition: Definition): Promise<readonly CloudEvent[]> {
    const { inbox, of } = await inboxOf(definition);
    const letters: CloudEvent[] = [];
    for await (const letter of inbox.deadLetters?.(of) ?? []) letters.push(letter);
    return letters;
  }

  const close = (): Promise<void> => {
    closed = true;
    return local.stop();
  };
  return {
    get now() {
      return clock.now();
    },
    log,
    async fetch(input, init = {}) {
      checkOpen();
      const routed = await arrive(input, init, local.functions);
      const answer = routed.path.startsWith(signedPath) && signed.get(routed.path.slice(signedPath.length));
      if (answer) return answer(routed.request).catch((error) => toProblem(error, local.runner.journal));
      return toResponse(await local.ask(routed), routed.request.method);
    },
    drain: () => settle(0),
    advance: (by) => settle(toMilliseconds(by)),
    async deliver(to, data, { attempt = 1, duplicate = 1, ...choice } = {}) {
      checkOpen();
      const subscriber = nameOf(to);
      const { topic, pubsub } = sourceOf(to, subscriber);
      const { promise, resolve } = Promise.withResolvers<CloudEvent>();
      const broker: PubSub = { publish: async (_topic, event) => resolve(event) };
      const envelope = { topic, pubsub, schema: undefined, raw: false, orderBy: undefined };
      await publishing(envelope)
        .open(() => broker, self)
        .publish(data, choice);
      const event = await promise;
      const outcomes: Outcome[] = [];
      for (let time = 0; time < duplicate; time++) {
        const outcome = await local.deliver(subscriber, { kind: "event", event, attempt });
        if (outcome.kind === "dead") await local.keep(subscriber, event, { ...outcome, attempt });
        outcomes.push(outcome);
      }
      return outcomes;
    },
    async fire(schedule, time) {
      checkOpen();
      return local.fire(nameOf(schedule), time === undefined ? clock.now() : instant(time));
    },
    published: broadcasts.published,
    async deadLetters<In>(of: Subscribed<In>) {
      return (await lettersOf(of)).map((letter) => {
        const { faastenreason, faastenattempt, faastenfunction: _, ...sent } = toSent<In>(letter);
        return { ...sent, reason: String(faastenreason), attempts: Number(faastenattempt) } as DeadLetter<In>;
      });
    },
    async redrive(definition, id) {
      const { inbox, of } = await inboxOf(definition);
      const letters = (await lettersOf(definition)).filter((letter) => id === undefined || letter.id === id);
      let sent = 0;
      for (const letter of letters) if (await inbox.redrive?.(of, letter.id)) sent += 1;
      return sent;
    },
    open(grant) {
      checkOpen();
      return self.open(grant);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** As of a path that is asked of it, and where its bindings' addresses lie. */
const origin = "http://localhost";
const signedPath = "/_faasten/bindings/";

/** At one instant. */
const mostDeliveries = 10_000;

/** What an event for it says of where it comes from. */
function sourceOf({ on }: Definition, name: string): { readonly topic: string; readonly pubsub: string } {
  if (on.kind === "topic") return on;
  if (on.kind === "binding") return { topic: on.binding, pubsub: on.binding };
  throw new FaastenError("INVALID", `testApp: ${name} takes no events`);
}

function checkEnd(deliveries: ReadonlyMap<string, number>): void {
  const counts = [...deliveries].sort(([, a], [, b]) => b - a);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  if (total <= mostDeliveries) return;
  const most = counts.slice(0, 3).map(([name, count]) => `${name} (${count})`);
  throw new FaastenError(
    "INTERNAL",
    `testApp: ${total} deliveries at one instant, and no end of it: ${most.join(", ")}: what a subscriber publishes comes back to it`,
  );
}

function instant(time: string | number | Date): number {
  const found = new Date(time).getTime();
  if (!Number.isNaN(found)) return found;
  throw new FaastenError("INVALID", `testApp: "${String(time)}" is no time: write "2026-10-25T00:00:00Z"`);
}
