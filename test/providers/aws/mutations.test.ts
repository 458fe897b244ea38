// Calls changed at any place: nothing is acknowledged that was not handled, buried or dropped, and nothing of that comes again.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { trigger as alb } from "../../../providers/aws/triggers/alb.ts";
import { trigger as eventbridge } from "../../../providers/aws/triggers/eventbridge.ts";
import { trigger as eventbridgeInbox } from "../../../providers/aws/triggers/eventbridge-inbox.ts";
import { trigger as http } from "../../../providers/aws/triggers/http.ts";
import { trigger as invocation } from "../../../providers/aws/triggers/invocation.ts";
import { trigger as rest } from "../../../providers/aws/triggers/rest.ts";
import { trigger as s3 } from "../../../providers/aws/triggers/s3.ts";
import { trigger as s3Eventbridge } from "../../../providers/aws/triggers/s3-eventbridge.ts";
import { trigger as s3Inbox } from "../../../providers/aws/triggers/s3-inbox.ts";
import { trigger as scheduler } from "../../../providers/aws/triggers/scheduler.ts";
import { trigger as sns } from "../../../providers/aws/triggers/sns.ts";
import { trigger as sqs } from "../../../providers/aws/triggers/sqs.ts";
import { http as functions } from "../../../src/index.ts";
import {
  type Arrival,
  createRunner,
  type Definition,
  FaastenError,
  type Outcome,
  type PubSub,
  Redeliver,
  type Trigger,
} from "../../../src/provider.ts";
import { createRandom } from "../../faults/random.ts";
import { sqsEvent } from "../../servers/sqs-event.ts";
import { mutated } from "./mutate.ts";

const seed = Number(process.env["FAASTEN_SEED"] ?? 20261121);
const times = 10_000;
const vendor = new URL("../../../../shared/events/aws/", import.meta.url);
if (!existsSync(vendor)) console.log("skipped: the vendor's recorded events do not lie beside the repository");

/** Of one call: which of its records the platform takes for done. */
type Acknowledged = (result: unknown, records: readonly unknown[]) => readonly boolean[];

/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html */
const batch: Acknowledged = (result, records) => {
  const ids = records.map((record) => (record as { messageId?: unknown } | null)?.messageId);
  if (result instanceof Error) return ids.map(() => false);
  const named = (result as { batchItemFailures: { itemIdentifier: unknown }[] }).batchItemFailures.map(
    ({ itemIdentifier }) => itemIdentifier,
  );
  const readable = named.every((id) => typeof id === "string" && id !== "" && ids.includes(id));
  return ids.map((id) => readable && !named.includes(id));
};

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
const whole: Acknowledged = (result, records) => records.map(() => !(result instanceof Error));

interface Kind {
  readonly trigger: Trigger;
  readonly file: string;
  readonly recorded?: readonly string[];
  readonly acknowledged: Acknowledged;
  /** A rule lays it into a queue. */
  readonly laid?: true;
}

const queues: readonly string[] = [sqs.name, s3Inbox.name, eventbridgeInbox.name];

const events: readonly Kind[] = [
  { trigger: sqs, file: "sqs", recorded: ["sqs-event"], acknowledged: batch },
  { trigger: scheduler, file: "scheduler", acknowledged: whole },
  {
    trigger: sns,
    file: "sns",
    recorded: ["sns-event", "cloudwatch-alarm-sns-payload-single-metric"],
    acknowledged: whole,
  },
  { trigger: eventbridge, file: "eventbridge", recorded: ["ecr-image-push-event"], acknowledged: whole },
  { trigger: s3, file: "s3", recorded: ["s3-event", "s3-event-with-decoded"], acknowledged: whole },
  { trigger: s3Eventbridge, file: "s3-eventbridge", acknowledged: whole },
  { trigger: s3Inbox, file: "s3-eventbridge", acknowledged: batch, laid: true },
  {
    trigger: eventbridgeInbox,
    file: "eventbridge",
    recorded: ["ecr-image-push-event"],
    acknowledged: batch,
    laid: true,
  },
];

const requests: readonly Omit<Kind, "acknowledged">[] = [
  {
    trigger: http,
    file: "http",
    recorded: ["apigw-v2-request-no-authorizer", "apigw-v2-request-jwt-authorizer", "lambda-urls-request"],
  },
  { trigger: rest, file: "rest", recorded: ["apigw-request"] },
  {
    trigger: alb,
    file: "alb",
    recorded: ["alb-lambda-target-request-headers-only", "alb-lambda-target-request-multivalue-headers"],
  },
  { trigger: invocation, file: "invocation" },
];

describe(`events, changed at any place (seed ${seed})`, () => {
  test.each(events.map((kind) => ({ name: kind.trigger.name, ...kind })))("$name", async (kind) => {
    const account = await examine(kind, times);
    expect(account.acknowledged + account.excused).toBe(account.handled + account.buried + account.dropped);
    for (const what of ["handled", "dropped", "left", "refused"] as const)
      expect(account[what], what).toBeGreaterThan(0);
    if (queues.includes(kind.trigger.name)) expect(account.buried, "buried").toBeGreaterThan(0);
  });

  const [queued, , notified] = events as readonly [Kind, Kind, Kind];
  const unread = (kind: Kind): Kind => ({
    ...kind,
    trigger: {
      ...kind.trigger,
      decode: async (call) => (await kind.trigger.decode(call)).filter((arrival) => arrival.kind !== "malformed"),
    },
  });
  test.each<[string, Kind]>([
    ["a batch, whatever became of it", { ...queued, trigger: { ...sqs, encode: () => ({ batchItemFailures: [] }) } }],
    ["what cannot be read in a batch", unread(queued)],
    ["a notification, whatever became of it", { ...notified, trigger: { ...sns, encode: () => undefined } }],
    ["a notification that cannot be read", unread(notified)],
  ])("a trigger that acknowledges %s is found out", async (_name, planted) => {
    await expect(examine(planted, 2000)).rejects.toThrow();
  });
});

describe(`requests, changed at any place (seed ${seed})`, () => {
  test.each(requests.map((kind) => ({ name: kind.trigger.name, ...kind })))("$name", async ({ trigger, ...kind }) => {
    let handled = 0;
    const definition = functions.any("/*", { access: "public" }, async (request) => {
      handled++;
      const text = await request.text();
      return Response.json({ method: request.method, url: request.url, names: [...request.headers.keys()], text });
    });
    const served = { name: "any", definition, triggers: [trigger] };
    const runner = createRunner({ service: "s", functions: [served], components: {} }, () => {});
    const random = createRandom(seed);
    const recorded = payloadsOf(kind);
    const ends = { handled: 0, answered: 0, refused: 0 };
    for (let time = 0; time < times; time++) {
      const payload = mutated(recorded[time % recorded.length], random);
      const before = handled;
      const result = await runner.run(served, callOf(payload)).catch((error: unknown) => error);
      if (result instanceof Error) {
        expect(result, JSON.stringify(payload)).toBeInstanceOf(FaastenError);
        expect(trigger.accepts(payload), JSON.stringify(payload)).toBe(false);
        ends.refused++;
        continue;
      }
      const { statusCode, body, isBase64Encoded } = result as Readonly<Record<string, unknown>>;
      expect([typeof statusCode, typeof body, typeof isBase64Encoded]).toEqual(["number", "string", "boolean"]);
      if (handled > before) ends.handled++;
      else expect(Number(statusCode), JSON.stringify(payload)).toBeGreaterThanOrEqual(400);
      ends.answered++;
    }
    expect(ends.answered + ends.refused).toBe(times);
    expect(Math.min(ends.handled, ends.refused)).toBeGreaterThan(0);
  });
});

interface Account {
  handled: number;
  buried: number;
  dropped: number;
  /** To come again. */
  left: number;
  /** Calls that no trigger knew: all that is in them comes again. */
  refused: number;
  acknowledged: number;
  /** Done, and nevertheless to come again: the platform knows no other way to have a neighbour again. */
  excused: number;
}

/** Fails at the first record that is acknowledged and was not done, or done and not acknowledged. */
async function examine(kind: Kind, calls: number): Promise<Account> {
  const account: Account = { handled: 0, buried: 0, dropped: 0, left: 0, refused: 0, acknowledged: 0, excused: 0 };
  const random = createRandom(seed);
  const { trigger, acknowledged } = kind;
  const recorded = payloadsOf(kind);
  let arrivals: readonly Arrival[] = [];
  const done = new Set<Arrival>();

  const watched: Trigger = {
    ...trigger,
    async decode(call) {
      arrivals = await trigger.decode(call);
      for (const arrival of arrivals)
        if (arrival.kind === "event" && hasExpired(arrival.event.extensions?.["expiration"])) {
          account.dropped++;
          done.add(arrival);
        }
      return arrivals;
    },
  };
  const fates: readonly (() => Outcome)[] = [
    () => ({ kind: "done" }),
    () => ({ kind: "drop", reason: "not for us" }),
    () => ({ kind: "dead", reason: "no use" }),
    () => ({ kind: "retry", reason: "not yet" }),
    () => ({ kind: "retry", reason: "later", notBefore: Date.now() + 1000 }),
    () => {
      throw new Error("not today");
    },
  ];
  const definition: Definition = {
    faasten: "function",
    on: kind.laid
      ? { kind: "binding", binding: "any", attempts: 3 }
      : trigger.name === sqs.name
        ? { kind: "topic", topic: "any", pubsub: "pubsub", attempts: 3, ordered: false }
        : { kind: "schedule", cron: "* * * * *" },
    uses: {},
    async settle(arrival) {
      const outcome = fates[Math.floor(random() ** 2 * fates.length)]?.() ?? { kind: "done" };
      if (outcome.kind === "done") account.handled++;
      if (outcome.kind === "drop") account.dropped++;
      // Of the clock the log alone keeps what is dead.
      const buried = outcome.kind === "dead" && trigger.name === scheduler.name;
      if (buried) account.buried++;
      if (outcome.kind === "done" || outcome.kind === "drop" || buried) done.add(arrival);
      return outcome;
    },
    fail: (error) => ({ kind: "retry", reason: String(error) }),
  };
  const broker: PubSub = {
    publish: async () => {},
    postpone: async () => false,
    async bury(_from, arrival, reason) {
      if (random() < 0.2) throw new Error("the dead letters' queue is away");
      expect(reason).not.toBe("");
      account.buried++;
      done.add(arrival);
    },
  };
  const served = { name: "any", definition, triggers: [watched] };
  const pubsub = { type: "none", metadata: {}, create: () => broker };
  const app = { service: "s", functions: [served], components: { pubsub }, ...(kind.laid && { inbox: () => broker }) };
  const runner = createRunner(app, () => {});

  for (let time = 0; time < calls; time++) {
    const original = recorded[time % recorded.length];
    const lay = (event: unknown): unknown => sqsEvent({ id: `m${time}`, body: JSON.stringify(event) });
    // Now within the event, now around it.
    const within = kind.laid && time % 2 === 0;
    const payload = within ? lay(mutated(original, random)) : mutated(kind.laid ? lay(original) : original, random);
    const what = JSON.stringify(payload);
    [arrivals] = [[]];
    done.clear();
    const result = await runner.run(served, callOf(payload)).catch((error: unknown) => error);
    if (!trigger.accepts(payload)) {
      account.refused++;
      expect(result, what).toBeInstanceOf(FaastenError);
      continue;
    }
    if (result instanceof Error) expect(result, what).toBeInstanceOf(Redeliver);
    const records = recordsOf(payload);
    expect(arrivals.length, what).toBe(records.length);
    const taken = acknowledged(result, records);
    const left = arrivals.filter((arrival) => !done.has(arrival)).length;
    account.left += left;
    taken.forEach((acknowledged, index) => {
      const fine = done.has(arrivals[index] as Arrival);
      if (acknowledged) {
        expect(fine, `acknowledged, and not done: ${what}`).toBe(true);
        account.acknowledged++;
      } else if (fine) {
        expect(left, `done, and comes again for nothing: ${what}`).toBeGreaterThan(0);
        if (queues.includes(trigger.name)) expect(hasNamesake(records, index), what).toBe(true);
        account.excused++;
      }
    });
  }
  return account;
}

/** SQS gives each message an id of its own; where a change has taken that away, a failure names more than its own. */
function hasNamesake(records: readonly unknown[], index: number): boolean {
  const ids = records.map((record) => (record as { messageId?: unknown }).messageId);
  const own = ids[index];
  return ids.some((id, at) => (at !== index && id === own) || typeof id !== "string" || id === "");
}

function recordsOf(payload: unknown): readonly unknown[] {
  const { Records, Event } = payload as { readonly Records?: unknown; readonly Event?: unknown };
  return Event === "s3:TestEvent" ? [] : Array.isArray(Records) ? Records : [payload];
}

function hasExpired(expiration: unknown): boolean {
  return typeof expiration === "string" && Date.parse(expiration) <= Date.now();
}

/** Our own recorded calls, and the vendor's where they lie beside the repository. */
function payloadsOf({ file, recorded = [] }: Pick<Kind, "file" | "recorded">): readonly unknown[] {
  const own = read<readonly { readonly payload: unknown }[]>(
    new URL(`../../fixtures/aws/${file}.json`, import.meta.url),
  );
  const files = existsSync(vendor) ? recorded.map((name) => new URL(`${name}.json`, vendor)) : [];
  return [...own.map(({ payload }) => payload), ...files.map((found) => read<unknown>(found))];
}

function read<T>(file: URL): T {
  return JSON.parse(readFileSync(file, "utf8"));
}

function callOf(payload: unknown) {
  return { id: "1", payload, context: {}, deadline: Number.POSITIVE_INFINITY };
}
