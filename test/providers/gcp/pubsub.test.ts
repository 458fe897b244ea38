// Of Pub/Sub, what the cases of all brokers leave out: whose inbox a dead letter goes back to, what the platform buries, and batches.
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { create } from "../../../providers/gcp/pubsub/pubsub.ts";
import type { CloudEvent, EventArrival, PubSub } from "../../../src/provider.ts";
import { createFaultProxy } from "../../servers/faults.ts";
import { type PubSubServer, startPubSub } from "../../servers/pubsub.ts";

const [topics, subscriptions] = ["projects/p/topics/shop-dev", "projects/p/subscriptions/shop-dev"];
let server: PubSubServer;
let broker: PubSub;

beforeAll(async () => {
  server = await startPubSub();
  broker = await create({
    name: "pubsub",
    service: "shop",
    metadata: { endpoint: server.url, topicPrefix: `${topics}-` },
  });
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(async () => {
  await broker.close?.();
  await server.close();
});

const event = (id: string, data = "1"): CloudEvent => ({
  ...{ specversion: "1.0", id, source: "/s", type: "t", datacontenttype: "application/json" },
  data: { json: data },
});

/** Subscribers whose inboxes are pulled here, so that it can be seen what is in them. */
function subscribers(topic: string, ...names: readonly string[]) {
  server.createTopic(`${topics}-${topic}`);
  return names.map((subscriber) => {
    const [inbox, deadLetterTopic] = [`${subscriptions}-${subscriber}`, `${topics}-${subscriber}-dead`];
    server.createTopic(deadLetterTopic);
    server.createSubscription(`${inbox}-dead`, { topic: deadLetterTopic });
    server.createSubscription(inbox, {
      topic: `${topics}-${topic}`,
      filter: `NOT attributes:faasteninbox OR attributes.faasteninbox = "shop-dev-${subscriber}"`,
      deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: 5 },
    });
    vi.stubEnv(`FAASTEN_INBOX_${subscriber.toUpperCase()}`, inbox);
    return { topic, subscriber, attempts: 5, ordered: false };
  });
}

async function pull(
  name: string,
): Promise<readonly { ackId: string; message: { data: string; orderingKey?: string } }[]> {
  const response = await fetch(`${server.url}/v1/${name}:pull`, {
    method: "POST",
    headers: { authorization: "Bearer owner" },
    body: JSON.stringify({ maxMessages: 1000, returnImmediately: true }),
  });
  const { receivedMessages = [] } = (await response.json()) as { receivedMessages?: Awaited<ReturnType<typeof pull>> };
  return receivedMessages;
}
const idsIn = async (name: string): Promise<string[]> =>
  (await pull(name)).map(
    ({ message }) => (JSON.parse(Buffer.from(message.data, "base64").toString()) as CloudEvent).id,
  );

async function letters(of: Parameters<NonNullable<PubSub["deadLetters"]>>[0]): Promise<CloudEvent[]> {
  const found: CloudEvent[] = [];
  for await (const letter of broker.deadLetters?.(of) ?? []) found.push(letter);
  return found;
}

test("a dead letter goes back to its own inbox and to no other of the topic, with its order", async () => {
  const [ship, bill] = subscribers("placed", "ship", "bill");
  if (!ship || !bill) throw new Error("two are wanted");
  const arrival: EventArrival = { kind: "event", event: event("1"), attempt: 2, order: "customer 1" };
  await broker.bury?.(ship, arrival, "no luck");
  for (let round = 0; round < 2; round++)
    expect(await letters(ship)).toMatchObject([
      { id: "1", extensions: { faastenreason: "no luck", faastenattempt: 2, faastenfunction: "ship" } },
    ]);
  expect(await broker.redrive?.(ship, "1")).toBe(true);
  const [sent, ...others] = await pull(`${subscriptions}-ship`);
  expect(others).toEqual([]);
  expect(sent?.message.orderingKey).toBe("customer 1");
  expect(await idsIn(`${subscriptions}-bill`)).toEqual([]);
  expect(await letters(ship)).toEqual([]);
  await broker.publish("placed", event("2"));
  expect([await idsIn(`${subscriptions}-ship`), await idsIn(`${subscriptions}-bill`)]).toEqual([["2"], ["2"]]);
});

test("what the platform has buried by itself says so, with its deliveries, and goes back as it was", async () => {
  const [audit] = subscribers("audited", "audit");
  if (!audit) throw new Error("one is wanted");
  await broker.publish("audited", event("1"));
  for (let attempt = 1; attempt <= 5; attempt++)
    for (const { ackId } of await pull(`${subscriptions}-audit`))
      await fetch(`${server.url}/v1/${subscriptions}-audit:modifyAckDeadline`, {
        method: "POST",
        headers: { authorization: "Bearer owner" },
        body: JSON.stringify({ ackIds: [ackId], ackDeadlineSeconds: 0 }),
      });
  expect(await letters(audit)).toMatchObject([
    { id: "1", extensions: { faastenreason: "platform", faastenattempt: 5, faastenfunction: "audit" } },
  ]);
  expect(await broker.redrive?.(audit, "1")).toBe(true);
  const [sent] = await pull(`${subscriptions}-audit`);
  expect(JSON.parse(Buffer.from(sent?.message.data ?? "", "base64").toString())).toEqual({
    ...event("1"),
    data: 1,
  });
});

test("many go in requests of a thousand and of what one takes in bytes", async () => {
  subscribers("many", "counter");
  const proxy = await createFaultProxy(server.url);
  const behind = await create({
    name: "pubsub",
    service: "shop",
    metadata: { endpoint: proxy.url, topicPrefix: `${topics}-` },
  });
  expect(
    await behind.publishMany?.(
      "many",
      Array.from({ length: 1001 }, (_, index) => event(`${index}`)),
    ),
  ).toEqual([]);
  expect(proxy.calls).toBe(2);
  proxy.spoil(() => undefined);
  const large = JSON.stringify("x".repeat(200_000));
  await behind.publishMany?.(
    "many",
    Array.from({ length: 30 }, (_, index) => event(`large ${index}`, large)),
  );
  expect(proxy.calls).toBe(2);
  await behind.close?.();
  await proxy.close();
});

test("an order of more than a kilobyte, or of nothing, is one all the same", async () => {
  subscribers("ordered", "orders");
  const keys = ["", "k", "é".repeat(512), "é".repeat(513), `${"é".repeat(513)}!`];
  for (const order of keys) await broker.publish("ordered", event(order.slice(0, 1) || "none"), { order });
  const found = (await pull(`${subscriptions}-orders`)).map(({ message }) => message.orderingKey ?? "");
  expect(found.slice(1, 3)).toEqual(keys.slice(1, 3));
  expect(new Set(found).size).toBe(5);
  for (const key of found) expect(key).not.toBe("");
});

test("an inbox that no variable tells of is MISCONFIGURED", async () => {
  const none = { topic: "placed", subscriber: "nobody", attempts: 5, ordered: false };
  await expect(broker.redrive?.(none, "1")).rejects.toMatchObject({
    code: "MISCONFIGURED",
    message: expect.stringContaining("FAASTEN_INBOX_NOBODY"),
  });
});
