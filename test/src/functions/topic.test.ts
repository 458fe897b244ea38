// Topics: what reaches a subscriber, and what becomes of it.
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createOn } from "../../../providers/local/state/in-memory.ts";
import type { CloudEvent } from "../../../src/contracts/event.ts";
import type { EventArrival, Outcome } from "../../../src/contracts/trigger.ts";
import type { TopicEvent } from "../../../src/functions/subscriber.ts";
import { topic } from "../../../src/functions/topic.ts";
import { bound } from "../runtime/stand-ins.ts";
import { arriving, calling } from "./calling.ts";

const pubsub = { pubsub: bound({}) };
const done: Outcome = { kind: "done" };
const numbers = topic<{ n: number }>("numbers");

describe("a verdict", () => {
  const verdicts: readonly [string, (event: TopicEvent<unknown>) => void, Outcome][] = [
    ["none: acknowledged", () => {}, done],
    ["again", (event) => event.retry(), { kind: "retry", reason: "the handler asked for it again" }],
    ["dead", (event) => event.dead("no use"), { kind: "dead", reason: "no use" }],
    ["dropped", (event) => event.drop("no need"), { kind: "drop", reason: "no need" }],
    [
      "the first of several",
      (event) => {
        event.drop("first");
        event.dead("second");
        event.retry();
      },
      { kind: "drop", reason: "first" },
    ],
  ];

  test.each(verdicts)("%s", async (_what, judge, outcome) => {
    const single = calling(
      numbers.subscribe((event) => judge(event)),
      pubsub,
    );
    expect(await single.deliver(arriving("a", {}))).toEqual([outcome]);
    const many = calling(
      numbers.subscribeMany((events) => events.forEach(judge)),
      pubsub,
    );
    expect(await many.deliver(arriving("a", {}), arriving("b", {}))).toEqual([outcome, outcome]);
  });

  test.each(verdicts.slice(1))("%s, counts although the handler throws after it", async (_what, judge, outcome) => {
    const thrower = (event: TopicEvent<unknown>): void => {
      judge(event);
      throw new Error("after");
    };
    const { deliver, lines } = calling(numbers.subscribe(thrower), pubsub);
    expect(await deliver(arriving("a", {}))).toEqual([outcome]);
    expect(lines[0]).toMatchObject({
      level: "error",
      message: "failed after its verdict",
      error: { message: "after" },
    });
  });

  test.each(verdicts.slice(1))(
    "%s, counts although the handler never ends, or leaves a rejection alone",
    async (_what, judge, outcome) => {
      const hanging = (event: TopicEvent<unknown>): Promise<void> => {
        judge(event);
        return new Promise(() => {});
      };
      const timed = calling(numbers.subscribe(hanging), pubsub, 40);
      expect(await timed.deliver(arriving("a", {}))).toEqual([outcome]);
      const many = calling(
        numbers.subscribeMany(([first]) => (first ? hanging(first) : undefined)),
        pubsub,
        40,
      );
      expect(await many.deliver(arriving("a", {}), arriving("b", {}))).toEqual([
        outcome,
        { kind: "retry", reason: expect.stringContaining("did not end") },
      ]);
      const stray = calling(numbers.subscribe(hanging), pubsub);
      const delivered = stray.deliver(arriving("a", {}));
      await new Promise((resume) => setTimeout(resume, 5));
      stray.runner.uncaught(new Error("stray"));
      expect(await delivered).toEqual([outcome]);
    },
  );

  test("may name a delay", async () => {
    const before = Date.now();
    const { deliver } = calling(
      numbers.subscribe((event) => event.retry({ after: "30s" })),
      pubsub,
    );
    const [outcome] = await deliver(arriving("a", {}));
    expect(outcome).toMatchObject({ kind: "retry", notBefore: expect.any(Number) });
    const at = outcome?.kind === "retry" ? (outcome.notBefore ?? 0) : 0;
    expect(at).toBeGreaterThanOrEqual(before + 30_000);
    expect(at).toBeLessThanOrEqual(Date.now() + 30_000);
  });

  test("is missing where the handler throws: it comes again, with the reason", async () => {
    const { deliver, lines } = calling(
      numbers.subscribe(() => {
        throw new Error("no stock");
      }),
      pubsub,
    );
    expect(await deliver(arriving("a", {}))).toEqual([{ kind: "retry", reason: "no stock" }]);
    expect(lines).toMatchObject([{ level: "error", message: "failed", error: { message: "no stock" } }]);
  });

  test("of one in a batch is its own, also where the handler throws for all", async () => {
    const batch = numbers.subscribeMany((events) => {
      events[1]?.dead("one");
      throw new Error("all");
    });
    const outcomes = await calling(batch, pubsub).deliver(...["a", "b", "c"].map((id) => arriving(id, {})));
    expect(outcomes).toEqual([
      { kind: "retry", reason: "all" },
      { kind: "dead", reason: "one" },
      { kind: "retry", reason: "all" },
    ]);
  });
});

describe("data", () => {
  const foreign = (data: CloudEvent["data"]): EventArrival => ({
    kind: "event",
    event: { specversion: "1.0", id: "f", source: "s", type: "t", ...(data && { data }) },
  });

  test("is parsed; what is not JSON is dead, and says how to take it", async () => {
    const seen: unknown[] = [];
    const { deliver } = calling(
      topic("t").subscribe((event) => void seen.push(event.data)),
      pubsub,
    );
    expect(await deliver(arriving("a", { n: 1 }), foreign(undefined))).toEqual([done, done]);
    expect(seen).toEqual([{ n: 1 }, undefined]);
    expect(await deliver(foreign({ bytes: new Uint8Array([1]) }))).toEqual([
      { kind: "dead", reason: "topic t: the event f is not JSON; a topic that takes such data says `raw: true`" },
    ]);
    expect(await deliver(foreign({ json: "{" }))).toEqual([
      { kind: "dead", reason: "topic t: the event f is not JSON" },
    ]);
    expect(seen).toHaveLength(2);
  });

  test("of a raw topic is bytes, whatever it is", async () => {
    const seen: unknown[] = [];
    const raw = topic("t", { raw: true });
    const { deliver } = calling(
      raw.subscribe((event) => void seen.push(event.data)),
      pubsub,
    );
    expect(
      await deliver(foreign({ bytes: new Uint8Array([1, 0]) }), foreign({ json: '{"a":"é"}' }), foreign(undefined)),
    ).toEqual([done, done, done]);
    expect(seen).toEqual([new Uint8Array([1, 0]), new TextEncoder().encode('{"a":"é"}'), new Uint8Array()]);
  });

  test("is given as the schema gives it back; what does not fit is dead with the reason, in a batch by itself", async () => {
    const Order = z.object({ at: z.coerce.date(), n: z.number() });
    const seen: unknown[] = [];
    const orders = topic("orders", { schema: Order });
    const [good, bad] = [arriving("a", { at: "2026-01-01T00:00:00Z", n: 1 }), arriving("b", { at: "x", n: "1" })];
    for (const definition of [
      orders.subscribe((event) => void seen.push(event.data)),
      orders.subscribeMany((events) => void seen.push(...events.map(({ data }) => data))),
    ]) {
      const [first, second] = await calling(definition, pubsub).deliver(good, bad);
      expect(first).toEqual(done);
      expect(second).toMatchObject({
        kind: "dead",
        reason: expect.stringMatching(/^topic orders: the event b does not fit its schema: at: .*; n: /),
      });
    }
    expect(seen).toEqual([
      { at: new Date("2026-01-01"), n: 1 },
      { at: new Date("2026-01-01"), n: 1 },
    ]);
  });

  test("that makes the schema itself fail comes again, and its neighbours do not", async () => {
    const breaking = z.object({ n: z.number() }).refine(({ n }) => {
      if (n === 2) throw new Error("the schema's own");
      return true;
    });
    const definition = topic("t", { schema: breaking }).subscribeMany(() => {});
    const { deliver, lines } = calling(definition, pubsub);
    const outcomes = await deliver(arriving("a", { n: 1 }), arriving("b", { n: 2 }));
    expect(outcomes).toEqual([done, { kind: "retry", reason: "the schema's own" }]);
    expect(lines).toMatchObject([{ level: "error", event: "b", error: { message: "the schema's own" } }]);
  });
});

describe("an event", () => {
  const extended = (extensions: Record<string, string>): EventArrival => {
    const { event } = arriving("e-1", { n: 1 });
    return { kind: "event", attempt: 2, event: { ...event, subject: "sub", time: "2026-01-01T00:00:00Z", extensions } };
  };

  test("has its attributes and extensions as members, and which delivery it is", async () => {
    let seen: Record<string, unknown> = {};
    const { deliver } = calling(
      numbers.subscribe((event) => {
        seen = { ...event };
      }),
      pubsub,
    );
    await deliver(extended({ traceparent: "tp", partitionkey: "pk", verdict: "v" }));
    expect(seen).toEqual({
      specversion: "1.0",
      id: "e-1",
      source: "s",
      type: "t",
      subject: "sub",
      time: "2026-01-01T00:00:00Z",
      data: { n: 1 },
      attempt: 2,
      traceparent: "tp",
      partitionkey: "pk",
      verdict: "v",
    });
  });

  test("cannot be disguised by extensions: not its verdicts, its data, its attributes, nor what every object has", async () => {
    const names = [
      "retry",
      "dead",
      "drop",
      "data",
      "id",
      "attempt",
      "time",
      "subject",
      "datacontenttype",
      "constructor",
      "__proto__",
      "tostring",
      "valueOf",
      "hasOwnProperty",
    ];
    const extensions = JSON.parse(`{${names.map((name) => `"${name}":"evil"`).join(",")}}`) as Record<string, string>;
    let own: string[] = [];
    const definition = numbers.subscribe((event) => {
      own = Object.entries(event)
        .filter(([, value]) => value === "evil")
        .map(([name]) => name);
      expect(Object.getPrototypeOf(event)).not.toBe("evil");
      expect([event.id, event.data, event.attempt, event.subject]).toEqual(["plain", { n: 1 }, undefined, undefined]);
      event.dead("still works");
    });
    const { event } = arriving("plain", { n: 1 });
    const outcome = await calling(definition, pubsub).deliver({ kind: "event", event: { ...event, extensions } });
    expect(outcome).toEqual([{ kind: "dead", reason: "still works" }]);
    expect(own).toEqual(["tostring"]);
  });

  test("that is a request reaches no subscriber", async () => {
    const { deliver } = calling(
      numbers.subscribe(() => {}),
      pubsub,
    );
    const request = { kind: "request", path: "/", request: new Request("http://h/") } as const;
    expect(await deliver(request)).toEqual([{ kind: "dead", reason: "this function takes events" }]);
  });
});

describe("an idempotent subscriber", () => {
  const components = () => ({
    ...pubsub,
    idempotency: bound(createOn(new Map(), { name: "idempotency", service: "tests", metadata: {} })),
  });

  test("handles each key once; what is dead or comes again was not handled", async () => {
    const runs: string[] = [];
    const definition = numbers.subscribe({ idempotent: (event) => event.id }, (event) => {
      runs.push(event.id);
      if (event.id === "dead" && runs.length < 3) event.dead("no");
      if (event.id === "drop") event.drop("no");
      if (event.id === "fails" && runs.filter((id) => id === "fails").length === 1) throw new Error("once");
    });
    const { deliver } = calling(definition, components());
    for (const id of ["a", "drop"]) {
      const first = await deliver(arriving(id, {}));
      expect(await deliver(arriving(id, {}))).toEqual(first);
    }
    expect(runs).toEqual(["a", "drop"]);
    expect(await deliver(arriving("fails", {}))).toEqual([{ kind: "retry", reason: "once" }]);
    expect(await deliver(arriving("fails", {}))).toEqual([done]);
    runs.length = 0;
    expect(await deliver(arriving("dead", {}))).toMatchObject([{ kind: "dead" }]);
    expect(await deliver(arriving("dead", {}))).toMatchObject([{ kind: "dead" }]);
    expect(await deliver(arriving("dead", {}))).toEqual([done]);
  });

  test("has what is being handled come again once the other's time is over; `null` runs unguarded", async () => {
    let end = (): void => {};
    let runs = 0;
    const started = Promise.withResolvers<void>();
    const definition = numbers.subscribe({ idempotent: (event) => (event.data.n === 0 ? null : "one") }, (event) => {
      runs += 1;
      started.resolve();
      return event.data.n === 0
        ? undefined
        : new Promise<void>((resolve) => {
            end = resolve;
          });
    });
    const { deliver } = calling(definition, components());
    const first = deliver(arriving("a", { n: 1 }));
    await started.promise;
    const [busy] = await deliver(arriving("b", { n: 1 }));
    expect(busy).toMatchObject({
      kind: "retry",
      notBefore: expect.any(Number),
      reason: expect.stringContaining("one"),
    });
    end();
    expect(await first).toEqual([done]);
    expect(await deliver(arriving("b", { n: 1 }))).toEqual([done]);
    expect(runs).toBe(1);
    await deliver(arriving("c", { n: 0 }), arriving("c", { n: 0 }));
    expect(runs).toBe(3);
  });
});

test("a subscription is data for the build", () => {
  const ordered = topic<{ id: string }>("a", { pubsub: "bus", orderBy: ({ id }) => id });
  expect(ordered.subscribe({ name: "own", attempts: 2 }, () => {})).toMatchObject({
    name: "own",
    on: { kind: "topic", topic: "a", pubsub: "bus", attempts: 2, ordered: true },
  });
  expect(topic("a.fifo").subscribe(() => {})).toMatchObject({ on: { ordered: true } });
  expect(numbers.subscribeMany(() => {}).on).toEqual({
    kind: "topic",
    topic: "numbers",
    pubsub: "pubsub",
    attempts: 5,
    ordered: false,
    many: true,
  });
  expect(numbers.publish).toMatchObject({
    block: "pubsub",
    component: "pubsub",
    right: "publish",
    resource: "numbers",
  });
});
