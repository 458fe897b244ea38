// What Lambda is called with, as arrivals; and what became of them, as its result.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type HttpEvent, trigger as http } from "../../../providers/aws/triggers/http.ts";
import { trigger as scheduler } from "../../../providers/aws/triggers/scheduler.ts";
import { type SqsEvent, type SqsResult, trigger as sqs } from "../../../providers/aws/triggers/sqs.ts";
import { topic } from "../../../src/index.ts";
import {
  type App,
  type Call,
  type CloudEvent,
  createRunner,
  type Outcome,
  type PubSub,
  Redeliver,
  type Served,
  type Trigger,
} from "../../../src/provider.ts";

interface RecordedRequest {
  readonly name: string;
  readonly payload: HttpEvent;
  readonly request: {
    readonly method: string;
    readonly url: string;
    /** Among others. */
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | { readonly base64: string };
  };
  readonly path: string;
  readonly caller?: unknown;
}

interface RecordedEvent {
  readonly name: string;
  readonly payload: unknown;
  /** Bytes are `{ base64 }`. */
  readonly arrivals: readonly unknown[];
}

const requests = read<RecordedRequest>("http");
const batches = read<RecordedEvent & { readonly payload: SqsEvent }>("sqs");
const runs = read<RecordedEvent>("scheduler");

describe(http.name, () => {
  for (const { name, payload, request: wanted, path, caller } of requests) {
    test(name, async () => {
      expect(http.accepts(payload)).toBe(true);
      const [arrival, ...others] = await http.decode(callOf(payload));
      if (arrival?.kind !== "request") throw new Error("a request is wanted");
      expect(others).toEqual([]);
      const { request } = arrival;
      expect([request.method, request.url, arrival.path]).toEqual([wanted.method, wanted.url, path]);
      for (const [header, value] of Object.entries(wanted.headers)) expect(request.headers.get(header)).toBe(value);
      const body = Buffer.from(await request.arrayBuffer());
      expect(typeof wanted.body === "string" ? body.toString() : { base64: body.toString("base64") }).toEqual(
        wanted.body,
      );
      expect(arrival.caller).toEqual(caller);
    });
  }

  const cookies = new Headers({ "x-beside": "1" });
  cookies.append("set-cookie", "a=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT");
  cookies.append("set-cookie", "b=x=y");
  const latin = Uint8Array.of(0xe9);
  const stream = new Blob(["Grü", "ße"]).stream();
  const text = "text/plain;charset=UTF-8";

  test.each<[string, Response, object]>([
    [
      "text",
      new Response("Grüße 🌍", { status: 201 }),
      { statusCode: 201, headers: { "content-type": text }, body: "Grüße 🌍" },
    ],
    ["JSON", Response.json({ a: 1 }), { headers: { "content-type": "application/json" }, body: '{"a":1}' }],
    ["nothing", new Response(null, { status: 204 }), { statusCode: 204, headers: {}, body: "" }],
    ["bytes that are text, as text", new Response(new TextEncoder().encode("ü")), { body: "ü" }],
    ["a byte order mark", new Response(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), { body: "\uFEFFa" }],
    [
      "bytes that are no text, whatever they call themselves",
      new Response(latin, { headers: { "content-type": "text/plain" } }),
      { body: "6Q==", isBase64Encoded: true },
    ],
    ["a stream, collected", new Response(stream), { body: "Grüße" }],
    [
      "cookies, each by itself",
      new Response(null, { headers: cookies }),
      { headers: { "x-beside": "1" }, cookies: ["a=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT", "b=x=y"] },
    ],
  ])("replies with %s", async (_name, response, wanted) => {
    const payload = requests[0]?.payload as HttpEvent;
    const result = await http.encode([{ kind: "reply", response }], callOf(payload));
    expect(result).toMatchObject({ statusCode: 200, isBase64Encoded: false, ...wanted });
  });

  test("what is no reply is an error", () => {
    expect(() => http.encode([{ kind: "done" }], callOf(requests[0]?.payload as HttpEvent))).toThrow("with a reply");
  });
});

describe.each<[string, Trigger, readonly RecordedEvent[]]>([
  [sqs.name, sqs, batches],
  [scheduler.name, scheduler, runs],
])("%s", (_name, trigger, recorded) => {
  test.each(recorded)("$name", async ({ payload, arrivals }) => {
    if (!trigger.accepts(payload)) throw new Error("it is not accepted");
    expect(withoutBytes(await trigger.decode(callOf(payload)))).toEqual(arrivals);
  });
});

describe("each takes its own calls only", () => {
  const triggers: readonly Trigger[] = [http, sqs, scheduler];
  test.each(triggers)("$name", (own) => {
    for (const [trigger, recorded] of [[http, requests] as const, [sqs, batches] as const, [scheduler, runs] as const])
      for (const { payload } of recorded) expect(own.accepts(payload)).toBe(own === trigger);
    for (const other of [undefined, null, 1, "text", [], {}, { Records: [] }, { Records: [null] }, { version: "2.0" }])
      expect(own.accepts(other)).toBe(false);
  });
});

describe("what comes again", () => {
  const three = batches.find(({ name }) => name === "a batch of three")?.payload as SqsEvent;
  const named = (...ids: readonly string[]): SqsResult => ({
    batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
  });
  const [done, retry, dead, drop]: readonly Outcome[] = [
    { kind: "done" },
    { kind: "retry", reason: "" },
    { kind: "dead", reason: "" },
    { kind: "drop", reason: "" },
  ];

  test.each<[string, readonly (Outcome | undefined)[], SqsResult]>([
    ["nothing", [done, done, drop], named()],
    ["what is to be retried", [done, retry, done], named("b2222222")],
    ["what is dead and stored by nobody", [dead, done, retry], named("a1111111", "c3333333")],
    ["what nothing became of", [done], named("b2222222", "c3333333")],
  ])("of a batch: %s", (_name, outcomes, wanted) => {
    expect(
      sqs.encode(
        outcomes.flatMap((outcome) => outcome ?? []),
        callOf(three),
      ),
    ).toEqual(wanted);
  });

  test("the whole batch, where a record that comes again has no id", () => {
    const [record, ...rest] = three.Records;
    const payload = { Records: [{ ...record, messageId: "" }, ...rest] } as SqsEvent;
    const encode = (first: Outcome) =>
      sqs.encode([first, ...[done, done].flatMap((one) => one ?? [])], callOf(payload));
    expect(() => encode({ kind: "retry", reason: "" })).toThrow(Redeliver);
    expect(encode({ kind: "done" })).toEqual(named());
  });

  test("a planned run that failed", () => {
    const call = callOf({ service: "s", function: "f", time: "2026-11-20T02:00:00Z", attempt: "1" });
    expect(scheduler.encode([{ kind: "done" }], call)).toBeUndefined();
    expect(() => scheduler.encode([{ kind: "retry", reason: "not today" }], call)).toThrow(Redeliver);
    expect(() => scheduler.encode([], call)).toThrow(Redeliver);
    expect(scheduler.encode([{ kind: "dead", reason: "no less dead the next time" }], call)).toBeUndefined();
  });
});

describe("a batch, changed at any place", () => {
  /** One of the recorded batches with a part of its JSON replaced, where that still is JSON. */
  const mutated = fc
    .tuple(fc.constantFrom(...batches), fc.nat(), fc.nat({ max: 4 }), fc.string({ maxLength: 3 }))
    .map(([{ payload }, at, cut, text]) => {
      const json = JSON.stringify(payload);
      const from = at % (json.length + 1);
      return parsed(json.slice(0, from) + text + json.slice(from + cut));
    })
    .filter((payload) => sqs.accepts(payload));

  test("acknowledges exactly what was handled or dropped", async () => {
    const settled = new Map<string, boolean>();
    const definition = topic("any", { raw: true }).subscribe((event) => {
      const fate = event.data.length % 3;
      settled.set(keyOf(event.id, event.data), fate !== 0);
      if (fate === 0) throw new Error("not today");
      if (fate === 1) event.drop("not for us");
    });
    const served: Served = { name: "any", definition, triggers: [sqs] };
    const broker: PubSub = { publish: async () => {} };
    const pubsub = { type: "none", metadata: {}, create: () => broker };
    const app: App = { service: "s", functions: [served], components: { pubsub } };
    const runner = createRunner(app, () => {});
    let acknowledged = 0;
    await fc.assert(
      fc.asyncProperty(mutated, async (payload) => {
        settled.clear();
        const arrivals = await sqs.decode(callOf(payload as SqsEvent));
        const records = (payload as SqsEvent).Records;
        const named = records.every(({ messageId }) => typeof messageId === "string" && messageId !== "");
        const result = await runner.run(served, callOf(payload)).catch((error: unknown) => error);
        if (!named) {
          expect(result).toBeInstanceOf(Redeliver);
          return;
        }
        const again = new Set((result as SqsResult).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        arrivals.forEach((arrival, index) => {
          const wanted =
            arrival.kind === "event" && settled.get(keyOf(arrival.event.id, bytesOf(arrival.event))) === true;
          expect(!again.has(records[index]?.messageId ?? "")).toBe(wanted);
          if (wanted) acknowledged++;
        });
      }),
      { numRuns: 500 },
    );
    expect(acknowledged).toBeGreaterThan(0);
  });
});

function read<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../../fixtures/aws/${file}.json`, import.meta.url), "utf8"));
}

function callOf<Payload>(payload: Payload): Call<Payload> {
  return { id: "1", payload, context: {}, deadline: Number.POSITIVE_INFINITY };
}

function keyOf(id: string, data: Uint8Array): string {
  return `${id}/${Buffer.from(data).toString("base64")}`;
}

function bytesOf({ data }: CloudEvent): Uint8Array {
  return data ? ("json" in data ? Buffer.from(data.json) : data.bytes) : new Uint8Array();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function withoutBytes(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutBytes);
  if ("bytes" in value) return { base64: Buffer.from(value.bytes as Uint8Array).toString("base64") };
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutBytes(member)]));
}
