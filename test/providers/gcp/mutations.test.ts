// Posts changed at any place: nothing is acknowledged that was not handled, buried or dropped, and nothing of that comes again.
import { readFileSync } from "node:fs";
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Readable, Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { GoogleTrigger, Message } from "../../../providers/gcp/message.ts";
import type { Push } from "../../../providers/gcp/push.ts";
import { trigger as eventarc } from "../../../providers/gcp/triggers/eventarc.ts";
import { trigger as http } from "../../../providers/gcp/triggers/http.ts";
import { trigger as pubsubPush } from "../../../providers/gcp/triggers/pubsub-push.ts";
import { trigger as scheduler } from "../../../providers/gcp/triggers/scheduler.ts";
import { trigger as storagePush } from "../../../providers/gcp/triggers/storage-push.ts";
import { http as functions } from "../../../src/index.ts";
import {
  type Arrival,
  createRunner,
  type Definition,
  FaastenError,
  type Outcome,
  type PubSub,
  type Reply,
  type Served,
  type Trigger,
} from "../../../src/provider.ts";
import { createRandom } from "../../faults/random.ts";
import { mutated } from "../aws/mutate.ts";

const seed = Number(process.env["FAASTEN_SEED"] ?? 20261121);
const times = 10_000;

interface Kind {
  readonly trigger: GoogleTrigger<Push>;
  readonly file: string;
  readonly on: Definition["on"];
}

const uploads: Definition["on"] = { kind: "binding", binding: "uploads", attempts: 3 };
const events: readonly Kind[] = [
  {
    trigger: pubsubPush,
    file: "pubsub-push",
    on: { kind: "topic", topic: "any", pubsub: "pubsub", attempts: 3, ordered: false },
  },
  { trigger: storagePush, file: "storage-push", on: uploads },
  { trigger: eventarc, file: "eventarc", on: uploads },
  { trigger: scheduler, file: "scheduler", on: { kind: "schedule", cron: "* * * * *" } },
];

describe(`posts, changed at any place (seed ${seed})`, () => {
  test.each(events.map((kind) => ({ name: kind.trigger.name, ...kind })))("$name", async (kind) => {
    const account = await examine(kind, times);
    expect(account.acknowledged + account.excused).toBe(account.handled + account.buried + account.dropped);
    for (const what of ["handled", "dropped", "left"] as const) expect(account[what], what).toBeGreaterThan(0);
    if (kind.trigger === pubsubPush) expect(account.buried, "buried").toBeGreaterThan(0);
    if (kind.trigger === eventarc) expect(account.refused, "refused").toBeGreaterThan(0);
    if (kind.trigger === storagePush) expect(account.empty, "of nothing").toBeGreaterThan(0);
  });

  const [pushes, changes] = events as readonly [Kind, Kind];
  const done: Reply = { status: 204, headers: [], cookies: [], body: undefined };
  test.each<[string, Kind]>([
    ["whatever came", { ...pushes, trigger: { ...pubsubPush, encode: () => done } }],
    [
      "what cannot be read",
      {
        ...changes,
        trigger: {
          ...storagePush,
          decode: async (call) => (await storagePush.decode(call)).filter(({ kind }) => kind !== "malformed"),
        },
      },
    ],
    [
      "what is to come again",
      {
        ...pushes,
        trigger: {
          ...pubsubPush,
          encode: (outcomes, call) =>
            outcomes.some(({ kind }) => kind === "retry") ? done : pubsubPush.encode(outcomes, call),
        },
      },
    ],
  ])("a trigger that acknowledges %s is found out", async (_name, planted) => {
    await expect(examine(planted, 2000)).rejects.toThrow();
  });
});

describe(`requests, changed at any place (seed ${seed})`, () => {
  test(http.name, async () => {
    let handled = 0;
    const definition = functions.any("/*", { access: "public" }, async (request) => {
      handled++;
      const text = await request.text();
      return Response.json({ method: request.method, url: request.url, names: [...request.headers.keys()], text });
    });
    const served = { name: "any", definition, triggers: [http] };
    const app = { service: "s", functions: [served], components: {} };
    const runner = createRunner(app, () => {});
    const handler = http.receive({
      app,
      journal: runner.journal,
      run: (one, payload) => runner.run(one, { id: "1", payload, context: {}, deadline: Number.POSITIVE_INFINITY }),
    });
    const random = createRandom(seed);
    const base = {
      method: "POST",
      url: "/orders/a%20b?quantity=2&x=%ff",
      headers: {
        host: "shop.example",
        "content-type": "application/json",
        cookie: "a=1; b=2",
        "x-forwarded-for": "::1",
      },
      body: '{"id":"a","notes":["é"]}',
    };
    let refused = 0;
    for (let time = 0; time < times; time++) {
      const { method, url, headers, body } = requestOf(mutated(base, random));
      const before = handled;
      const status = await answered(handler, { method, url, headers, body });
      expect(status, JSON.stringify({ method, url, headers })).toBeGreaterThanOrEqual(200);
      if (handled > before) expect(status).toBe(200);
      else {
        refused++;
        expect(status, JSON.stringify({ method, url, headers })).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
      }
    }
    expect(handled + refused).toBe(times);
    expect(Math.min(handled, refused)).toBeGreaterThan(0);
  });
});

interface Account {
  handled: number;
  buried: number;
  dropped: number;
  /** To come again. */
  left: number;
  /** Posts that the trigger did not know: they come again. */
  refused: number;
  /** Posts in which there was nothing to do. */
  empty: number;
  acknowledged: number;
  /** Done, and nevertheless to come again, for a neighbour. */
  excused: number;
}

/** Fails at the first post that is acknowledged and was not done, or done and not acknowledged. */
async function examine({ trigger, file, on }: Kind, calls: number): Promise<Account> {
  const account: Account = {
    handled: 0,
    buried: 0,
    dropped: 0,
    left: 0,
    refused: 0,
    empty: 0,
    acknowledged: 0,
    excused: 0,
  };
  const random = createRandom(seed);
  const recorded = postsOf(file);
  let arrivals: readonly Arrival[] = [];
  const done = new Set<Arrival>();
  const watched: Trigger = {
    ...trigger,
    async decode(call) {
      arrivals = await trigger.decode(call as never);
      for (const arrival of arrivals) {
        const expired = arrival.kind === "event" && hasExpired(arrival.event.extensions?.["expiration"]);
        // Of the clock the log alone keeps what cannot be read.
        const logged = arrival.kind === "malformed" && on.kind === "schedule";
        if (expired) account.dropped++;
        if (logged) account.buried++;
        if (expired || logged) done.add(arrival);
      }
      return arrivals;
    },
  } as Trigger;
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
    async settle(arrival) {
      const outcome = fates[Math.floor(random() ** 2 * fates.length)]?.() ?? { kind: "done" };
      if (outcome.kind === "done") account.handled++;
      if (outcome.kind === "drop") account.dropped++;
      const buried = outcome.kind === "dead" && on.kind === "schedule";
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
      if (random() < 0.2) throw new Error("the dead letters' topic is away");
      expect(reason).not.toBe("");
      account.buried++;
      done.add(arrival);
    },
  };
  const served: Served = { name: "any", definition, triggers: [watched] };
  const pubsub = { type: "none", metadata: {}, create: () => broker };
  const runner = createRunner({ service: "s", functions: [served], components: { pubsub } }, () => {});

  for (let time = 0; time < calls; time++) {
    const payload = pushOf(mutated(recorded[time % recorded.length], random));
    const what = `${JSON.stringify(payload.headers)} ${Buffer.from(payload.body)}`;
    arrivals = [];
    done.clear();
    const call = { id: "1", payload, context: {}, deadline: Number.POSITIVE_INFINITY };
    const result = await runner.run(served, call).catch((error: unknown) => error);
    if (!trigger.accepts(payload)) {
      account.refused++;
      expect(result, what).toBeInstanceOf(FaastenError);
      continue;
    }
    const { status } = result as Reply;
    expect([204, 503], what).toContain(status);
    const left = arrivals.filter((arrival) => !done.has(arrival)).length;
    account.left += left;
    if (arrivals.length === 0) {
      account.empty++;
      expect(saysNothing(payload), `acknowledged, and nobody saw it: ${what}`).toBe(true);
    }
    expect(status === 204, `acknowledged exactly if all is done: ${what}`).toBe(left === 0);
    account[status === 204 ? "acknowledged" : "excused"] += done.size;
  }
  return account;
}

/** A batch of no events; or the version before an object that was written over. */
function saysNothing({ headers, body }: Push): boolean {
  const text = Buffer.from(body).toString();
  if (String(headers["content-type"]).includes("batch")) return text.replace(/\s/g, "") === "[]";
  const { attributes } = JSON.parse(text).message;
  return attributes.eventType === "OBJECT_DELETE" && attributes.overwrittenByGeneration.length > 0;
}

function hasExpired(expiration: unknown): boolean {
  return typeof expiration === "string" && Date.parse(expiration) <= Date.now();
}

/** Our recorded posts: their JSON opened, so that any place in it may change, and once more what a message holds. */
function postsOf(file: string): readonly unknown[] {
  const all = JSON.parse(readFileSync(new URL(`../../fixtures/gcp/${file}.json`, import.meta.url), "utf8"));
  return (all as readonly { readonly headers: object; readonly body: string }[]).flatMap(({ headers, body }) => {
    const opened = parsed(body);
    const { message } = Object(opened) as { readonly message?: { readonly data?: string } };
    const text = typeof message?.data === "string" ? Buffer.from(message.data, "base64").toString() : undefined;
    if (text === undefined) return [{ headers, body: opened }];
    const within = { ...Object(opened), message: { ...message, data: { text: parsed(text) } } };
    return [
      { headers, body: opened },
      { headers, body: within },
    ];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function pushOf(changed: unknown): Push {
  const { headers, body } = Object(changed) as { readonly headers?: unknown; readonly body?: unknown };
  const { message } = Object(body) as { readonly message?: { data?: unknown } };
  const { text } = Object(message?.data) as { readonly text?: unknown };
  if (message && text !== undefined) message.data = Buffer.from(textOf(text)).toString("base64");
  return { service: "orders", function: "any", headers: headersOf(headers), body: Buffer.from(textOf(body)) };
}

function requestOf(changed: unknown) {
  const { method, url, headers, body } = Object(changed) as Readonly<Record<string, unknown>>;
  return { method: textOf(method), url: textOf(url), headers: headersOf(headers), body: textOf(body) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** As node:http would give them: lower-case names, and no value that is not a text. */
function headersOf(headers: unknown): Readonly<Record<string, string>> {
  const own = Object.entries(Object(headers) as Readonly<Record<string, unknown>>);
  return Object.fromEntries(
    own.flatMap(([name, value]) => (typeof value === "string" ? [[name.toLowerCase(), value]] : [])),
  );
}

/** By a request and a response as node:http makes them, without the wire: the status. */
async function answered(
  handler: (message: Message, response: ServerResponse) => Promise<void>,
  { method, url, headers, body }: ReturnType<typeof requestOf>,
): Promise<number> {
  const rawHeaders = Object.entries(headers).flat();
  const bytes = Buffer.from(body);
  const socket = new Writable({ write: (_chunk, _encoding, next) => next() });
  const message = Object.assign(Readable.from([bytes]), {
    ...{ method, url, headers, rawHeaders, socket, httpVersion: "1.1", rawBody: bytes },
  }) as unknown as IncomingMessage;
  const response = new ServerResponse(message);
  // As the server does it, once all is sent.
  response.once("finish", () => response.emit("close"));
  response.assignSocket(socket as unknown as Socket);
  await handler(message, response);
  return response.statusCode;
}
