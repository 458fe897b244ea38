// Typed events out.
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { CloudEvent } from "../../../src/contracts/event.ts";
import type { PublishOptions, PubSub } from "../../../src/contracts/pubsub.ts";
import { topic } from "../../../src/functions/topic.ts";
import { invocation, open } from "./opening.ts";

interface Sent {
  readonly topic: string;
  readonly event: CloudEvent;
  readonly options: PublishOptions | undefined;
}

function broker(
  refuse: (event: CloudEvent) => boolean = () => false,
): Required<Pick<PubSub, "publish" | "publishMany">> & { readonly sent: Sent[]; calls: number } {
  const sent: Sent[] = [];
  return {
    sent,
    calls: 0,
    async publish(name, event, options) {
      this.calls += 1;
      if (refuse(event)) throw new Error("no route");
      sent.push({ topic: name, event, options });
    },
    async publishMany(name, events, options) {
      this.calls += 1;
      const left = events.filter(refuse);
      for (const event of events) if (!left.includes(event)) sent.push({ topic: name, event, options });
      return left;
    },
  };
}

const text = ({ event }: Sent): string | undefined =>
  event.data && "json" in event.data ? event.data.json : undefined;

describe("an event", () => {
  test("goes out as Dapr writes it, in the trace of its run", async () => {
    const pubsub = broker();
    const run = invocation();
    const id = await open(topic("order.placed").publish, pubsub, run).publish({ n: 1 });
    expect(pubsub.sent).toEqual([
      {
        topic: "order.placed",
        options: { signal: run.signal },
        event: {
          specversion: "1.0",
          id,
          source: "shop",
          type: "com.dapr.event.sent",
          time: expect.any(String),
          datacontenttype: "application/json",
          data: { json: '{"n":1}' },
          extensions: {
            topic: "order.placed",
            pubsubname: "pubsub",
            traceid: run.traceparent,
            traceparent: run.traceparent,
          },
        },
      },
    ]);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("may have an id, a subject, and a time after which nobody wants it", async () => {
    const pubsub = broker();
    const before = Date.now();
    const placed = open(topic("t", { pubsub: "bus" }).publish, pubsub);
    expect(await placed.publish(1, { id: "own", subject: "s", ttl: "1m" })).toBe("own");
    const [sent] = pubsub.sent;
    expect(sent?.event).toMatchObject({ id: "own", subject: "s", extensions: { pubsubname: "bus" } });
    const expiration = new Date(String(sent?.event.extensions?.["expiration"])).getTime();
    expect(expiration).toBeGreaterThanOrEqual(before + 60_000);
    expect(expiration).toBeLessThanOrEqual(Date.now() + 60_000);
    await expect(placed.publish(1, { ttl: "soon" as "1s" })).rejects.toMatchObject({ code: "INVALID" });
  });

  test("is bytes where its data is", async () => {
    const pubsub = broker();
    await open(topic("t", { raw: true }).publish, pubsub).publish(new Uint8Array([1]));
    expect(pubsub.sent[0]?.event).toMatchObject({
      datacontenttype: "application/octet-stream",
      data: { bytes: new Uint8Array([1]) },
    });
  });

  test("that does not fit its schema, or is no JSON, does not go out", async () => {
    const pubsub = broker();
    const strict = open(topic("t", { schema: z.object({ n: z.number() }) }).publish, pubsub);
    await expect(strict.publish({ n: "1" } as unknown as { n: number })).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringMatching(/^topic t: the event does not fit its schema: n: /),
    });
    const loose = open(topic("t").publish, pubsub);
    for (const data of [undefined, 1n])
      await expect(loose.publish(data)).rejects.toMatchObject({
        code: "INVALID",
        message: expect.stringContaining("topic t: the event is not JSON"),
      });
    expect(pubsub.calls).toBe(0);
  });

  test("goes out as it was given, not as the schema gives it back: subscribers parse it themselves", async () => {
    const pubsub = broker();
    const dated = topic("t", { schema: z.object({ at: z.coerce.date(), n: z.number().default(1) }) });
    await open(dated.publish, pubsub).publish({ at: "2026-01-01T00:00:00Z" });
    expect(pubsub.sent.map(text)).toEqual(['{"at":"2026-01-01T00:00:00Z"}']);
  });

  test("of an ordered topic goes with its key", async () => {
    const pubsub = broker();
    const ordered = open(topic<{ id: string }>("t", { orderBy: ({ id }) => id }).publish, pubsub);
    await ordered.publish({ id: "k" });
    expect(pubsub.sent[0]?.options).toMatchObject({ order: "k" });
  });

  test("of a FIFO topic goes with a key, which is the topic's name unless the topic says another", async () => {
    const pubsub = broker();
    await open(topic("t.fifo", { raw: true }).publish, pubsub).publish(new Uint8Array());
    await open(topic<string>("t.fifo", { orderBy: (data) => data }).publish, pubsub).publish("k");
    expect(pubsub.sent.map(({ options }) => options?.order)).toEqual(["t.fifo", "k"]);
    expect(topic("t.fifo").publish).toMatchObject({ ordered: true });
  });

  test("that the broker does not take rejects", async () => {
    await expect(
      open(
        topic("t").publish,
        broker(() => true),
      ).publish(1),
    ).rejects.toThrow("no route");
  });
});

describe("many events", () => {
  test("go in one call where the broker can, else one by one, and in their order where there is one", async () => {
    const together = broker();
    const ids = await open(topic("t").publish, together).publishMany([1, 2, 3]);
    expect([together.calls, together.sent.map(text), together.sent.map(({ event }) => event.id)]).toEqual([
      1,
      ["1", "2", "3"],
      ids,
    ]);
    const { publishMany, ...single } = broker();
    expect(publishMany).toBeDefined();
    await open(topic("t").publish, single).publishMany([1, 2]);
    expect(single.sent.map(text)).toEqual(["1", "2"]);
    const ordered = broker();
    await open(topic<number>("t", { orderBy: (n) => `k${n}` }).publish, ordered).publishMany([1, 2]);
    expect(ordered.sent.map(({ options }) => options?.order)).toEqual(["k1", "k2"]);
  });

  test("of which one does not fit stay here, all of them", async () => {
    for (const orderBy of [undefined, () => "k"]) {
      const pubsub = broker();
      const strict = topic("t", { schema: z.number(), ...(orderBy && { orderBy }) });
      await expect(open(strict.publish, pubsub).publishMany([1, 2, "3" as unknown as number])).rejects.toMatchObject({
        code: "INVALID",
      });
      expect(pubsub.calls).toBe(0);
    }
  });

  test("of which the broker does not take some are named", async () => {
    for (const orderBy of [undefined, () => "k"]) {
      const second = (event: CloudEvent): boolean =>
        event.data !== undefined && "json" in event.data && event.data.json === "2";
      const pubsub = broker(second);
      const numbers = topic<number>("t", orderBy ? { orderBy } : {});
      const tried = open(numbers.publish, pubsub).publishMany([1, 2, 3]);
      const left = orderBy ? 2 : 1;
      await expect(tried).rejects.toMatchObject({
        code: "UNAVAILABLE",
        message: expect.stringMatching(`^topic t: the broker did not take ${left} of 3 events: [0-9a-f-]{36}`),
      });
      expect(pubsub.sent.map(text)).toEqual(orderBy ? ["1"] : ["1", "3"]);
    }
  });
});
