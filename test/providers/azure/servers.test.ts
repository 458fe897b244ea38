// The contract servers for Azure, held to what the vendor's reference says of the services, by requests that no component makes.
import { createHmac } from "node:crypto";
import { type ServiceBusClient as Client, ServiceBusClient } from "@azure/service-bus";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startAppConfiguration } from "../../servers/app-configuration.ts";
import { type Cosmos, startCosmos } from "../../servers/cosmos.ts";
import { type ServiceBus, startServiceBus } from "../../servers/service-bus.ts";

describe("Cosmos DB", () => {
  let cosmos: Cosmos;
  let now = Date.parse("2026-01-01T00:00:00Z");
  beforeAll(async () => {
    cosmos = await startCosmos({ now: () => now });
  });
  afterAll(() => cosmos.close());

  async function ask(
    method: string,
    id: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; etag: string; body: Record<string, unknown> }> {
    const link = `dbs/app/colls/entries${id && `/docs/${id}`}`;
    const date = new Date().toUTCString();
    const signature = createHmac("sha256", Buffer.from(cosmos.key, "base64"))
      .update(`${method.toLowerCase()}\ndocs\n${link}\n${date.toLowerCase()}\n\n`)
      .digest("base64");
    const response = await fetch(`${cosmos.url}/dbs/app/colls/entries/docs${id && `/${encodeURIComponent(id)}`}`, {
      method,
      headers: {
        authorization: encodeURIComponent(`type=master&ver=1.0&sig=${signature}`),
        "x-ms-date": date,
        "x-ms-documentdb-partitionkey": '["p"]',
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      etag: response.headers.get("etag") ?? "",
      body: text === "" ? {} : JSON.parse(text),
    };
  }
  const item = (id: string, more: object = {}) => ({ id, partitionKey: "p", ...more });
  const batched = { "x-ms-cosmos-is-batch-request": "True", "x-ms-cosmos-batch-atomic": "True" };

  test("what is not signed is refused", async () => {
    expect((await ask("GET", "a", undefined, { authorization: "type%3dmaster%26ver%3d1.0%26sig%3dnone" })).status).toBe(
      401,
    );
  });

  test("create, read, replace by etag, delete by etag", async () => {
    const created = await ask("POST", "", item("one", { value: 1 }));
    expect([created.status, created.body["value"], created.body["_etag"]]).toEqual([201, 1, created.etag]);
    expect((await ask("POST", "", item("one"))).status).toBe(409);
    const replaced = await ask("PUT", "one", item("one"), { "if-match": created.etag });
    expect([replaced.status, replaced.etag === created.etag]).toEqual([200, false]);
    expect((await ask("PUT", "one", item("one"), { "if-match": created.etag })).status).toBe(412);
    expect((await ask("PUT", "none", item("none"))).status).toBe(404);
    expect((await ask("DELETE", "one", undefined, { "if-match": created.etag })).status).toBe(412);
    expect((await ask("DELETE", "one", undefined, { "if-match": replaced.etag })).status).toBe(204);
    expect([(await ask("GET", "one")).status, (await ask("DELETE", "one")).status]).toEqual([404, 404]);
  });

  test("one id may be in several partitions, and an item says its own", async () => {
    await ask("POST", "", item("two"));
    const elsewhere = { "x-ms-documentdb-partitionkey": '["q"]' };
    expect((await ask("POST", "", { id: "two", partitionKey: "q" }, elsewhere)).status).toBe(201);
    expect((await ask("POST", "", item("three"), elsewhere)).status).toBe(400);
    expect((await ask("POST", "", item("a/b"))).status).toBe(400);
  });

  test("time to live counts from the last write, in seconds; what has ended is absent", async () => {
    expect((await ask("POST", "", item("brief", { ttl: 0 }))).status).toBe(400);
    await ask("POST", "", item("brief", { ttl: 2 }));
    now += 1999;
    expect((await ask("GET", "brief")).status).toBe(200);
    now += 1;
    expect((await ask("GET", "brief")).status).toBe(404);
    expect((await ask("POST", "", item("brief"))).status).toBe(201);
  });

  test("a batch is done whole, or not at all: one status tells why, and all others are 424", async () => {
    const batch = (...operations: object[]) => ask("POST", "", operations, batched);
    const create = (id: string) => ({ operationType: "Create", resourceBody: item(id) });
    const failed = await batch(create("b1"), create("two"), create("b2"));
    expect([
      failed.status,
      (failed.body as unknown as { statusCode: number }[]).map(({ statusCode }) => statusCode),
    ]).toEqual([207, [424, 409, 424]]);
    expect((await ask("GET", "b1")).status).toBe(404);
    const done = await batch(create("b1"), { operationType: "Delete", id: "two" }, { operationType: "Read", id: "b1" });
    expect([
      done.status,
      (done.body as unknown as { statusCode: number }[]).map(({ statusCode }) => statusCode),
    ]).toEqual([200, [201, 204, 200]]);
    expect((await batch(...Array.from({ length: 101 }, (_, index) => create(`c${index}`)))).status).toBe(400);
  });
});

describe("Service Bus", () => {
  let bus: ServiceBus;
  let client: Client;
  beforeEach(async () => {
    bus = await startServiceBus();
    client = new ServiceBusClient(bus.connectionString, { retryOptions: { maxRetries: 0, timeoutInMs: 5000 } });
  });
  afterEach(async () => {
    await client.close();
    await bus.close();
  });
  const send = (entity: string, ...messages: Parameters<ReturnType<Client["createSender"]>["sendMessages"]>) =>
    client.createSender(entity).sendMessages(...messages);
  const wait = { maxWaitTimeInMs: 1000 };

  test("a topic forwards a copy to each of its subscriptions' queues, and keeps none", async () => {
    bus.topic("t");
    await send("t", { body: "to nobody" });
    for (const name of ["a", "b"]) {
      bus.queue(name);
      bus.forward("t", name);
    }
    await send("t", { body: "to both" });
    expect([bus.queue("a").size, bus.queue("b").size]).toEqual([1, 1]);
    await expect(send("none", { body: "" })).rejects.toMatchObject({ code: "MessagingEntityNotFound" });
  });

  test("a lock that expires gives the message to another, and its old holder can settle no more; renewing keeps it", async () => {
    bus.queue("q", { lockTime: 300 });
    await send("q", { body: "1" });
    const byHand = { maxAutoLockRenewalDurationInMs: 0 };
    const [receiver, other] = [client.createReceiver("q", byHand), client.createReceiver("q", byHand)];
    const [message] = await receiver.receiveMessages(1, wait);
    if (!message) throw new Error("there is no message");
    for (let time = 0; time < 3; time++) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await receiver.renewMessageLock(message);
    }
    expect(await other.receiveMessages(1, { maxWaitTimeInMs: 100 })).toEqual([]);
    const [again] = await other.receiveMessages(1, wait);
    expect([again?.messageId, again?.deliveryCount]).toEqual([message.messageId, 1]);
    await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: "MessageLockLost" });
    if (again) await other.completeMessage(again);
    expect(bus.queue("q").size).toBe(0);
  });

  test("after its last delivery a message is a dead letter, and is forwarded; so is one that its receiver gives up", async () => {
    bus.queue("dead");
    bus.queue("q", { maxDeliveryCount: 2, deadLettersTo: "dead" });
    await send("q", [{ body: "abandoned" }, { body: "given up" }]);
    const receiver = client.createReceiver("q");
    for (let delivery = 0; delivery < 3; delivery++) {
      const [message] = await receiver.receiveMessages(1, wait);
      if (message?.body === "given up")
        await receiver.deadLetterMessage(message, { deadLetterReason: "mine", deadLetterErrorDescription: "" });
      else if (message) await receiver.abandonMessage(message);
    }
    const letters = await client.createReceiver("dead").peekMessages(10);
    expect(letters.map(({ body, deadLetterReason }) => [body, deadLetterReason])).toEqual([
      ["abandoned", "MaxDeliveryCountExceeded"],
      ["given up", "mine"],
    ]);
  });

  test("a session is one receiver's at a time, in order; it is free again once that is closed", async () => {
    bus.queue("s", { requiresSession: true });
    await send(
      "s",
      [1, 2].map((body) => ({ body, sessionId: "a" })),
    );
    await expect(send("s", { body: "of none" })).rejects.toThrow();
    const receiver = await client.acceptNextSession("s");
    await expect(client.acceptNextSession("s")).rejects.toMatchObject({ code: "ServiceTimeout" });
    const [first] = await receiver.receiveMessages(1, wait);
    expect([receiver.sessionId, first?.body]).toEqual(["a", 1]);
    if (first) await receiver.completeMessage(first);
    await receiver.close();
    const [second] = await (await client.acceptSession("s", "a")).receiveMessages(1, wait);
    expect(second?.body).toBe(2);
  });

  test("a scheduled message is there at its time; a message above 256 KiB is refused", async () => {
    bus.queue("q");
    await send("q", { body: "later", scheduledEnqueueTimeUtc: new Date(Date.now() + 400) });
    expect(bus.queue("q").size).toBe(0);
    const [message] = await client.createReceiver("q").receiveMessages(1, { maxWaitTimeInMs: 3000 });
    expect(message?.body).toBe("later");
    const batch = await client.createSender("q").createMessageBatch();
    expect(batch.tryAddMessage({ body: Buffer.alloc(256 * 1024) })).toBe(false);
  });
});

test("App Configuration refuses what is not signed", async () => {
  const { connectionString, close } = await startAppConfiguration();
  const endpoint = /Endpoint=([^;]+)/.exec(connectionString)?.[1];
  expect((await fetch(`${endpoint}/kv/a?api-version=2023-11-01`)).status).toBe(401);
  await close();
});
