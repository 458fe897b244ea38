// Calls changed at any place: nothing is acknowledged that was not handled, buried or dropped, and nothing of that comes again.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { AzureTrigger, Invoked } from "../../../providers/azure/invoked.ts";
import { trigger as blob } from "../../../providers/azure/triggers/blob.ts";
import { trigger as eventGrid } from "../../../providers/azure/triggers/event-grid.ts";
import { type HttpInput, trigger as http } from "../../../providers/azure/triggers/http.ts";
import { trigger as serviceBus } from "../../../providers/azure/triggers/service-bus.ts";
import { trigger as storageQueue } from "../../../providers/azure/triggers/storage-queue.ts";
import { trigger as timer } from "../../../providers/azure/triggers/timer.ts";
import { http as functions } from "../../../src/index.ts";
import {
  type Arrival,
  createRunner,
  type Definition,
  FaastenError,
  type Outcome,
  type PubSub,
  Redeliver,
  type TriggerSpec,
} from "../../../src/provider.ts";
import { createRandom } from "../../faults/random.ts";
import { mutated } from "../aws/mutate.ts";

const seed = Number(process.env["FAASTEN_SEED"] ?? 20261121);
const times = 10_000;

/** What the library hands over, as JSON; `body`: of the message, or left out where the input is not bytes. */
interface Recorded {
  readonly metadata: unknown;
  readonly body?: unknown;
  readonly input?: unknown;
  readonly retryContext?: unknown;
}

interface Kind {
  readonly name: string;
  readonly trigger: AzureTrigger;
  readonly on: TriggerSpec;
  readonly recorded: readonly Recorded[];
}

const topic = { kind: "topic", topic: "any", pubsub: "pubsub", attempts: 3, ordered: false } as const;
const binding = { kind: "binding", binding: "any", attempts: 5 } as const;

const messages = (read("service-bus") as readonly { metadata: unknown; body: string }[]).map(({ metadata, body }) => ({
  metadata,
  body: Buffer.from(body, "base64").toString("latin1"),
}));
const metadata = { messageId: "1", deliveryCount: 1, lockToken: "lock", contentType: "application/json" };
const change = {
  source: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/shop",
  subject: "/blobServices/default/containers/shop-dev-uploads/blobs/in/a b",
  type: "Microsoft.Storage.BlobCreated",
  time: "2026-11-21T10:00:00.1234567Z",
  id: "831e1650-001e-001b-66ab-eeb76e069631",
  specversion: "1.0",
  data: { api: "PutBlob", contentLength: 4, url: "https://shop/a", sequencer: "0000000000000442" },
};
const { source: _source, type: _type, time: _time, specversion: _version, ...beside } = change;
const inOwnSchema = {
  ...beside,
  topic: change.source,
  eventType: change.type,
  eventTime: change.time,
  dataVersion: "",
};
const told: readonly Recorded[] = [
  change,
  { ...change, type: "Microsoft.Storage.BlobDeleted" },
  inOwnSchema,
  [inOwnSchema],
].map((event) => ({ metadata, body: JSON.stringify(event) }));
const ring = {
  scheduleStatus: { last: "2099-11-20T01:00:00+00:00", next: "2099-11-20T02:00:00+00:00" },
  isPastDue: false,
};

const kinds: readonly Kind[] = [
  { name: serviceBus.name, trigger: serviceBus, on: topic, recorded: messages },
  { name: eventGrid.name, trigger: eventGrid, on: binding, recorded: told },
  { name: blob.name, trigger: blob, on: binding, recorded: told },
  {
    name: storageQueue.name,
    trigger: storageQueue,
    on: binding,
    recorded: ['{"a":1.5}', "text", '{"specversion":"1.0","id":"1","source":"s","type":"t"}'].map((body) => ({
      metadata: { id: "1", dequeueCount: 1, popReceipt: "r", insertionTime: "2026-11-20T10:00:00+00:00" },
      body,
    })),
  },
  {
    name: timer.name,
    trigger: timer,
    on: { kind: "schedule", cron: "0 * * * *", timeZone: "Europe/Paris" },
    recorded: [{ metadata: {}, input: ring, retryContext: { retryCount: 1, maxRetryCount: 2 } }],
  },
];

describe(`events, changed at any place (seed ${seed})`, () => {
  test.each(kinds)("$name", async (kind) => {
    const account = await examine(kind, times);
    expect(account.acknowledged).toBe(account.handled + account.buried + account.dropped + account.none);
    for (const what of ["handled", "dropped", "left"] as const) expect(account[what], what).toBeGreaterThan(0);
    if (kind.trigger === serviceBus || kind.trigger === timer) expect(account.buried, "buried").toBeGreaterThan(0);
  });

  const unread = (kind: Kind): Kind => ({
    ...kind,
    trigger: {
      ...kind.trigger,
      decode: async (call) => (await kind.trigger.decode(call)).filter((arrival) => arrival.kind !== "malformed"),
      encode: (outcomes, call) => (outcomes.length === 0 ? undefined : kind.trigger.encode(outcomes, call)),
    },
  });
  test.each(
    kinds
      .filter(({ trigger }) => trigger !== timer)
      .flatMap((kind): readonly (readonly [string, Kind])[] => [
        [`${kind.name}: what cannot be read`, unread(kind)],
        [`${kind.name}: whatever became of it`, { ...kind, trigger: { ...kind.trigger, encode: () => undefined } }],
      ]),
  )("a trigger that acknowledges is found out, %s", async (_name, planted) => {
    await expect(examine(planted, 3000)).rejects.toThrow("acknowledged, and not done");
  });
});

test(`requests, changed at any place (seed ${seed}): each is answered`, async () => {
  let handled = 0;
  const definition = functions.any("/*", { access: "public" }, async (request) => {
    handled++;
    const text = await request.text();
    return Response.json({ method: request.method, url: request.url, names: [...request.headers.keys()], text });
  });
  const served = { name: "any", definition, triggers: [http] };
  const runner = createRunner({ service: "s", functions: [served], components: {} }, () => {});
  const random = createRandom(seed);
  const recorded = [
    {
      method: "GET",
      url: "https://app.azurewebsites.net/a?b=c",
      headers: [["host", "app.azurewebsites.net"]],
      body: [],
    },
    {
      method: "POST",
      url: "https://app.azurewebsites.net/orders/%C3%A9",
      headers: [
        ["content-type", "application/json"],
        ["cookie", "a=1; b=2"],
        ["x-forwarded-host", "shop.example"],
      ],
      body: ['{"a":', "1}"],
    },
  ];
  const ends = { handled: 0, refused: 0 };
  for (let time = 0; time < times; time++) {
    const changed = mutated(recorded[time % recorded.length], random) as Readonly<Record<string, unknown>> | null;
    const input = inputOf(changed);
    if (!input) continue;
    const before = handled;
    const payload: Invoked<HttpInput> = { ...invoked, on: definition.on, input };
    const what = JSON.stringify(changed);
    const result = await runner
      .run(served, { id: "1", payload, context: {}, deadline: Number.POSITIVE_INFINITY })
      .catch((error: unknown) => error);
    if (result instanceof Error) {
      expect(result, what).toBeInstanceOf(FaastenError);
      ends.refused++;
      continue;
    }
    const { status } = result as { readonly status: number };
    if (handled > before) ends.handled++;
    else {
      expect(status, what).toBeGreaterThanOrEqual(400);
      ends.refused++;
    }
  }
  expect(Math.min(ends.handled, ends.refused)).toBeGreaterThan(0);
});

const invoked = { service: "s", function: "any", context: {}, at: Date.parse("2099-11-20T02:00:01Z") };

/** Of the library's own request only what it can be: it has a method, an address that can be read, and headers of text. */
function inputOf(changed: Readonly<Record<string, unknown>> | null): HttpInput | undefined {
  const { method, url, headers, body } = changed ?? {};
  if (typeof method !== "string" || typeof url !== "string" || !URL.canParse(url)) return undefined;
  const pairs = (Array.isArray(headers) ? headers : []).filter(
    (pair): pair is [string, string] =>
      Array.isArray(pair) && pair.length === 2 && pair.every((each) => typeof each === "string"),
  );
  const parts = (Array.isArray(body) ? body : []).map((part) => Buffer.from(String(part)));
  try {
    const known = new Headers(pairs) as unknown as HttpInput["headers"];
    return { method, url, headers: known, body: parts.length > 0 ? streamed(parts) : null };
  } catch {
    return undefined;
  }
}

async function* streamed(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

interface Account {
  handled: number;
  buried: number;
  dropped: number;
  /** Calls without an arrival: a clock that rang at no instant of its schedule. */
  none: number;
  /** To come again. */
  left: number;
  acknowledged: number;
}

/** Fails at the first call that is acknowledged and was not done, or done and not acknowledged. */
async function examine({ trigger, on, recorded }: Kind, calls: number): Promise<Account> {
  const account: Account = { handled: 0, buried: 0, dropped: 0, none: 0, left: 0, acknowledged: 0 };
  const random = createRandom(seed);
  let arrivals: readonly Arrival[] = [];
  let isDone = false;
  const watched: AzureTrigger = {
    ...trigger,
    async decode(call) {
      arrivals = await trigger.decode(call);
      const [arrival] = arrivals;
      if (arrival?.kind === "event" && hasExpired(arrival.event.extensions?.["expiration"])) {
        account.dropped++;
        isDone = true;
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
    on,
    uses: {},
    async settle() {
      const outcome = fates[Math.floor(random() ** 2 * fates.length)]?.() ?? { kind: "done" };
      if (outcome.kind === "done") account.handled++;
      if (outcome.kind === "drop") account.dropped++;
      // Of the clock the log alone keeps what is dead.
      const isBuried = outcome.kind === "dead" && trigger.name === timer.name;
      if (isBuried) account.buried++;
      if (outcome.kind === "done" || outcome.kind === "drop" || isBuried) isDone = true;
      return outcome;
    },
    fail: (error) => ({ kind: "retry", reason: String(error) }),
  };
  const broker: PubSub = {
    publish: async () => {},
    postpone: async () => false,
    async bury(_from, _arrival, reason) {
      if (random() < 0.2) throw new Error("the dead letters' queue is away");
      expect(reason).not.toBe("");
      account.buried++;
      isDone = true;
    },
  };
  const served = { name: "any", definition, triggers: [watched] };
  const pubsub = { type: "none", metadata: {}, create: () => broker };
  const runner = createRunner({ service: "s", functions: [served], components: { pubsub } }, () => {});

  for (let time = 0; time < calls; time++) {
    const changed = mutated(recorded[time % recorded.length], random) as Recorded | null;
    const { metadata: triggerMetadata, body, input, retryContext } = Object(changed) as Recorded;
    const payload = {
      ...invoked,
      on,
      input: typeof body === "string" ? Buffer.from(body, "latin1") : (body ?? input),
      context: {
        ...(isObject(triggerMetadata) && { triggerMetadata }),
        ...(isObject(retryContext) && { retryContext }),
      },
    };
    const what = JSON.stringify(changed);
    [arrivals, isDone] = [[], false];
    expect(trigger.accepts(payload), what).toBe(true);
    const result = await runner
      .run(served, { id: "1", payload, context: {}, deadline: Number.POSITIVE_INFINITY })
      .catch((error: unknown) => error);
    if (result instanceof Error) {
      expect(result, what).toBeInstanceOf(Redeliver);
      expect(isDone, `done, and comes again for nothing: ${what}`).toBe(false);
      account.left++;
      continue;
    }
    const isNone = arrivals.length === 0 && trigger.name === timer.name;
    expect(isDone || isNone, `acknowledged, and not done: ${what}`).toBe(true);
    if (isNone) account.none++;
    account.acknowledged++;
  }
  return account;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasExpired(expiration: unknown): boolean {
  return typeof expiration === "string" && Date.parse(expiration) <= Date.now();
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../fixtures/azure/${name}.json`, import.meta.url), "utf8"));
}
