// What the local brokers promise beyond the contract: inboxes that outlive their consumers, ten at once, closing well.
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createOn, type Data } from "../../../../providers/local/pubsub/in-memory.ts";
import { create as createSqlite } from "../../../../providers/local/pubsub/sqlite.ts";
import type { CloudEvent, EventArrival, Outcome, PubSub, Subscription } from "../../../../src/provider.ts";
import { folder } from "../folder.ts";

type Open = (service?: string) => Promise<PubSub>;

const stores: Readonly<Record<string, () => (service: string) => PubSub | Promise<PubSub>>> = {
  "in-memory": () => {
    const data: Data = { inboxes: new Map(), watchers: new Set() };
    return (service) => createOn(data, { name: "pubsub", service, metadata: {} });
  },
  sqlite: () => {
    const metadata = { connectionString: join(folder(), "pubsub.db") };
    return (service) => createSqlite({ name: "pubsub", service, metadata });
  },
};

describe.each(Object.entries(stores))("%s", (_name, begin) => {
  /** Clients of one broker. */
  function clients(): Open {
    const make = begin();
    return async (service = "shop") => {
      const component = await make(service);
      onTestFinished(async () => component.close?.());
      return component;
    };
  }

  test("services on one broker each have an inbox of their own, also of one name", async () => {
    const open = clients();
    const [shop, ledger] = [await open("shop"), await open("ledger")];
    const got: string[] = [];
    shop.consume?.([subscription("ship")], async () => settled(got, "shop"));
    ledger.consume?.([subscription("ship")], async () => settled(got, "ledger"));
    await shop.publish("placed", event("1"));
    await expect.poll(() => got.toSorted(), { timeout: 20_000 }).toEqual(["ledger", "shop"]);
  });

  test("a subscription that is gone receives no more, and what lies in its inbox waits for it", async () => {
    const open = clients();
    const broker = await open();
    const got: string[] = [];
    const handle = async ({ subscriber }: Subscription, { event: { id } }: EventArrival): Promise<Outcome> =>
      subscriber === "ship" && got.length === 0
        ? { kind: "retry", notBefore: Date.now() + 500, reason: `${got.push("put off")}` }
        : settled(got, `${subscriber} ${id}`);
    broker.consume?.([subscription("ship")], handle);
    await broker.publish("placed", event("first"));
    await expect.poll(() => got, { timeout: 20_000 }).toEqual(["put off"]);
    broker.consume?.([subscription("bill")], handle);
    await broker.publish("placed", event("second"));
    await expect.poll(() => got, { timeout: 20_000 }).toEqual(["put off", "bill second"]);
    broker.consume?.([subscription("ship"), subscription("bill")], handle);
    await expect.poll(() => got, { timeout: 20_000 }).toEqual(["put off", "bill second", "ship first"]);
  });

  test("at most ten of one subscription run at once, and another's go on", async () => {
    const open = clients();
    const broker = await open();
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    let others = 0;
    broker.consume?.([subscription("slow"), subscription("quick")], async ({ subscriber }) => {
      if (subscriber === "quick") others += 1;
      else {
        running += 1;
        most = Math.max(most, running);
        await held;
        running -= 1;
      }
      return { kind: "done" };
    });
    for (let index = 0; index < 25; index++) await broker.publish("placed", event(`${index}`));
    await expect.poll(() => others, { timeout: 20_000 }).toBe(25);
    expect(most).toBe(10);
    letGo();
    await expect.poll(() => running, { timeout: 20_000 }).toBe(0);
    expect(most).toBe(10);
  });

  test("closing waits for what is running, and keeps its outcome", async () => {
    const open = clients();
    const [first, second] = [await open(), await open()];
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    first.consume?.([subscription("ship")], async () => {
      begin();
      await new Promise((resolve) => setTimeout(resolve, 200));
      return { kind: "dead", reason: "handled while closing" };
    });
    await first.publish("placed", event("1"));
    await begun;
    await first.close?.();
    const letters: CloudEvent[] = [];
    for await (const letter of second.deadLetters?.(subscription("ship")) ?? []) letters.push(letter);
    expect(letters.map(({ extensions }) => extensions?.["faastenreason"])).toEqual(["handled while closing"]);
  });

  test("closing hands back what does not end, and another client goes on with it", async () => {
    const open = clients();
    const [first, second] = [await open(), await open()];
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    first.consume?.([subscription("ship")], async () => {
      begin();
      await held;
      return { kind: "dead", reason: "too late to count" };
    });
    await first.publish("placed", event("1"));
    await begun;
    await first.close?.();
    const attempts: (number | undefined)[] = [];
    second.consume?.([subscription("ship")], async (_, { attempt }) => settled(attempts, attempt));
    await expect.poll(() => attempts, { timeout: 20_000 }).toEqual([2]);
    letGo();
  });
});

test("components of two names on one file are two brokers", async () => {
  const metadata = { connectionString: join(folder(), "pubsub.db") };
  const [pubsub, audit] = [
    await createSqlite({ name: "pubsub", service: "shop", metadata }),
    await createSqlite({ name: "audit", service: "shop", metadata }),
  ];
  onTestFinished(async () => {
    await Promise.all([pubsub.close(), audit.close()]);
  });
  const got: string[] = [];
  audit.consume([subscription("ship")], async (_, { event }) => settled(got, `audit ${event.id}`));
  pubsub.consume([subscription("ship")], async (_, { event }) => settled(got, `pubsub ${event.id}`));
  await pubsub.publish("placed", event("1"));
  await audit.publish("placed", event("2"));
  await expect.poll(() => got.toSorted(), { timeout: 20_000 }).toEqual(["audit 2", "pubsub 1"]);
});

function subscription(subscriber: string): Subscription {
  return { topic: "placed", subscriber, attempts: 5, ordered: false };
}

function event(id: string): CloudEvent {
  return { specversion: "1.0", id, source: "/tests", type: "placed" };
}

function settled<T>(got: T[], what: T): Outcome {
  got.push(what);
  return { kind: "done" };
}
