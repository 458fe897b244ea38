// Messages, events, changes of a bucket and the clock, as AWS's events; and which of a batch come again.
import { describe, expect, test } from "vitest";
import type { EventArrival, Outcome, TriggerSpec } from "../../../src/contracts/trigger.ts";
import { type LambdaEvent, lambda, schedule, topic } from "../../../src/index.ts";
import { arriving, calling } from "../functions/calling.ts";
import { eventOf } from "./capture.ts";

const jobs = topic("jobs");
const onBucket = { kind: "binding", binding: "uploads", attempts: 5 } as const satisfies TriggerSpec;

type On = Parameters<typeof lambda>[1] extends infer Options
  ? Options extends { readonly on: infer T }
    ? T
    : never
  : never;

async function handed(event: LambdaEvent, on: On, ...arrivals: readonly EventArrival[]): Promise<unknown> {
  const seen: unknown[] = [];
  const handler = (given: unknown): void => void seen.push(JSON.parse(JSON.stringify(given)));
  const outcomes = await calling(lambda(handler as never, { on, event })).deliver(...arrivals);
  expect(outcomes.map(({ kind }) => kind)).toEqual(arrivals.map(() => "done"));
  expect(seen.length).toBe(1);
  return seen[0];
}

async function settled(result: unknown, ...ids: readonly string[]): Promise<readonly Outcome["kind"][]> {
  const handler = lambda(async () => result, { on: jobs, event: "sqs" });
  const outcomes = await calling(handler).deliver(...ids.map((id) => arriving(id, 1)));
  return outcomes.map(({ kind }) => kind);
}

describe("sqs", () => {
  test("one call for a batch; the body is the CloudEvent, as it lies in the inbox on AWS", async () => {
    const time = "2026-01-31T03:00:00Z";
    const one = arriving("m-1", { a: 1 }, { attempt: 3 });
    const two = { ...arriving("m-2", 2), event: { ...arriving("m-2", 2).event, time } };
    const { Records } = (await handed("sqs", jobs, one, two)) as {
      readonly Records: readonly Record<string, string>[];
    };
    expect(Records.map(({ messageId }) => messageId)).toEqual(["m-1", "m-2"]);
    expect(Records[0]).toMatchObject({
      attributes: { ApproximateReceiveCount: "3", SentTimestamp: expect.stringMatching(/^\d{13}$/) },
      messageAttributes: {},
      md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventSource: "aws:sqs",
      eventSourceARN: expect.stringMatching(/^arn:aws:sqs:[a-z0-9-]+:000000000000:jobs$/),
      awsRegion: expect.any(String),
    });
    expect(JSON.parse(Records[0]?.["body"] ?? "")).toEqual({
      ...{ specversion: "1.0", id: "m-1", source: "s", type: "t", data: { a: 1 } },
    });
    expect(Records[1]).toMatchObject({ attributes: { SentTimestamp: String(Date.parse(time)) } });
  });

  test("of a raw topic, the data alone, byte for byte, and the attributes of a foreign message", async () => {
    const event = { ...arriving("m", 0).event, data: { json: '{"a": 1.50}' }, extensions: { color: "red", n: 7 } };
    const raw = topic("jobs", { raw: true });
    expect(await handed("sqs", raw, { kind: "event", event })).toMatchObject({
      Records: [
        {
          body: '{"a": 1.50}',
          messageAttributes: { color: { dataType: "String", stringValue: "red" }, n: { stringValue: "7" } },
        },
      ],
    });
  });

  test("of an ordered topic, a FIFO queue's group", async () => {
    const ordered = topic<{ readonly id: string }>("jobs", { orderBy: ({ id }) => id });
    expect(await handed("sqs", ordered, arriving("m", 1, { order: "group-7" }))).toMatchObject({
      Records: [{ attributes: { MessageGroupId: "group-7" }, eventSourceARN: expect.stringMatching(/:jobs\.fifo$/) }],
    });
  });

  test("of a FIFO queue: its name as it is, a group of each, and numbers that grow", async () => {
    const queue = topic("jobs.fifo", { raw: true });
    const at = (id: string, time: string, extensions: object = {}): EventArrival => {
      const { event } = arriving(id, 1);
      return { kind: "event", event: { ...event, time, extensions: { ...extensions } } };
    };
    const { Records } = (await handed(
      "sqs",
      queue,
      at("one", "2026-01-31T03:00:00.001Z"),
      at("two", "2026-01-31T03:00:00.002Z", { partitionkey: "a" }),
      { ...at("three", "2026-01-31T03:00:00.003Z", { partitionkey: "a" }), order: "b" },
    )) as { readonly Records: readonly { readonly attributes: object; readonly eventSourceARN: string }[] };
    expect(Records.map(({ eventSourceARN }) => eventSourceARN.split(":").at(-1))).toEqual([
      ...["jobs.fifo", "jobs.fifo", "jobs.fifo"],
    ]);
    expect(Records.map(({ attributes }) => attributes)).toMatchObject([
      { MessageGroupId: "jobs.fifo", MessageDeduplicationId: "one", SequenceNumber: "00000001769828400001" },
      { MessageGroupId: "a", MessageDeduplicationId: "two", SequenceNumber: "00000001769828400002" },
      { MessageGroupId: "b", MessageDeduplicationId: "three", SequenceNumber: "00000001769828400003" },
    ]);
  });

  const wholes: readonly (readonly [what: string, result: unknown])[] = [
    ["nothing", undefined],
    ["null", null],
    ["an object of something else", { ok: true }],
    ["a text", "fine"],
    ["a list", [1, 2]],
    ["failures that are null", { batchItemFailures: null }],
    ["no failures", { batchItemFailures: [] }],
  ];
  test.each(wholes)("%s: all are done", async (_what, result) =>
    expect(await settled(result, "a", "b", "c")).toEqual(["done", "done", "done"]),
  );

  test("exactly those that failed come again", async () => {
    expect(await settled({ batchItemFailures: [{ itemIdentifier: "b" }] }, "a", "b", "c")).toEqual([
      ...(["done", "retry", "done"] as const),
    ]);
    const both = [{ itemIdentifier: "c" }, { itemIdentifier: "a" }, { itemIdentifier: "a" }];
    expect(await settled({ batchItemFailures: both }, "a", "b", "c")).toEqual(["retry", "done", "retry"]);
    expect(await settled({ batchItemFailures: [{ itemIdentifier: "a" }] }, "a")).toEqual(["retry"]);
  });

  const broken: readonly (readonly [what: string, failures: unknown])[] = [
    ["an id that is none of the batch", [{ itemIdentifier: "a" }, { itemIdentifier: "z" }]],
    ["an empty id", [{ itemIdentifier: "" }]],
    ["an id that is null", [{ itemIdentifier: null }]],
    ["another name for the id", [{ itemId: "a" }]],
    ["no object", ["a"]],
    ["null", [null]],
    ["no list", "a"],
    ["an object", { itemIdentifier: "a" }],
  ];
  test.each(broken)("%s: the whole batch comes again", async (_what, batchItemFailures) =>
    expect(await settled({ batchItemFailures }, "a", "b")).toEqual(["retry", "retry"]),
  );

  test("a handler that fails has the whole batch again", async () => {
    const fails = lambda(async () => Promise.reject(new Error("why")), { on: jobs, event: "sqs" });
    const outcomes = await calling(fails).deliver(arriving("a", 1), arriving("b", 2));
    expect(outcomes).toEqual([
      { kind: "retry", reason: "why" },
      { kind: "retry", reason: "why" },
    ]);
  });

  test("in order, what follows a failed one of its group waits", async () => {
    const ordered = topic<number>("jobs", { orderBy: String });
    const result = { batchItemFailures: [{ itemIdentifier: "b" }] };
    const handler = lambda(async () => result, { on: ordered, event: "sqs" });
    const inGroup = (id: string, order: string): EventArrival => arriving(id, 1, { order });
    const outcomes = await calling(handler).deliver(
      inGroup("a", "1"),
      inGroup("b", "1"),
      inGroup("c", "1"),
      inGroup("d", "2"),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(["done", "retry", "retry", "done"]);
  });
});

test("sns", async () => {
  const event = { ...arriving("m", { a: 1 }).event, subject: "hello", time: "2026-01-31T03:00:00Z" };
  expect(await handed("sns", jobs, { kind: "event", event })).toEqual({
    Records: [
      {
        EventSource: "aws:sns",
        EventVersion: "1.0",
        EventSubscriptionArn: expect.stringMatching(/^arn:aws:sns:[a-z0-9-]+:000000000000:jobs:/),
        Sns: {
          Type: "Notification",
          MessageId: "m",
          TopicArn: expect.stringMatching(/:jobs$/),
          Subject: "hello",
          Message: JSON.stringify({
            ...{ specversion: "1.0", id: "m", source: "s", type: "t", time: event.time, subject: "hello" },
            data: { a: 1 },
          }),
          Timestamp: event.time,
          SignatureVersion: "1",
          Signature: "",
          SigningCertUrl: expect.any(String),
          UnsubscribeUrl: expect.any(String),
          MessageAttributes: {},
        },
      },
    ],
  });
});

test("eventbridge: source, type and data are the CloudEvent's", async () => {
  const event = { ...arriving("m", { a: 1 }).event, type: "order.placed", time: "2026-01-31T03:00:00.123Z" };
  expect(await handed("eventbridge", jobs, { kind: "event", event })).toEqual({
    ...{ version: "0", id: "m", "detail-type": "order.placed", source: "s", account: "000000000000" },
    ...{ time: "2026-01-31T03:00:00Z", region: expect.any(String), resources: [], detail: { a: 1 } },
  });
});

test("scheduled: the planned instant", async () => {
  const event = { specversion: "1.0", id: "work/x", source: "s", type: "t", time: "2026-01-31T03:00:00.000Z" } as const;
  expect(await handed("scheduled", schedule("0 3 * * *"), { kind: "event", event })).toEqual({
    ...{ version: "0", id: "work/x", "detail-type": "Scheduled Event", source: "aws.events", account: "000000000000" },
    ...{ time: "2026-01-31T03:00:00Z", region: expect.any(String), detail: {} },
    resources: [expect.stringMatching(/^arn:aws:events:[a-z0-9-]+:000000000000:rule\/work$/)],
  });
});

describe("s3", () => {
  test("a key is written as in a form", async () => {
    const change = { change: "created", key: "a b/ü+(1).txt", size: 7 };
    expect(await handed("s3", onBucket, arriving("m", change))).toMatchObject({
      Records: [
        {
          eventSource: "aws:s3",
          eventName: "ObjectCreated:Put",
          s3: {
            bucket: { name: "uploads", arn: "arn:aws:s3:::uploads" },
            object: { key: "a+b/%C3%BC%2B(1).txt", size: 7 },
          },
        },
      ],
    });
  });

  test("what is gone has no size", async () => {
    const event = (await handed("s3", onBucket, arriving("m", { change: "deleted", key: "a" }))) as {
      readonly Records: readonly { readonly eventName: string; readonly s3: { readonly object: object } }[];
    };
    expect(event.Records[0]?.eventName).toBe("ObjectRemoved:Delete");
    expect(event.Records[0]?.s3.object).toEqual({ key: "a", sequencer: "m" });
  });
});

describe("what cannot be an event of the shape reaches no handler, and is dead", () => {
  const called = (): never => {
    throw new Error("called");
  };
  const bytes = { ...arriving("m", 0), event: { ...arriving("m", 0).event, data: { bytes: Buffer.from([0xff]) } } };
  const cases: readonly (readonly [LambdaEvent, On, EventArrival])[] = [
    ["s3", onBucket, arriving("m", { key: "a" })],
    ["s3", onBucket, arriving("m", null)],
    ["eventbridge", onBucket, bytes],
  ];
  test.each(cases)("%s", async (event, on, arrival) => {
    const [outcome] = await calling(lambda(called, { on, event })).deliver(arrival);
    expect(outcome).toMatchObject({ kind: "dead", reason: expect.stringContaining("the event m") });
  });
});

test.each(["sns", "eventbridge"] as const)("%s: a handler that fails has it again", async (event) => {
  const fails = lambda(async () => Promise.reject(new Error("why")), { on: jobs, event });
  const outcomes = await calling(fails).deliver(arriving("a", 1), arriving("b", 2));
  expect(outcomes).toEqual([
    { kind: "retry", reason: "why" },
    { kind: "retry", reason: "why" },
  ]);
});

describe("apigw.v1: headers", () => {
  const headers = { "x-named": "1, 2", host: "api.example", accept: "*/*" };
  const request = { method: "GET", target: "/", headers, body: undefined };

  test("as the client wrote them, each value of one that came twice by itself, and the last one alone", async () => {
    const written = ["Host", "api.example", "X-Named", "1", "accept", "*/*", "x-named", "2"];
    const event = await eventOf("apigw.v1", { ...request, written });
    expect(event["headers"]).toMatchObject({ Host: "api.example", "X-Named": "2", accept: "*/*" });
    expect(event["multiValueHeaders"]).toEqual({
      Host: ["api.example"],
      "X-Named": ["1", "2"],
      accept: ["*/*"],
      "X-Forwarded-For": [expect.any(String)],
      "X-Forwarded-Port": ["443"],
      "X-Forwarded-Proto": ["https"],
    });
  });

  test("in lower case and joined where the host does not know", async () => {
    const event = await eventOf("apigw.v1", request);
    expect(event["multiValueHeaders"]).toMatchObject({ host: ["api.example"], "x-named": ["1, 2"], accept: ["*/*"] });
  });

  test("in lower case for the other shapes, whoever knows them", async () => {
    const event = await eventOf("apigw.v2", { ...request, written: ["X-Named", "1"] });
    expect(event["headers"]).toMatchObject({ "x-named": "1, 2" });
  });
});
