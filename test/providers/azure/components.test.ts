// Azure's components beside the cases: what they store, what they make of faults, and that no secret is told.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CosmosClient } from "@azure/cosmos";
import { ServiceBusClient } from "@azure/service-bus";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { create as createCaller } from "../../../providers/azure/invocation/http.ts";
import { create as createTopics } from "../../../providers/azure/pubsub/servicebus-topics.ts";
import { create as createCosmosdb } from "../../../providers/azure/state/cosmosdb.ts";
import { type ComponentOptions, FaastenError, type PubSub, type StateStore } from "../../../src/provider.ts";
import { vault } from "../../conformance/azure.ts";
import { type Cosmos, startCosmos } from "../../servers/cosmos.ts";
import { createFaultProxy, type FaultProxy } from "../../servers/faults.ts";
import { type ServiceBus, startServiceBus } from "../../servers/service-bus.ts";

const named = (metadata: Record<string, string>): ComponentOptions => ({ name: "orders", service: "shop", metadata });

/** What it was refused with. */
async function refusal(of: Promise<unknown>): Promise<FaastenError> {
  const error = await of.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FaastenError);
  return error as FaastenError;
}

describe("state.azure.cosmosdb", () => {
  let cosmos: Cosmos;
  let proxy: FaultProxy;
  let store: StateStore;
  let client: CosmosClient;
  const metadata = (): Record<string, string> => ({ url: `${proxy.url}/dbs/app/colls/entries`, masterKey: cosmos.key });
  beforeAll(async () => {
    cosmos = await startCosmos();
    client = new CosmosClient({
      endpoint: cosmos.url,
      key: cosmos.key,
      connectionPolicy: { enableEndpointDiscovery: false },
    });
  });
  beforeEach(async () => {
    proxy = await createFaultProxy(cosmos.url);
    store = await createCosmosdb(named(metadata()));
  });
  afterEach(async () => {
    await store.close?.();
    await proxy.close();
  });
  afterAll(() => cosmos.close());

  const items = () => client.database("app").container("entries");
  const stored = async (id: string, partition: string): Promise<Record<string, unknown>> => {
    const { resource } = await items().item(id, partition).read<Record<string, unknown>>();
    return resource ?? {};
  };

  test("an entry is laid out as Dapr lays it out", async () => {
    const key = `shop||${randomUUID()}`;
    await store.set(key, { json: '{"a":[1]}' });
    expect(await stored(key, key)).toMatchObject({ id: key, partitionKey: key, value: { a: [1] }, isBinary: false });
    expect(await stored(key, key)).not.toHaveProperty("ttl");
    const expiresAt = Math.ceil(Date.now() / 1000) * 1000 + 60_000;
    await store.set(key, { bytes: new Uint8Array([0, 255]) }, { expiresAt });
    const binary = await stored(key, key);
    expect(binary).toMatchObject({ value: "AP8=", isBinary: true });
    const end = Number(binary["_ts"]) + Number(binary["ttl"]);
    expect(end, "never swept early").toBeGreaterThanOrEqual(expiresAt / 1000);
    expect(end, "swept soon after").toBeLessThan(expiresAt / 1000 + 30);
  });

  test("what Dapr has written is read, and expires by its own time", async () => {
    const key = `shop||${randomUUID()}`;
    const written = { id: key, partitionKey: key, value: "aGk=", isBinary: true, ttl: 60, _etag: "", _ts: 0 };
    const { resource } = await items().items.upsert(written);
    const entry = await store.get(key);
    expect(entry?.value).toEqual({ bytes: Buffer.from("hi") });
    expect(entry?.expiresAt).toBe((Number(resource?._ts) + 60) * 1000);
    expect(await store.set(key, { json: "1" }, { ifEtag: entry?.etag ?? "" })).toBeTypeOf("string");
  });

  test("a conditional write whose reply is lost is sent once, and its outcome is not known", async () => {
    const key = randomUUID();
    const ifEtag = (await store.set(key, { json: "1" })) ?? "";
    for (const condition of [{ ifEtag }, { ifAbsent: true as const }]) {
      proxy.spoil(() => "cut");
      const { code } = await refusal(store.set("ifEtag" in condition ? key : randomUUID(), { json: "2" }, condition));
      expect([code, proxy.calls]).toEqual(["UNAVAILABLE", 1]);
    }
    proxy.spoil(() => "cut");
    expect((await refusal(store.transact?.(key, [{ kind: "delete", key }]) ?? Promise.resolve())).code).toBe(
      "UNAVAILABLE",
    );
    expect(proxy.calls).toBe(1);
  });

  test("what is throttled is tried again when the service says so", async () => {
    await store.get("warm");
    const throttled = {
      status: 429,
      body: '{"code":"429","message":"Request rate is large"}',
      headers: { "x-ms-retry-after-ms": "1" },
    };
    proxy.spoil((call) => (call <= 2 ? throttled : undefined));
    expect(await store.set(randomUUID(), { json: "1" }, { ifAbsent: true })).toBeTypeOf("string");
    expect(proxy.calls).toBeGreaterThanOrEqual(3);
    proxy.spoil(() => throttled);
    expect((await refusal(store.get("any"))).code).toBe("THROTTLED");
  });

  test("a call ends with its invocation, also while the SDK waits to try again", async () => {
    await store.get("warm");
    for (const fault of [{ delay: 60_000 }, { status: 429, body: "{}", headers: { "x-ms-retry-after-ms": "60000" } }]) {
      proxy.spoil(() => fault);
      expect((await refusal(store.get("any", { signal: AbortSignal.timeout(100) }))).code).toBe("TIMEOUT");
    }
  });

  test("a refusal tells component, operation and request, and no key", async () => {
    const wrong = await createCosmosdb(named({ ...metadata(), masterKey: "d3Jvbmcga2V5" }));
    const error = await refusal(wrong.get("any"));
    expect(error.code).toBe("UNAUTHENTICATED");
    expect(error.message).toMatch(
      /^component "orders": read item failed with 401 \(request [\da-f-]{36}\): the credentials/,
    );
    expect(error.message).not.toContain("d3Jvbmcga2V5");
    const elsewhere = await createCosmosdb(
      named({ ...metadata(), url: cosmos.url, database: "app", collection: "none" }),
    );
    for (const call of [elsewhere.set("any", { json: "1" }), elsewhere.get("any"), elsewhere.delete("any")])
      expect((await refusal(call)).code).toBe("MISCONFIGURED");
    await wrong.close?.();
    await elsewhere.close?.();
  });

  test("an account that is not Strong is refused, unless its eventual reads are accepted", async () => {
    const weak = await startCosmos({ consistency: "Session" });
    const at = { url: `${weak.url}/dbs/app/colls/entries`, masterKey: weak.key };
    const refused = await createCosmosdb(named(at));
    const error = await refusal(refused.get("any"));
    expect([error.code, error.message]).toEqual(["MISCONFIGURED", expect.stringContaining("consistency is Session")]);
    const accepted = await createCosmosdb(named({ ...at, allowEventualReads: "true" }));
    expect(await accepted.get("any")).toBeUndefined();
    await refused.close?.();
    await accepted.close?.();
    await weak.close();
  });

  test("a value above what an item holds is TOO_LARGE, and nothing is sent", async () => {
    await store.get("warm");
    proxy.spoil(() => undefined);
    const { code } = await refusal(store.set("large", { bytes: new Uint8Array(1_400_001) }));
    expect([code, proxy.calls]).toEqual(["TOO_LARGE", 0]);
  });

  test("a transaction deletes what is not there, and creates over what has expired", async () => {
    const partition = randomUUID();
    const [there, absent, expired] = [randomUUID(), randomUUID(), randomUUID()];
    await store.set(there, { json: "1" }, { partition });
    await store.set(expired, { json: "1" }, { partition, expiresAt: Date.now() - 5000 });
    const done = await store.transact?.(partition, [
      { kind: "delete", key: absent },
      { kind: "delete", key: there },
      { kind: "set", key: expired, value: { json: "2" }, ifAbsent: true },
    ]);
    expect(done).toBe(true);
    for (const key of [there, absent]) expect(await store.get(key, { partition })).toBeUndefined();
    expect((await store.get(expired, { partition }))?.value).toEqual({ json: "2" });
  });
});

describe("pubsub.azure.servicebus.topics", () => {
  let bus: ServiceBus;
  let pubsub: PubSub;
  let client: ServiceBusClient;
  const subscription = { topic: "placed", subscriber: "ship", attempts: 5, ordered: false };
  const event = (data = "1") => ({
    specversion: "1.0" as const,
    id: randomUUID(),
    source: "/s",
    type: "t",
    data: { json: data },
  });
  beforeEach(async () => {
    bus = await startServiceBus();
    bus.topic("shop-test-placed");
    bus.queue("ship-dead", { maxDeliveryCount: 2000 });
    bus.queue("ship", { lockTime: 300, deadLettersTo: "ship-dead", maxDeliveryCount: 2 });
    bus.forward("shop-test-placed", "ship");
    process.env["FAASTEN_INBOX_SHIP"] = "ship";
    pubsub = await createTopics(
      named({ connectionString: bus.connectionString, namespaceName: "shop.servicebus.windows.net/shop-test-" }),
    );
    client = new ServiceBusClient(bus.connectionString, { retryOptions: { maxRetries: 0 } });
  });
  afterEach(async () => {
    await pubsub.close?.();
    await client.close();
    await bus.close();
    delete process.env["FAASTEN_INBOX_SHIP"];
  });

  test("a message is a CloudEvent in JSON, as Dapr publishes it", async () => {
    const sent = event('{"a":1.50}');
    await pubsub.publish("placed", sent);
    const [message] = await client.createReceiver("ship", { skipParsingBodyAsJson: true }).receiveMessages(1);
    expect(message?.body.toString()).toBe(
      `{"specversion":"1.0","id":"${sent.id}","source":"/s","type":"t","data":{"a":1.50}}`,
    );
    expect([message?.messageId, message?.contentType]).toEqual([sent.id, "application/cloudevents+json"]);
  });

  test("after its connection is lost, it publishes by another", async () => {
    await pubsub.publish("placed", event());
    bus.cut();
    await pubsub.publish("placed", event());
    expect(bus.queue("ship").size).toBe(2);
  });

  test("more than one message holds goes in several batches", async () => {
    const events = Array.from({ length: 5 }, () => event(JSON.stringify("x".repeat(100_000))));
    expect(await pubsub.publishMany?.("placed", events)).toEqual([]);
    expect(bus.queue("ship").size).toBe(5);
  });

  test("what is put off comes later, and knows how often it came before", async () => {
    const arrival = { kind: "event" as const, event: event(), attempt: 3 };
    expect(await pubsub.postpone?.(subscription, arrival, Date.now() - 1)).toBe(false);
    expect(await pubsub.postpone?.({ ...subscription, ordered: true }, arrival, Date.now() + 500)).toBe(false);
    expect(bus.queue("ship").peek(0, 10)).toEqual([]);
    const notBefore = Date.now() + 500;
    expect(await pubsub.postpone?.(subscription, arrival, notBefore)).toBe(true);
    const [message] = await client.createReceiver("ship").receiveMessages(1, { maxWaitTimeInMs: 5000 });
    expect(Date.now()).toBeGreaterThanOrEqual(notBefore);
    expect([message?.messageId, message?.applicationProperties]).toEqual([arrival.event.id, { faastenattempt: 3 }]);
  });

  test("what the platform gives up is a dead letter with its own reason, and can be sent back", async () => {
    const sent = event();
    await pubsub.publish("placed", sent);
    const receiver = client.createReceiver("ship");
    for (let delivery = 0; delivery < 2; delivery++) {
      const [message] = await receiver.receiveMessages(1);
      if (message) await receiver.abandonMessage(message);
    }
    const letters = [];
    for await (const letter of pubsub.deadLetters?.(subscription) ?? []) letters.push(letter);
    expect(letters.map(({ id, extensions }) => [id, extensions?.["faastenreason"]])).toEqual([[sent.id, "platform"]]);
    expect(await pubsub.redrive?.(subscription, sent.id)).toBe(true);
    expect([bus.queue("ship").size, bus.queue("ship-dead").size]).toEqual([1, 0]);
  });

  test("a refusal tells component and operation, and no key", async () => {
    const nowhere = await refusal(pubsub.publish("unknown", event()));
    expect([nowhere.code, nowhere.message]).toEqual([
      "MISCONFIGURED",
      expect.stringMatching(/^component "orders": send failed with MessagingEntityNotFound/),
    ]);
    const connectionString = bus.connectionString.replace(/SharedAccessKey=[^;]+/, "SharedAccessKey=d3Jvbmcga2V5");
    const wrong = await createTopics(named({ connectionString, namespaceName: "shop/shop-test-" }));
    const error = await refusal(wrong.publish("placed", event()));
    expect([error.code, error.message]).toEqual(["DENIED", expect.stringContaining("InvalidSignature")]);
    expect(error.message).not.toContain("d3Jvbmcga2V5");
    await wrong.close?.();
    delete process.env["FAASTEN_INBOX_SHIP"];
    const arrival = { kind: "event" as const, event: event() };
    const { code, message } = await refusal((async () => pubsub.bury?.(subscription, arrival, "no"))());
    expect([code, message]).toEqual(["MISCONFIGURED", expect.stringContaining("FAASTEN_INBOX_SHIP")]);
  });
});

test("invocation.azure.http: each call proves the app's identity to that service, and takes no proof of others along", async () => {
  const { tokens } = (await vault()).entra;
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const caller = await createCaller(named({ baseUrl, audience: "api://billing" }));
  const headers = new Headers({ authorization: "Bearer somebody else's" });
  expect((await caller.call({ method: "GET", path: "/", headers })).status).toBe(200);
  expect(seen.map((each) => tokens.has(each?.slice("Bearer ".length) ?? ""))).toEqual([true]);
  const { code } = await refusal(
    (await createCaller(named({ baseUrl, audience: "api://none" }))).call({ method: "GET", path: "/", headers }),
  );
  expect([code, seen.length], "without a proof nothing is asked").toEqual(["UNAUTHENTICATED", 1]);
  for (const wrong of ["http://billing.example", "https://u:p@billing.example", "none"])
    expect(() => createCaller(named({ baseUrl: wrong, audience: "api://billing" }))).toThrow(
      "its baseUrl is an address",
    );
  server.close();
});
