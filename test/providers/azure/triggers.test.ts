// What Azure hands over, as arrivals; and what became of them, as its replies.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { azure } from "../../../providers/azure/index.ts";
import type { Invoked } from "../../../providers/azure/invoked.ts";
import { toNcrontab } from "../../../providers/azure/ncrontab.ts";
import { toTimeout } from "../../../providers/azure/timeout.ts";
import { type HttpInput, trigger as http } from "../../../providers/azure/triggers/http.ts";
import { trigger as serviceBus } from "../../../providers/azure/triggers/service-bus.ts";
import { trigger as timer } from "../../../providers/azure/triggers/timer.ts";
import { binding, http as requests, schedule, topic } from "../../../src/index.ts";
import {
  type Call,
  createRunner,
  type Outcome,
  type PubSub,
  Redeliver,
  type Served,
  type TriggerSpec,
} from "../../../src/provider.ts";

interface Message {
  readonly name: string;
  /** As the library hands it over: its names begin with small letters, and its texts are parsed. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** In base64. */
  readonly body: string;
  /** Bytes are `{ base64 }`. */
  readonly arrivals: readonly unknown[];
}

interface Ring {
  readonly name: string;
  readonly cron: string;
  readonly timeZone?: string;
  readonly at: string;
  readonly retryCount?: number;
  readonly input: unknown;
  readonly arrivals: readonly unknown[];
}

describe(serviceBus.name, () => {
  const messages = read("service-bus") as readonly Message[];

  for (const { name, metadata, body, arrivals } of messages) {
    test(name, async () => {
      const call = messageCall(metadata, Buffer.from(body, "base64"));
      expect(serviceBus.accepts(call.payload)).toBe(true);
      expect(withoutBytes(await serviceBus.decode(call))).toEqual(arrivals);
    });
  }

  test.each<[string, unknown, string]>([
    ["a text", '{"a":1.50}', '{"a":1.50}'],
    ["a value that the library has parsed", { a: 1.5 }, '{"a":1.5}'],
  ])("%s in place of bytes", async (_name, input, json) => {
    const [arrival] = await serviceBus.decode(messageCall({ messageId: "1" }, input));
    expect(arrival).toMatchObject({ kind: "event", event: { data: { json } } });
  });

  test.each<[string, readonly Outcome[]]>([
    ["done, or buried", [{ kind: "done" }]],
    ["dropped", [{ kind: "drop", reason: "" }]],
  ])("%s: the call succeeds", (_name, outcomes) => {
    expect(serviceBus.encode(outcomes, messageCall({}, null))).toBeUndefined();
  });

  test.each<[string, readonly Outcome[]]>([
    ["to come again", [{ kind: "retry", reason: "not today" }]],
    ["to come again later", [{ kind: "retry", notBefore: 1, reason: "not today" }]],
    ["dead, and stored by nobody", [{ kind: "dead", reason: "not today" }]],
    ["nothing", []],
  ])("%s: the call fails", (_name, outcomes) => {
    expect(() => serviceBus.encode(outcomes, messageCall({}, null))).toThrow(Redeliver);
  });

  test("a message, changed at any place, is acknowledged exactly if it was handled or dropped", async () => {
    const values = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant({ a: 1 }));
    const mutated = fc
      .tuple(fc.constantFrom(...messages), fc.nat(), fc.string({ maxLength: 3 }), fc.nat(), values)
      .map(([{ metadata, body }, at, text, which, value]) => {
        const bytes = Buffer.from(body, "base64").toString("latin1");
        const from = at % (bytes.length + 1);
        const changed = Buffer.from(bytes.slice(0, from) + text + bytes.slice(from + text.length), "latin1");
        const names = Object.keys(metadata);
        return { body: changed, metadata: { ...metadata, [names[which % names.length] ?? ""]: value } };
      });
    let settled = 0;
    const definition = topic("any", { raw: true }).subscribe((event) => {
      if (event.data.length % 3 === 0) throw new Error("not today");
      if (event.data.length % 3 === 1) event.drop("not for us");
      settled++;
    });
    const served: Served = { name: "ship", definition, triggers: [serviceBus] };
    const pubsub = { type: "none", metadata: {}, create: (): PubSub => ({ publish: async () => {} }) };
    const runner = createRunner({ service: "s", functions: [served], components: { pubsub } }, () => {});
    await fc.assert(
      fc.asyncProperty(mutated, async ({ metadata, body }) => {
        const before = settled;
        const acknowledged = await runner.run(served, messageCall(metadata, body)).then(
          () => true,
          () => false,
        );
        expect(acknowledged).toBe(settled > before);
      }),
      { numRuns: 500 },
    );
    expect(settled).toBeGreaterThan(0);
  });
});

describe(timer.name, () => {
  for (const { name, cron, timeZone, at, retryCount, input, arrivals } of read("timer") as readonly Ring[]) {
    test(name, async () => {
      const on: TriggerSpec = { kind: "schedule", cron, ...(timeZone !== undefined && { timeZone }) };
      const context = retryCount === undefined ? {} : { retryContext: { retryCount, maxRetryCount: 2 } };
      const call = callOf({ service: "orders", function: "countOrders", on, input, context, at: Date.parse(at) });
      expect(timer.accepts(call.payload)).toBe(true);
      expect(await timer.decode(call as Call<Invoked<null>>)).toEqual(arrivals);
    });
  }

  test("a run that failed fails the call, for its retry policy; one that was not due does not", () => {
    const call = callOf({ input: null }) as Call<Invoked<null>>;
    expect(timer.encode([], call)).toBeUndefined();
    expect(timer.encode([{ kind: "done" }], call)).toBeUndefined();
    expect(() => timer.encode([{ kind: "retry", reason: "not today" }], call)).toThrow(Redeliver);
    expect(timer.binding({ name: "n", definition: schedule("0 3 * * *", () => {}) })).toEqual({
      trigger: { type: "timerTrigger", schedule: "0 0 3 * * *", useMonitor: true },
      retry: { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: { seconds: 30 } },
    });
  });

  test("a binding that is a clock rings as a schedule does; what is dead there is not rung for again", async () => {
    const on = { kind: "binding", binding: "beat", attempts: 5, cron: "0 3 * * *", timeZone: "Asia/Tokyo" } as const;
    const definition = { ...binding("beat").input(() => {}), on };
    const { trigger, retry } = timer.binding({ name: "n", definition });
    expect([trigger["schedule"], retry?.maxRetryCount]).toEqual(["0 0 18 * * *", 4]);
    const call = callOf({ on, input: null, at: Date.parse("2026-11-20T18:00:00.100Z") }) as Call<Invoked<null>>;
    expect(timer.accepts(call.payload)).toBe(true);
    expect(await timer.decode(call)).toMatchObject([{ event: { id: "ship/2026-11-20T18:00:00.000Z" }, attempt: 1 }]);
    expect(timer.encode([{ kind: "dead", reason: "no use" }], call)).toBeUndefined();
  });

  test.each<[string, string | undefined, string]>([
    ["0 3 * * *", undefined, "0 0 3 * * *"],
    ["every 15 minutes", undefined, "0 */15 * * * *"],
    ["0 9-17/2 1,15 JAN-MAR *", undefined, "0 0 9-17/2 1,15 JAN-MAR *"],
    ["0 3 * * 5-7", undefined, "0 0 3 * * 0,5,6"],
    ["0 3 * * FRI-SUN", undefined, "0 0 3 * * 0,5,6"],
    ["0 3 * * SUN,WED", undefined, "0 0 3 * * 0,3"],
    ["0 3 1 * *", "Europe/Paris", "0 0 1,2 1 * *"],
    ["30 2 * * MON", "UTC", "0 30 2 * * 1"],
    ["0 0 1 * *", "Europe/Paris", "0 0 22,23 * * *"],
    ["15 9 * * 1-5", "Asia/Kolkata", "0 45 3 * * 1,2,3,4,5"],
    ["0 22 * * *", "America/New_York", "0 0 2,3 * * *"],
    ["0 12 * * *", "Australia/Lord_Howe", "0 0,30 1 * * *"],
    ["every 30 minutes", "Asia/Kathmandu", `0 15,45 ${Array.from({ length: 24 }, (_, hour) => hour).join(",")} * * *`],
  ])("%s in %s is %s", (cron, timeZone, expected) => {
    expect(toNcrontab(cron, timeZone)).toBe(expected);
  });
});

describe(http.name, () => {
  test.each<[string, string, object]>([
    ["a name and a value", "a=1", { name: "a", value: "1" }],
    ["an empty value", "a=", { name: "a", value: "" }],
    ["a value as it will be encoded", "a=b%20c; Path=/x", { name: "a", value: "b c", path: "/x" }],
    ["a value that nothing has encoded", "a=100%", { name: "a", value: "100%" }],
    [
      "all attributes, however they are spelled",
      "a=1;domain=example.com; PATH=/; expires=Wed, 21 Oct 2037 07:28:00 GMT;Max-Age=-1; secure; httponly; samesite=none",
      {
        name: "a",
        value: "1",
        domain: "example.com",
        path: "/",
        expires: new Date("2037-10-21T07:28:00Z"),
        maxAge: -1,
        secure: true,
        httpOnly: true,
        sameSite: "None",
      },
    ],
    [
      "attributes that no browser takes",
      "a=1; Domain=a b; Path=x; Expires=never; Max-Age=1.5; SameSite=Maybe; Partitioned",
      { name: "a", value: "1" },
    ],
  ])("a cookie: %s", async (_name, line, cookie) => {
    const response = new Response(null, { headers: { "set-cookie": line } });
    expect(await http.encode([{ kind: "reply", response }], requestCall())).toEqual({
      status: 200,
      headers: [],
      cookies: [cookie],
    });
  });

  test("a cookie that the library would refuse after it has begun to reply", () => {
    const response = new Response(null, { headers: { "set-cookie": "no name here" } });
    expect(() => http.encode([{ kind: "reply", response }], requestCall())).toThrow("a cookie cannot be called");
  });

  test("of a body that is too large, no more is kept than shows it, and all is read", async () => {
    let read = 0;
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(1024 * 1024));
        if (++read === 8) controller.close();
      },
    });
    const [arrival] = await http.decode(requestCall({ method: "PUT", body }));
    if (arrival?.kind !== "request") throw new Error("no request");
    expect((await arrival.request.arrayBuffer()).byteLength).toBe(4 * 1024 * 1024 + 1);
    expect(read).toBe(8);
  });

  test("a body that ends too soon is the client's fault", async () => {
    const body = new ReadableStream({ start: (controller) => controller.error(new Error("aborted")) });
    await expect(http.decode(requestCall({ method: "PUT", body }))).rejects.toMatchObject({ code: "INVALID" });
  });

  test("each trigger takes only what was registered for it", () => {
    const [message, request] = [messageCall({}, null).payload, requestCall().payload];
    expect([http.accepts(request), http.accepts(message)]).toEqual([true, false]);
    expect([serviceBus.accepts(request), serviceBus.accepts(message)]).toEqual([false, true]);
    expect([timer.accepts(request), timer.accepts(undefined)]).toEqual([false, false]);
    const event = { specversion: "1.0", id: "1", source: "s", type: "t" };
    expect(serviceBus.accepts(requestCall({ url: "https://x/", ...event }).payload)).toBe(false);
    expect(http.binding({ name: "n", definition: requests.get("/", () => new Response()) }).trigger.type).toBe(
      "httpTrigger",
    );
  });
});

describe("the time that a function has", () => {
  test.each<[string | undefined, number]>([
    ["00:00:30", 30_000],
    ["00:10:00", 600_000],
    ["1.02:00:00", 93_600_000],
    ["-1", Number.POSITIVE_INFINITY],
    ["soon", 30_000],
  ])("%s", (text, milliseconds) => {
    expect(toTimeout(text)).toBe(milliseconds);
  });

  test("without the setting: what host.json says, and so long a message is locked", () => {
    const host = JSON.parse(azure.files?.["host.json"] ?? "") as {
      functionTimeout: string;
      extensions: { serviceBus: { maxAutoLockRenewalDuration: string }; http: { routePrefix: string } };
    };
    expect(toTimeout(host.functionTimeout)).toBe(toTimeout(undefined));
    expect(host.extensions.serviceBus.maxAutoLockRenewalDuration).toBe(host.functionTimeout);
    expect(host.extensions.http.routePrefix).toBe("");
  });
});

function callOf<Input>(payload: Partial<Invoked<Input>> & { readonly input: Input }): Call<Invoked<Input>> {
  const on: TriggerSpec = { kind: "schedule", cron: "0 3 * * *" };
  const whole = { service: "orders", function: "ship", on, context: {}, at: 0, ...payload };
  return { id: "1", payload: whole, context: {}, deadline: Number.POSITIVE_INFINITY };
}

function messageCall(metadata: Readonly<Record<string, unknown>>, input: unknown): Call<Invoked> {
  const on: TriggerSpec = { kind: "topic", topic: "t", pubsub: "pubsub", attempts: 5, ordered: false };
  return callOf({ on, input, context: { triggerMetadata: { ...metadata } } });
}

function requestCall(input: Partial<HttpInput> = {}): Call<Invoked<HttpInput>> {
  const request = { method: "GET", url: "https://example.com/", headers: new Headers(), body: null, ...input };
  return callOf({ on: { kind: "http", method: "*", path: "/*" }, input: request });
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../fixtures/azure/${file}.json`, import.meta.url), "utf8"));
}

function withoutBytes(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutBytes);
  if ("bytes" in value) return { base64: Buffer.from(value.bytes as Uint8Array).toString("base64") };
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutBytes(member)]));
}
