// What Lambda is called with, as arrivals; and what became of them, as its result.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { SqsEvent, SqsResult } from "../../../providers/aws/queue.ts";
import { type AlbEvent, trigger as alb } from "../../../providers/aws/triggers/alb.ts";
import { trigger as eventbridge } from "../../../providers/aws/triggers/eventbridge.ts";
import { trigger as eventbridgeInbox } from "../../../providers/aws/triggers/eventbridge-inbox.ts";
import { type HttpEvent, trigger as http } from "../../../providers/aws/triggers/http.ts";
import { type InvocationRequest, trigger as invocation } from "../../../providers/aws/triggers/invocation.ts";
import { type RestEvent, trigger as rest } from "../../../providers/aws/triggers/rest.ts";
import { trigger as s3 } from "../../../providers/aws/triggers/s3.ts";
import { trigger as s3Eventbridge } from "../../../providers/aws/triggers/s3-eventbridge.ts";
import { trigger as s3Inbox } from "../../../providers/aws/triggers/s3-inbox.ts";
import { trigger as scheduler } from "../../../providers/aws/triggers/scheduler.ts";
import { trigger as sns } from "../../../providers/aws/triggers/sns.ts";
import { trigger as sqs } from "../../../providers/aws/triggers/sqs.ts";
import { type Call, type Outcome, Redeliver, type Trigger } from "../../../src/provider.ts";
import { sqsEvent } from "../../servers/sqs-event.ts";

interface RecordedRequest<Payload = unknown> {
  readonly name: string;
  readonly payload: Payload;
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

const requests = read<RecordedRequest<HttpEvent>>("http");
const rests = read<RecordedRequest<RestEvent>>("rest");
const balanced = read<RecordedRequest<AlbEvent>>("alb");
const invocations = read<RecordedRequest<InvocationRequest>>("invocation");
const batches = read<RecordedEvent & { readonly payload: SqsEvent }>("sqs");
/** Of each trigger, its calls; first those that are requests. */
const asRequests: readonly (readonly [Trigger, readonly RecordedRequest[]])[] = [
  [http, requests],
  [rest, rests],
  [alb, balanced],
  [invocation, invocations],
];
const asEvents: readonly (readonly [Trigger, readonly RecordedEvent[]])[] = [
  [sqs, batches],
  [scheduler, read("scheduler")],
  [sns, read("sns")],
  [eventbridge, read("eventbridge")],
  [s3, read("s3")],
  [s3Eventbridge, read("s3-eventbridge")],
  [s3Inbox, laid("s3-eventbridge")],
  [eventbridgeInbox, laid("eventbridge")],
];

/** The same, as a rule lays it into a queue. */
function laid(name: string): readonly RecordedEvent[] {
  return read<RecordedEvent>(name).map((one) => ({
    ...one,
    payload: sqsEvent({ id: "m1", body: JSON.stringify(one.payload), attempt: 2 }),
    arrivals: one.arrivals.map((arrival) => ({ ...Object(arrival), attempt: 2, receipt: "receipt of m1" })),
  }));
}

describe.each(asRequests.map(([trigger, recorded]) => ({ name: trigger.name, trigger, recorded })))(
  "$name",
  ({ trigger, recorded }) => {
    for (const { name, payload, request: wanted, path, caller } of recorded) {
      test(name, async () => {
        expect(trigger.accepts(payload)).toBe(true);
        const [arrival, ...others] = await trigger.decode(callOf(payload));
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

    test("what is no reply is an error", () => {
      expect(() => trigger.encode([{ kind: "done" }], callOf(recorded[0]?.payload))).toThrow("with a reply");
    });
  },
);

describe("the reply to an HTTP API", () => {
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
});

describe("the reply, as each way back takes it", () => {
  const made = (): Response => {
    const headers = new Headers({ "x-a": "1", connection: "close" });
    headers.append("set-cookie", "a=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT");
    headers.append("set-cookie", "b=2");
    return new Response("Grüße", { status: 201, headers });
  };
  const type = "text/plain;charset=UTF-8";
  const cookies = ["a=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT", "b=2"];
  const whole = { statusCode: 201, body: "Grüße", isBase64Encoded: false };
  const [single, lists] = balanced.map(({ payload }) => payload);

  test.each<[string, Trigger, unknown, object]>([
    [
      "REST, cookies in a list",
      rest,
      rests[0]?.payload,
      { ...whole, headers: { "x-a": "1", "content-type": type }, multiValueHeaders: { "set-cookie": cookies } },
    ],
    ["an invocation", invocation, {}, { ...whole, headers: { "x-a": "1", "content-type": type }, cookies }],
    [
      "a load balancer that takes lists",
      alb,
      lists,
      { ...whole, multiValueHeaders: { "x-a": ["1"], "content-type": [type], "set-cookie": cookies } },
    ],
    [
      "a load balancer that takes single values: one name in other letters for each cookie",
      alb,
      single,
      { ...whole, headers: { "x-a": "1", "content-type": type, "set-cookie": cookies[0], "Set-cookie": cookies[1] } },
    ],
  ])("%s", async (_name, trigger, payload, wanted) => {
    expect(await trigger.encode([{ kind: "reply", response: made() }], callOf(payload))).toEqual(wanted);
  });
});

describe("a reply that the platform would not hand on", () => {
  const [single] = balanced.map(({ payload }) => payload);
  const ways: readonly [string, Trigger, unknown, number][] = [
    ["an HTTP API", http, requests[0]?.payload, 6 * 1024 * 1024],
    ["REST", rest, rests[0]?.payload, 6 * 1024 * 1024],
    ["an invocation", invocation, {}, 6 * 1024 * 1024],
    ["a load balancer", alb, single, 1024 * 1024],
  ];
  const encode = async (trigger: Trigger, payload: unknown, body: string | Uint8Array<ArrayBuffer>) =>
    await trigger.encode([{ kind: "reply", response: new Response(body) }], callOf(payload));

  test.each(ways)("%s: text, bytes and what JSON writes longer", async (_name, trigger, payload, most) => {
    const room = most - 1000;
    await expect(encode(trigger, payload, "a".repeat(room))).resolves.toMatchObject({ statusCode: 200 });
    const bytes = new Uint8Array((room / 4) * 3 - 3).fill(0xff);
    await expect(encode(trigger, payload, bytes)).resolves.toMatchObject({ statusCode: 200 });
    const escaped = "\u0001".repeat(most / 6);
    await expect(encode(trigger, payload, escaped)).resolves.toMatchObject({ isBase64Encoded: true });
    for (const body of ["a".repeat(most), new Uint8Array((most / 4) * 3).fill(0xff), "\u0001".repeat(most)])
      await expect(encode(trigger, payload, body)).rejects.toMatchObject({
        code: "TOO_LARGE",
        message: expect.stringContaining("stream: true"),
      });
  });
});

describe.each(asEvents.map(([trigger, recorded]) => ({ name: trigger.name, trigger, recorded })))(
  "$name",
  ({ trigger, recorded }) => {
    test.each(recorded)("$name", async ({ payload, arrivals }) => {
      if (!trigger.accepts(payload)) throw new Error("it is not accepted");
      expect(withoutBytes(await trigger.decode(callOf(payload)))).toEqual(arrivals);
    });
  },
);

test("where the stack says raw delivery, what looks wrapped by SNS is the message", async () => {
  const wrapped = batches.find(({ name }) => name === "an event of ours, wrapped by SNS")?.payload as SqsEvent;
  process.env["FAASTEN_SNS_DELIVERY"] = "raw";
  try {
    const [arrival] = await sqs.decode(callOf(wrapped));
    expect(arrival).toMatchObject({ event: { type: "com.amazonaws.sqs.Message" } });
  } finally {
    delete process.env["FAASTEN_SNS_DELIVERY"];
  }
});

describe("each takes its own calls only", () => {
  const all: readonly (readonly [Trigger, readonly { readonly payload: unknown }[]])[] = [...asRequests, ...asEvents];
  /** S3's own trigger stands before it where there are both, and a function has but one of them; of queues it has one. */
  const queued: readonly Trigger[] = [sqs, s3Inbox, eventbridgeInbox];
  const broader = (own: Trigger, trigger: Trigger): boolean =>
    (own === eventbridge && trigger === s3Eventbridge) || (queued.includes(own) && queued.includes(trigger));
  test.each(all.map(([own]) => ({ name: own.name, own })))("$name", ({ own }) => {
    for (const [trigger, recorded] of all)
      for (const { payload } of recorded) expect(own.accepts(payload)).toBe(own === trigger || broader(own, trigger));
    for (const other of [undefined, null, 1, "text", [], {}, { Records: [] }, { Records: [null] }, { version: "2.0" }])
      expect(own.accepts(other)).toBe(false);
  });

  test("a message of a web socket and an authorizer's question are no request", () => {
    const [old, current] = [rests[0]?.payload, requests[0]?.payload];
    const socket = { ...old, requestContext: { ...old?.requestContext, connectionId: "c", eventType: "MESSAGE" } };
    expect(rest.accepts(socket)).toBe(false);
    expect(rest.accepts({ ...old, type: "REQUEST", methodArn: "arn:aws:execute-api:eu-west-1:1:a/b/GET/" })).toBe(
      false,
    );
    expect(http.accepts({ ...current, type: "REQUEST", routeArn: "arn:aws:execute-api:eu-west-1:1:a/b/GET/" })).toBe(
      false,
    );
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

  test("a call that nobody waits for, unless all of it is done", () => {
    const call = callOf(read<RecordedEvent>("s3").find(({ name }) => name.startsWith("one that was removed"))?.payload);
    const encode = (...outcomes: readonly (Outcome | undefined)[]): unknown =>
      (s3 as Trigger).encode(
        outcomes.flatMap((one) => one ?? []),
        call,
      );
    expect(encode(done, drop)).toBeUndefined();
    expect(() => encode(done, retry)).toThrow(Redeliver);
    expect(() => encode(dead, done)).toThrow(Redeliver);
    expect(() => encode(done)).toThrow(Redeliver);
  });

  test("a planned run that failed", () => {
    const call = callOf({ service: "s", function: "f", time: "2026-11-20T02:00:00Z", attempt: "1" });
    expect(scheduler.encode([{ kind: "done" }], call)).toBeUndefined();
    expect(() => scheduler.encode([{ kind: "retry", reason: "not today" }], call)).toThrow(Redeliver);
    expect(() => scheduler.encode([], call)).toThrow(Redeliver);
    expect(scheduler.encode([{ kind: "dead", reason: "no less dead the next time" }], call)).toBeUndefined();
  });
});

function read<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../../fixtures/aws/${file}.json`, import.meta.url), "utf8"));
}

function callOf<Payload>(payload: Payload): Call<Payload> {
  return { id: "1", payload, context: {}, deadline: Number.POSITIVE_INFINITY };
}

function withoutBytes(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutBytes);
  if ("bytes" in value) return { base64: Buffer.from(value.bytes as Uint8Array).toString("base64") };
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutBytes(member)]));
}
