// The orders scenario on Azure's own library, as the emitted stack deploys it. What was asked of Azure on the way is held against the roles.
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { create } from "../../providers/azure/pubsub/servicebus-topics.ts";
import { metadataAction } from "../../providers/azure/stack/items.ts";
import type { PubSub } from "../../src/provider.ts";
import { toStructured } from "../../src/provider.ts";
import { whatRan } from "../portable/ran.ts";
import { scenario } from "../portable/scenario.ts";
import { builtIn } from "../providers/azure/stack/findings.ts";
import type { BusMessage } from "../servers/functions-host.ts";
import { text } from "../servers/lambda-runtime-api.ts";
import { type DeployedOrders, deployOrders } from "./azure-orders.ts";

const addresses = { app: "", control: "" };
let orders: DeployedOrders;
let broker: PubSub;
let control: Server;

beforeAll(async () => {
  orders = await deployOrders();
  broker = await operator();
  control = createServer(async (request, response) => {
    const answer = await steer(request.method ?? "", request.url ?? "", await text(request));
    response.writeHead(200, { "content-type": "application/json" }).end(answer);
  });
  await new Promise<void>((resolve) => control.listen(0, "127.0.0.1", resolve));
  const address = control.address();
  addresses.app = orders.host.url;
  addresses.control = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});

afterAll(async () => {
  control?.close();
  await broker?.close?.();
  await orders?.close();
});

test("what runs is what runs on this machine", async () => {
  await expect(whatRan()).toMatchFileSnapshot("../portable/ran.txt");
});

describe("the orders app on Azure Functions", () => {
  const { http, events } = scenario(addresses);
  for (const { name, run } of [...http, ...events]) test(name, run);

  test("counts its orders at night", async () => {
    const run = { Last: "2099-11-20T01:00:00.004+00:00", Next: "2099-11-20T02:00:00+00:00" };
    expect(await orders.host.ring("countOrders", run)).toBe(true);
    expect(orders.host.lines().join("\n")).toContain('"orders counted"');
  });
});

describe("a process that is killed in the middle", () => {
  test("loses nothing, and nothing is acknowledged before it is done", { timeout: 120_000 }, async () => {
    const send = (method: string, path: string, body: unknown): Promise<Response> =>
      fetch(`${addresses.app}${path}`, {
        method,
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      });
    const statusOf = async (id: string): Promise<unknown> =>
      ((await (await fetch(`${addresses.app}/orders/${id}`)).json()) as { status: unknown }).status;
    const ids = Array.from({ length: 20 }, (_, index) => `killed-${index}`);
    // Each of a kind of its own: those that meet at one stock have their conflicts again, which is another matter.
    for (const id of ids) await send("PUT", `/stock/${id}`, { count: 100 });
    let [kills, given, failed] = [0, 0, 0];
    const early: string[] = [];
    // One that a dead process has claimed is put off: a copy of it is in the inbox before it is acknowledged.
    const isPutOff = (id: string): boolean => {
      const inbox = orders.bus.queue(orders.settings["FAASTEN_INBOX_SHIP"] ?? "");
      return inbox.peek(0, 1000).some(({ message }) => {
        const { content } = message["body"] as { readonly content: Buffer };
        return "x-opt-scheduled-enqueue-time" in (message.message_annotations ?? {}) && idOf(content) === id;
      });
    };
    // What is asked over HTTP dies with the worker as well, and nobody would ask again: first all of it.
    const placed = Promise.withResolvers<void>();
    orders.watch = async (to, message, invoke) => {
      await placed.promise;
      const running = invoke();
      // Some are under way by then: an app runs several at once, and they all die with it.
      if (to === "ship" && kills < 3 && ++given % 4 === 0) {
        kills++;
        setTimeout(() => void orders.host.kill(), 5 * kills);
      }
      const done = await running;
      if (!done) failed++;
      const id = idOf(message.body);
      if (to !== "ship" || !done || !ids.includes(id)) return done;
      await expect.poll(() => statusOf(id).catch(() => "nobody answers"), { timeout: 20_000 }).not.toMatch("nobody");
      const isLater = isPutOff(id);
      if ((await statusOf(id).catch(() => "shipped")) !== "shipped" && !isLater) early.push(id);
      return done;
    };
    for (const id of ids) expect((await send("POST", "/orders", { id, sku: id, quantity: 1 })).status).toBe(201);
    placed.resolve();
    const unshipped = () => Promise.all(ids.map(async (id) => statusOf(id).catch(() => "nobody answers")));
    await expect
      .poll(async () => (await unshipped()).filter((status) => status !== "shipped"), {
        timeout: 90_000,
        interval: 500,
      })
      .toEqual([]);
    orders.watch = (_to, _message, invoke) => invoke();
    expect(early).toEqual([]);
    expect([kills, failed > 0], "it was killed over messages, and came again").toEqual([3, true]);
    for (const id of ids) {
      const { count } = (await (await fetch(`${addresses.app}/stock/${id}`)).json()) as { count: number };
      expect(count, "taken from the stock").toBeLessThanOrEqual(99);
      expect(count, "and again at most where a process died over it").toBeGreaterThanOrEqual(99 - kills);
    }
    const letters: string[] = [];
    for await (const { data } of broker.deadLetters?.(shipping) ?? []) letters.push(JSON.stringify(data));
    expect(letters.filter((letter) => letter.includes("killed-"))).toEqual([]);
  });
});

describe("what goes wrong on the way", () => {
  const tooMany = { status: 429, headers: { "x-ms-retry-after-ms": "20" }, body: '{"code":"429","message":"wait"}' };
  const none = (): void => {};
  test.each<readonly [string, begin: () => void, withMessage: (message: BusMessage) => void]>([
    [
      "Cosmos DB has too many requests",
      () => orders.proxy.spoil((call) => (call % 3 === 0 ? tooMany : undefined)),
      none,
    ],
    ["Cosmos DB's replies are lost", () => orders.proxy.spoil((call) => (call % 7 === 0 ? "cut" : undefined)), none],
    ["all connections to Service Bus are lost", () => orders.bus.cut(), none],
    [
      "a message's lock is lost while its function runs",
      none,
      ({ lockToken = "" }) => void orders.bus.queue(orders.settings["FAASTEN_INBOX_SHIP"] ?? "").abandon(lockToken),
    ],
  ])("%s: each order is shipped, and once", { timeout: 60_000 }, async (name, begin, withMessage) => {
    const prefix = name.replaceAll(/\W/g, "").slice(-12);
    const ids = Array.from({ length: 6 }, (_, index) => `${prefix}-${index}`);
    const headers = { "content-type": "application/json" };
    const send = async (method: string, path: string, body: unknown): Promise<number> =>
      (await fetch(`${addresses.app}${path}`, { method, headers, body: JSON.stringify(body) })).status;
    for (const id of ids) expect(await send("PUT", `/stock/${id}`, { count: 100 })).toBe(200);
    let told = 0;
    orders.watch = (to, message, invoke) => {
      const running = invoke();
      if (to === "ship" && ++told <= ids.length) withMessage(message);
      return running;
    };
    begin();
    // Placing one is the caller's to repeat: what is tried here is what becomes of its event.
    for (const [index, id] of ids.entries()) {
      if (index === 3) begin();
      const event = {
        specversion: "1.0",
        id,
        source: "test",
        type: "order.placed",
        data: { id, sku: id, quantity: 1 },
      };
      await broker.publish("order.placed", {
        ...event,
        specversion: "1.0",
        data: { json: JSON.stringify(event.data) },
      });
    }
    const read = async (path: string): Promise<Readonly<Record<string, unknown>>> =>
      (await (await fetch(`${addresses.app}${path}`)).json()) as Readonly<Record<string, unknown>>;
    await expect
      .poll(() => Promise.all(ids.map(async (id) => (await read(`/orders/${id}`))["status"])), { timeout: 40_000 })
      .toEqual(ids.map(() => "shipped"));
    orders.proxy.spoil(() => undefined);
    orders.watch = (_to, _message, invoke) => invoke();
    const counts = await Promise.all(ids.map(async (id) => (await read(`/stock/${id}`))["count"]));
    if (name.includes("replies")) for (const count of counts) expect(Number(count)).toBeLessThanOrEqual(99);
    else expect(counts).toEqual(ids.map(() => 99));
  });
});

describe("the roles", () => {
  test("allow all that was asked of Cosmos DB", () => {
    const asked = [...new Set(orders.cosmos.requests.flatMap(actionOf))].sort();
    expect(asked.length).toBeGreaterThan(10);
    const allowed = allowedItems();
    expect(asked.filter((one) => !allowed.has(one))).toEqual([]);
    expect(allowed.has("orders Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/executeQuery")).toBe(true);
    expect(allowed.has("stock Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/executeQuery")).toBe(false);
  });

  test("allow all that was sent by Service Bus, and no more", () => {
    const links = [...new Set(orders.bus.linksOf(client()))].sort();
    const allowed = rolesOn("Microsoft.ServiceBus").map(
      ({ role, name }) => `${role.endsWith("Sender") ? "send" : "listen"} ${name}`,
    );
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((link) => !allowed.includes(link))).toEqual([]);
    const unseen = allowed.filter((link) => !links.includes(link)).sort();
    expect(unseen, "what the host takes, and dead letters and delays of those that have none").toEqual([
      "listen orders-dev-audit.inbox",
      "listen orders-dev-ship.inbox",
      "listen orders-dev-summarise.inbox",
      "send orders-dev-audit.inbox",
      "send orders-dev-audit.inbox-dead",
      "send orders-dev-summarise.inbox",
      "send orders-dev-summarise.inbox-dead",
    ]);
  });

  test("allow what was read of secrets and settings, and what was done to objects", () => {
    expect([...new Set(orders.vault.read.map(({ by, secret }) => `${by} ${secret}`))]).toEqual([
      `${client()} signing-key`,
    ]);
    expect(rolesOn("Microsoft.KeyVault").map(({ role, name }) => [role, name])).toEqual([
      ["Key Vault Secrets User", "signing-key"],
    ]);
    expect(new Set(orders.configuration.read.map(({ by }) => by))).toEqual(new Set([client()]));
    expect(rolesOn("Microsoft.AppConfiguration").map(({ role }) => role)).toEqual(["App Configuration Data Reader"]);
    const methods = new Set(orders.objects.requests.map((request) => request.replace(/\/orders-dev-receipts\/.+/, "")));
    expect([...methods].sort()).toEqual(["GET ", "PUT "]);
    const own = rolesOn("Microsoft.Storage").filter(({ name }) => name === "orders-dev-receipts");
    expect(own.map(({ role }) => role).sort()).toEqual(["Storage Blob Data Contributor", "Storage Blob Data Reader"]);
  });
});

const shipping = { topic: "order.placed", subscriber: "ship", attempts: 5, ordered: false };

/** The identity of the app. */
function client(): string {
  return orders.settings["AZURE_CLIENT_ID"] ?? "";
}

/** Roles that Azure brings along, on what lies in a namespace of it. */
function rolesOn(provider: string): readonly { readonly role: string; readonly name: string }[] {
  return orders.deployment.resources.flatMap(({ type, properties = {}, scope = "" }) => {
    if (type !== "Microsoft.Authorization/roleAssignments" || !scope.includes(`/${provider}/`)) return [];
    const [role = ""] = builtIn[String(properties["roleDefinitionId"]).split("/").at(-1) ?? ""] ?? [];
    return [{ role, name: scope.split("/").at(-1) ?? "" }];
  });
}

const items = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items";

/** `<container> <action>`. */
function actionOf(request: string): readonly string[] {
  const [method = "", path = "", kind] = request.split(" ");
  const [, container = "", below] = /^\/dbs\/[^/]+\/colls\/([^/]+)(\/docs)?/.exec(path) ?? [];
  if (!below) return [`${container} ${metadataAction}`];
  if (kind === "isquery" || kind === "query-plan")
    return [`${container} Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/executeQuery`];
  if (kind === "is-upsert") return [`${container} ${items}/upsert`];
  const known: Readonly<Record<string, string>> = { GET: "read", POST: "create", PUT: "replace", DELETE: "delete" };
  return [`${container} ${items}/${known[method] ?? "unknown"}`];
}

function allowedItems(): ReadonlySet<string> {
  const { resources } = orders.deployment;
  const actions = new Map(
    resources.flatMap(({ type, id, properties = {} }) =>
      type.endsWith("/sqlRoleDefinitions")
        ? [
            [
              id,
              (properties["permissions"] as readonly { dataActions: readonly string[] }[]).flatMap(
                ({ dataActions }) => dataActions,
              ),
            ] as const,
          ]
        : [],
    ),
  );
  const given = resources.flatMap(({ type, properties = {} }) => {
    if (!type.endsWith("/sqlRoleAssignments")) return [];
    const container = /\/colls\/([^/]+)$/.exec(String(properties["scope"]))?.[1] ?? "";
    return (actions.get(String(properties["roleDefinitionId"])) ?? []).map((action) => `${container} ${action}`);
  });
  return new Set(given);
}

/** Who looks after dead letters: no function, and in a role of their own. */
async function operator(): Promise<PubSub> {
  process.env["FAASTEN_INBOX_SHIP"] = orders.settings["FAASTEN_INBOX_SHIP"];
  const [, prefix] = orders.settings["FAASTEN_PUBSUB_PUBSUB"]?.split("/") ?? [];
  const metadata = { connectionString: orders.bus.connectionString, namespaceName: `127.0.0.1/${prefix}` };
  return create({ name: "pubsub", service: "orders", metadata });
}

function idOf(body: Uint8Array): string {
  return (JSON.parse(Buffer.from(body).toString()) as { readonly data: { readonly id: string } }).data.id;
}

function deliver(to: string, event: unknown): Promise<boolean> {
  return orders.host.deliver(to, { messageId: crypto.randomUUID(), body: Buffer.from(JSON.stringify(event)) });
}

/** What the scenario asks of a target. */
async function steer(method: string, url: string, body: string): Promise<string> {
  const [, what, , id = ""] = url.split("/");
  if (method === "GET" && what === "dead-letters") {
    const letters: string[] = [];
    for await (const letter of broker.deadLetters?.(shipping) ?? []) letters.push(toStructured(letter));
    return `[${letters.join()}]`;
  }
  if (what === "redrive") {
    expect(await broker.redrive?.(shipping, decodeURIComponent(id))).toBe(true);
    return "{}";
  }
  const asked = JSON.parse(body) as {
    readonly function: string;
    readonly event?: unknown;
    readonly events?: unknown[];
  };
  const { function: to, event, events = [event] } = asked;
  // A batch is of one here.
  if (what === "batch") return JSON.stringify(await Promise.all(events.map((one) => deliver(to, one))));
  if (what === "duplicate") await Promise.all([deliver(to, event), deliver(to, event)]);
  else for (const one of what === "reorder" ? events.toReversed() : events) await deliver(to, one);
  return "{}";
}
