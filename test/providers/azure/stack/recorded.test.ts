// What components ask of their services, recorded by contract servers of ours, against the roles that the stack assigns for it.
// https://learn.microsoft.com/azure/cosmos-db/nosql/reference-data-plane-security
// https://learn.microsoft.com/azure/service-bus-messaging/authenticate-application#azure-built-in-roles-for-azure-service-bus
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { create as createServiceBusTopics } from "../../../../providers/azure/pubsub/servicebus-topics.ts";
import { itemActions, metadataAction } from "../../../../providers/azure/stack/items.ts";
import { create as createCosmosdb } from "../../../../providers/azure/state/cosmosdb.ts";
import { stateCases } from "../../../../src/conformance/cases.ts";
import type { EventArrival, PubSub, StateStore, Subscription } from "../../../../src/provider.ts";
import { type Cosmos, startCosmos } from "../../../servers/cosmos.ts";
import { type ServiceBus, startServiceBus } from "../../../servers/service-bus.ts";
import { builtIn } from "./findings.ts";
import { type Deployment, deploy, emitted, inputOf, settingsOf } from "./template.ts";

describe("Cosmos DB", () => {
  let cosmos: Cosmos;
  let store: StateStore;
  let second: StateStore;
  beforeAll(async () => {
    cosmos = await startCosmos();
    const metadata = { url: cosmos.url, database: "app", collection: "entries", masterKey: cosmos.key };
    store = await createCosmosdb({ name: "orders", service: "shop", metadata });
    second = await createCosmosdb({ name: "orders", service: "shop", metadata });
  });
  afterAll(async () => {
    await store.close?.();
    await second.close?.();
    await cosmos.close();
  });

  /** What was asked for while this ran. */
  async function asked(run: () => Promise<unknown>): Promise<readonly string[]> {
    const from = cosmos.requests.length;
    await run();
    return [...new Set(cosmos.requests.slice(from).flatMap(actionsOf))].sort();
  }

  const items = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items";
  const writes = ["create", "delete", "replace", "upsert"].map((action) => `${items}/${action}`);
  function actionsOf(request: string): readonly string[] {
    const [method = "", path = "", kind] = request.split(" ");
    if (path === "/" || !path.includes("/docs")) return [metadataAction];
    // A batch is made of no other operations.
    if (kind === "batch") return writes;
    // How a query is to be run is a part of running it.
    if (kind === "isquery" || kind === "query-plan")
      return ["Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/executeQuery"];
    if (kind === "is-upsert") return [`${items}/upsert`];
    const known: Readonly<Record<string, string>> = { GET: "read", POST: "create", PUT: "replace", DELETE: "delete" };
    return [`${items}/${known[method] ?? "unknown"}`];
  }

  test("read asks for what it may, all of it", async () => {
    const did = await asked(async () => {
      await store.get("a");
      await store.getMany?.(["a", "b"]);
      await store.get("a", { consistency: "eventual" });
    });
    expect(did).toEqual([metadataAction, ...itemActions.read].sort());
  });

  test("list asks for what it may, all of it", async () => {
    const fresh = await createCosmosdb({
      name: "orders",
      service: "shop",
      metadata: { url: cosmos.url, database: "app", collection: "entries", masterKey: cosmos.key },
    });
    const did = await asked(async () => {
      for await (const key of fresh.list?.("") ?? []) expect(key).toBeTypeOf("string");
    });
    await fresh.close?.();
    expect(did).toEqual([metadataAction, ...itemActions.list].sort());
  });

  test("readWrite, by all that state stores must do, asks for what it may, all of it", {
    timeout: 120_000,
  }, async () => {
    const { list: _, ...unlisted } = store;
    let ran = 0;
    const did = await asked(async () => {
      for (const one of stateCases) {
        if (one.needs !== undefined && !Reflect.has(unlisted, one.needs)) continue;
        await one.run({ component: unlisted, second });
        ran++;
      }
    });
    expect(ran).toBeGreaterThan(20);
    const allowed = [metadataAction, ...itemActions.readWrite].sort();
    expect(did.filter((action) => !allowed.includes(action))).toEqual([]);
    expect(allowed.filter((action) => !did.includes(action) && action !== metadataAction)).toEqual([]);
  });
});

describe("Service Bus", () => {
  const of: Subscription = { topic: "placed", subscriber: "ship", attempts: 5, ordered: false };
  const event = { specversion: "1.0", id: "1", source: "shop", type: "placed", data: { json: "{}" } } as const;
  const arrival: EventArrival = { kind: "event", event, attempt: 1 };
  let bus: ServiceBus;
  let broker: PubSub;
  let deployment: Deployment;
  const before = process.env["FAASTEN_INBOX_SHIP"];

  beforeAll(async () => {
    deployment = deploy(
      emitted(
        inputOf({
          functions: [
            { name: "ship", file: "a.ts", line: 1, on: { kind: "topic", pubsub: "pubsub", many: true, ...of } },
          ],
          components: [
            {
              name: "pubsub",
              block: "pubsub",
              type: "pubsub.azure.servicebus.topics",
              metadata: { namespaceName: { env: "FAASTEN_PUBSUB_PUBSUB" } },
            },
          ],
          grants: [{ function: "ship", block: "pubsub", component: "pubsub", right: "publish", resource: "placed" }],
        }),
      ),
    );
    const settings = settingsOf(deployment);
    process.env["FAASTEN_INBOX_SHIP"] = settings["FAASTEN_INBOX_SHIP"];
    bus = await startServiceBus();
    // As the template has them.
    for (const { type, name, properties = {} } of deployment.resources) {
      const last = name.split("/").at(-1) ?? "";
      if (type.endsWith("/queues")) bus.queue(last, { maxDeliveryCount: Number(properties["maxDeliveryCount"]) });
      if (type.endsWith("/topics")) bus.topic(last);
      if (type.endsWith("/subscriptions")) bus.forward(name.split("/")[1] ?? "", String(properties["forwardTo"]));
    }
    const [, prefix] = settings["FAASTEN_PUBSUB_PUBSUB"]?.split("/") ?? [];
    broker = await createServiceBusTopics({
      name: "pubsub",
      service: "shop",
      metadata: { connectionString: bus.connectionString, namespaceName: `127.0.0.1/${prefix}` },
    });
  });
  afterAll(async () => {
    if (before === undefined) delete process.env["FAASTEN_INBOX_SHIP"];
    else process.env["FAASTEN_INBOX_SHIP"] = before;
    await broker.close?.();
    await bus.close();
  });

  const rights = (): readonly string[] =>
    deployment.resources.flatMap(({ type, properties = {}, scope = "" }) => {
      if (type !== "Microsoft.Authorization/roleAssignments" || !scope.includes("Microsoft.ServiceBus")) return [];
      const [name] = builtIn[String(properties["roleDefinitionId"]).split("/").at(-1) ?? ""] ?? [];
      return [`${name?.endsWith("Sender") ? "send" : "listen"} ${scope.split("/").at(-1)}`];
    });

  test("what its component sends is what it may send, and what comes is in the inbox that the template names", async () => {
    await broker.publish("placed", event);
    await broker.publishMany?.("placed", [event, event]);
    expect(await broker.postpone?.(of, arrival, Date.now() + 60_000)).toBe(true);
    await broker.bury?.(of, arrival, "why not");
    expect([...new Set(bus.links)].sort()).toEqual([
      "send shop-dev-placed",
      "send shop-dev-ship.inbox",
      "send shop-dev-ship.inbox-dead",
    ]);
    expect(bus.links.filter((link) => !rights().includes(link))).toEqual([]);
    // The host takes, and not the component.
    expect(rights().filter((right) => !bus.links.includes(right))).toEqual(["listen shop-dev-ship.inbox"]);
    expect(bus.queue("shop-dev-ship.inbox").peek(0, 10).length).toBeGreaterThanOrEqual(3);
    expect(bus.queue("shop-dev-ship.inbox-dead").peek(0, 10)).toHaveLength(1);
  });

  test("another's is not among them", () => {
    expect(rights()).not.toContain("send shop-dev-other");
    expect(rights()).not.toContain("listen shop-dev-ship.inbox-dead");
  });
});
