// The orders scenario on Cloud Run functions, as the emitted configuration deploys it. What was asked of Google on the way is held
// against the policies.
import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { create } from "../../providers/gcp/pubsub/pubsub.ts";
import type { PubSub } from "../../src/provider.ts";
import { toStructured } from "../../src/provider.ts";
import { whatRan } from "../portable/ran.ts";
import { scenario } from "../portable/scenario.ts";
import { type AllowedThere, project } from "../servers/applied.ts";
import type { Fault } from "../servers/faults.ts";
import { permissionsFor, resourceOf } from "../servers/google-permissions.ts";
import { type DeployedApp, deployOrders } from "./gcp-deployed.ts";

const addresses = { app: "", control: "" };
/** Who asked for what, each once. */
const asked = new Map<string, AllowedThere>();
let orders: DeployedApp;
let broker: PubSub;
let control: Server;

beforeAll(async () => {
  orders = await deployOrders(({ method, url: path, headers, body }) => {
    const token = headers.authorization?.replace(/^Bearer /, "");
    for (const permission of permissionsFor({ method, path, body })) {
      const one = { member: `serviceAccount:${token}`, permission, resource: resourceOf({ method, path, body }) };
      asked.set(Object.values(one).join(" "), one);
    }
  });
  process.env["FAASTEN_INBOX_SHIP"] = `projects/${project}/subscriptions/orders-dev-ship`;
  // Who looks after dead letters is no function.
  const metadata = { endpoint: orders.proxy.url, topicPrefix: `projects/${project}/topics/orders-dev-` };
  broker = await create({ name: "pubsub", service: "orders", metadata });
  control = createServer(async (request, response) => {
    const answer = await steer(request.method ?? "", request.url ?? "", await text(request));
    response.writeHead(200, { "content-type": "application/json" }).end(answer);
  });
  await new Promise<void>((resolve) => control.listen(0, "127.0.0.1", resolve));
  const address = control.address();
  addresses.app = orders.service("http").url;
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

describe("the orders app on Cloud Run functions", () => {
  const { http, events } = scenario(addresses);
  for (const { name, run } of [...http, ...events]) test(name, run);

  test("counts its orders at night", async () => {
    const planned = "2026-11-20T03:00:00+01:00";
    const reply = await post("countOrders", "", { "x-cloudscheduler-scheduletime": planned });
    expect(reply.status).toBe(204);
  });
});

describe("who may post to a subscriber", () => {
  const event = JSON.stringify({
    message: { data: "e30=", messageId: "1" },
    subscription: "projects/p/subscriptions/s",
  });

  test("is nobody without a token, with another service's, or with another's account", async () => {
    const seen: string[] = [];
    const ship = orders.service("ship");
    ship.watch = (_request, pass) => {
      seen.push("a request");
      return pass();
    };
    for (const authorization of [undefined, tokenOf("audit"), tokenOf("ship", "audit")]) {
      const response = await fetch(ship.url, {
        method: "POST",
        body: event,
        headers: { "content-type": "application/json", ...(authorization && { authorization }) },
      });
      expect(response.status).toBe(403);
    }
    ship.watch = (_request, pass) => pass();
    expect(seen, "what reached it").toEqual([]);
  });
});

describe("a process that is killed in the middle of its work", () => {
  test("loses nothing, and nothing is acknowledged before it is done", { timeout: 150_000 }, async () => {
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
    let kills = 0;
    let pushes = 0;
    const early: string[] = [];
    const ship = orders.service("ship");
    const starts = ship.starts;
    ship.watch = async ({ body }, pass) => {
      if (kills < 3 && pushes++ % 5 === 0) {
        kills++;
        // It is under way by then.
        setTimeout(() => ship.kill(), 10 * kills);
      }
      const status = await pass();
      const { message } = JSON.parse(body.toString()) as { readonly message: { readonly data: string } };
      const { data } = JSON.parse(Buffer.from(message.data, "base64").toString()) as { readonly data: { id: string } };
      if (status === 204 && (await statusOf(data.id)) !== "shipped") early.push(data.id);
      return status;
    };
    for (const id of ids) expect((await send("POST", "/orders", { id, sku: id, quantity: 1 })).status).toBe(201);
    await expect
      .poll(async () => (await Promise.all(ids.map(statusOf))).filter((status) => status !== "shipped"), {
        timeout: 120_000,
        interval: 500,
      })
      .toEqual([]);
    ship.watch = (_request, pass) => pass();
    expect(early).toEqual([]);
    expect(kills).toBe(3);
    expect(ship.starts, "it was killed, and came again").toBeGreaterThan(starts);
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

describe("the policies", () => {
  const allows = ({ member, permission, resource }: AllowedThere): boolean =>
    orders.applied.allowed.some(
      (one) => one.member === member && one.permission === permission && one.resource === resource,
    );
  const accounts = (): readonly string[] => orders.applied.services.map(({ account }) => `serviceAccount:${account}`);

  test("allow all that was asked", () => {
    const functions = [...asked.values()].filter(({ member }) => member !== operator);
    expect(functions.length).toBeGreaterThan(12);
    expect(functions.filter((one) => !allows(one))).toEqual([]);
    expect(new Set(functions.map(({ member }) => member)).size, "who asked").toBeGreaterThan(3);
  });

  test("would not allow another function's", () => {
    const [, ship = ""] = ["http", "ship"].map((name) => accounts().find((one) => one.includes(`-${name}@`)));
    const resource = `projects/${project}/topics/orders-dev-order-placed`;
    expect(allows({ member: ship, permission: "pubsub.topics.publish", resource })).toBe(false);
  });

  test("allow nothing else but for a reason", () => {
    const unseen = orders.applied.allowed
      .filter((one) => accounts().includes(one.member) && !asked.has(Object.values(one).join(" ")))
      .map(({ member, permission }) => `${member.slice(26).split("@")[0]} ${permission}`);
    expect(unseen.filter((one) => reasons[one] === undefined)).toEqual([]);
    expect(
      Object.keys(reasons).filter((one) => !unseen.includes(one)),
      "reasons that nothing has",
    ).toEqual([]);
  });
});

describe("a Google that often fails", () => {
  const refused = (status: number, code: string, details: readonly object[] = []): Fault => ({
    status,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ error: { code: status, message: "not now", status: code, details } }),
  });
  const retryInfo = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "0.05s" };
  /** Each how many calls, and how: of a conditional write whose reply is lost nobody can say what became of it, and it is not sent again. */
  const faults: readonly (readonly [string, number, Fault])[] = [
    ["UNAVAILABLE", 7, refused(503, "UNAVAILABLE")],
    ["RESOURCE_EXHAUSTED, with when to try again", 3, refused(429, "RESOURCE_EXHAUSTED", [retryInfo])],
    ["ABORTED", 3, refused(409, "ABORTED")],
    ["a token that has expired", 3, refused(401, "UNAUTHENTICATED")],
    ["a reply that is lost", 7, "cut"],
    ["a call that is lost", 7, "lost"],
  ];

  test.each(faults)(
    "%s, one of %i calls: no order that was taken is lost",
    { timeout: 120_000 },
    async (name, each, fault) => {
      const letters = name.replaceAll(/[^a-z]/gi, "").slice(0, 12);
      const ask = (method: string, path: string, body?: unknown, key?: string): Promise<Response> =>
        fetch(`${addresses.app}${path}`, {
          method,
          headers: { "content-type": "application/json", ...(key !== undefined && { "idempotency-key": key }) },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
      /** As a patient caller does: again, until it is done. */
      const insist = async (...asked: Parameters<typeof ask>): Promise<Response> => {
        for (let time = 0; ; time++) {
          const reply = await ask(...asked);
          if (reply.status < 300 || time > 20) return reply;
          await new Promise((resume) => setTimeout(resume, 200));
        }
      };
      await insist("PUT", `/stock/${letters}`, { count: 100 });
      let spoilt = 0;
      orders.proxy.spoil((call, { headers }) => {
        // Whoever looks after the broker is spared.
        if (call % each !== 0 || headers.authorization === "Bearer owner") return undefined;
        spoilt++;
        return fault;
      });
      // One that failed halfway, and is therefore there already, was not taken: another is placed.
      const taken: string[] = [];
      for (let order = 0; taken.length < 4 && order < 40; order++) {
        const id = `${letters}-${order}`;
        const reply = await ask("POST", "/orders", { id, sku: letters, quantity: 1 }, id);
        if (reply.status === 201) taken.push(id);
      }
      expect(taken.length).toBe(4);
      const statusOf = async (id: string): Promise<unknown> =>
        ((await (await insist("GET", `/orders/${id}`)).json()) as { readonly status: unknown }).status;
      await expect
        .poll(async () => (await Promise.all(taken.map(statusOf))).filter((status) => status !== "shipped"), {
          timeout: 90_000,
          interval: 500,
        })
        .toEqual([]);
      orders.proxy.spoil(() => undefined);
      expect(spoilt).toBeGreaterThan(3);
    },
  );

  test("a metadata server that hangs: what came meanwhile comes again", { timeout: 120_000 }, async () => {
    const metadata = orders.metadata("ship");
    const send = (method: string, path: string, body: unknown): Promise<Response> =>
      fetch(`${addresses.app}${path}`, {
        method,
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      });
    await send("PUT", "/stock/hung", { count: 100 });
    // A new instance has no token yet.
    orders.service("ship").kill();
    metadata.hangs = true;
    const before = metadata.asked.length;
    expect((await send("POST", "/orders", { id: "hung", sku: "hung", quantity: 1 })).status).toBe(201);
    await expect.poll(() => metadata.asked.length, { timeout: 30_000 }).toBeGreaterThan(before + 1);
    const statusOf = async (): Promise<unknown> =>
      ((await (await fetch(`${addresses.app}/orders/hung`)).json()) as { readonly status: unknown }).status;
    expect(await statusOf()).toBe("placed");
    metadata.hangs = false;
    await expect.poll(statusOf, { timeout: 60_000 }).toBe("shipped");
  });
});

/** What a policy allows and the scenario does not do. */
const reasons: Readonly<Record<string, string>> = {
  "http datastore.entities.delete":
    "right `readWrite`: removing an order asks for a proof that nobody in the scenario has",
  "summarise datastore.entities.delete":
    "right `readWrite`: no function of the app but this deletes, and claims that failed do",
  "audit pubsub.topics.publish": "nothing that it is told of dies",
  "summarise pubsub.topics.publish": "nothing that it is told of dies",
  "http storage.objects.list": "Storage says that an object is not there only to whom may list the bucket",
};

const shipping = { topic: "order.placed", subscriber: "ship", attempts: 5, ordered: false };
const operator = "serviceAccount:owner";

/** What the service's pusher posts with; `as`: another's. */
function tokenOf(deployable: string, as = deployable): string {
  const of = (name: string) => orders.applied.services.find((one) => one.deployable === name)?.environment ?? {};
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    iss: "https://accounts.google.com",
    aud: of(deployable)["FAASTEN_PUSH_AUDIENCE"],
    email: of(as)["FAASTEN_PUSH_CALLER"],
    email_verified: true,
    exp: 4_102_444_800,
  };
  return `Bearer ${part({ alg: "RS256" })}.${part(claims)}.unsigned`;
}

function post(to: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(orders.service(to).url, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", authorization: tokenOf(to), ...headers },
  });
}

/** Whether it is done. */
async function deliver(to: string, event: unknown): Promise<boolean> {
  const data = Buffer.from(JSON.stringify(event)).toString("base64");
  const message = { data, messageId: crypto.randomUUID(), publishTime: new Date().toISOString() };
  const subscription = `projects/${project}/subscriptions/orders-dev-${to}`;
  return (await post(to, JSON.stringify({ message, subscription, deliveryAttempt: 1 }))).status === 204;
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
  const {
    function: to,
    event,
    events = [event],
  } = JSON.parse(body) as { readonly function: string; readonly event?: unknown; readonly events?: unknown[] };
  // A push has one message, and batches come one by one.
  if (what === "batch") return JSON.stringify(await Promise.all(events.map((one) => deliver(to, one))));
  if (what === "duplicate") await Promise.all([deliver(to, event), deliver(to, event)]);
  else for (const one of what === "reorder" ? events.toReversed() : events) await deliver(to, one);
  return "{}";
}
