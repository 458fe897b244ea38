// The orders app, used as a customer and a clumsy network would use it. No target is named here: every one is held to it.
//
// `control` is served by the target's harness:
//   POST /deliver       {"function", "event"}      hands one event to a subscriber
//   POST /duplicate     {"function", "event"}      hands it over twice, the second while the first may still run
//   POST /reorder       {"function", "events"}     hands them over in the opposite order
//   POST /batch         {"function", "events"}     hands them over together, where the host has batches; answers, of each,
//                                                  whether it is done
//   GET  /dead-letters/<function>                  the CloudEvents that were given up
//   POST /redrive/<function>/<id>                  sends one back to its inbox
import assert from "node:assert/strict";

export interface Step {
  readonly name: string;
  run(): Promise<void>;
}

/** Where the target answers; read when a step runs. */
export interface Addresses {
  readonly app: string;
  readonly control: string;
}

export interface Scenario {
  /** Requests alone: `control` is not asked, and nobody need handle what is published. */
  readonly http: readonly Step[];
  /** After those. */
  readonly events: readonly Step[];
}

export function scenario(addresses: Addresses): Scenario {
  /** Apart from whatever earlier runs have left. */
  const run = Math.random().toString(36).slice(2, 8);
  const id = (name: string): string => `${name}-${run}`;
  const at = (path: string, init?: RequestInit): Promise<Response> => fetch(addresses.app + path, init);
  const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    at(path, { method, body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } });
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(addresses.control + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    assert.equal(response.status, 200, `${path} of the control server`);
    return response.json();
  };
  const event = (type: string, data: unknown, name: string): unknown => ({
    specversion: "1.0",
    id: id(name),
    source: "scenario",
    type,
    datacontenttype: "application/json",
    data,
  });
  const stockOf = async (sku: string): Promise<number> =>
    ((await (await at(`/stock/${sku}`)).json()) as { count: number }).count;
  const statusOf = async (order: string): Promise<string> =>
    ((await (await at(`/orders/${order}`)).json()) as { status: string }).status;
  const dead = async (): Promise<readonly DeadLetter[]> =>
    (await ask("GET", "/dead-letters/ship")) as readonly DeadLetter[];

  /** What nobody has a stock of is never shipped: nothing but requests changes such an order. */
  const place = (order: string, quantity: number): Promise<Response> =>
    send("POST", "/orders", { id: id(order), sku: id("unstocked"), quantity });

  const http: readonly Step[] = [
    {
      name: "takes an order, gives it back, and knows when it has not changed",
      async run() {
        const placed = await place("first", 2);
        assert.equal(placed.status, 201);
        assert.equal(placed.headers.get("location"), `/orders/${id("first")}`);
        const found = await at(`/orders/${id("first")}`);
        assert.equal(found.status, 200);
        assert.match(found.headers.get("content-type") ?? "", /^application\/json/);
        const order = (await found.json()) as Record<string, unknown>;
        assert.equal(order["quantity"], 2);
        assert.deepEqual(order["notes"], []);
        const etag = found.headers.get("etag") ?? "";
        const again = await at(`/orders/${id("first")}`, { headers: { "if-none-match": etag } });
        assert.equal(again.status, 304);
        assert.equal(await again.text(), "");
      },
    },
    {
      name: "refuses what does not fit, and says what",
      async run() {
        const wrong = await send("POST", "/orders", { id: "no spaces please", sku: "tea", quantity: 0 });
        assert.equal(wrong.status, 400);
        assert.match(wrong.headers.get("content-type") ?? "", /^application\/problem\+json/);
        const problem = (await wrong.json()) as { code: string; issues: readonly { path: string }[] };
        assert.equal(problem.code, "INVALID");
        assert.deepEqual(problem.issues.map(({ path }) => path).sort(), ["id", "quantity"]);
        const broken = await at("/orders", {
          method: "POST",
          body: "{",
          headers: { "content-type": "application/json" },
        });
        assert.equal(broken.status, 400);
        assert.equal((await at("/nowhere")).status, 404);
        assert.equal((await at(`/orders/${id("missing")}`)).status, 404);
      },
    },
    {
      name: "answers the same request with the same key once, and refuses the key for another",
      async run() {
        const key = { "idempotency-key": id("key") };
        const order = { id: id("once"), sku: id("unstocked"), quantity: 1 };
        const first = await send("POST", "/orders", order, key);
        const second = await send("POST", "/orders", order, key);
        assert.deepEqual([first.status, second.status], [201, 201]);
        assert.equal(second.headers.get("etag"), first.headers.get("etag"));
        assert.deepEqual(await second.json(), await first.json());
        assert.equal((await send("POST", "/orders", { ...order, quantity: 9 }, key)).status, 422);
        assert.equal(
          (await send("POST", "/orders", order)).status,
          409,
          "without a key it is an order that exists already",
        );
      },
    },
    {
      name: "lets nobody remove an order who does not prove to be a service (401)",
      async run() {
        const refused = await at(`/orders/${id("first")}`, { method: "DELETE" });
        assert.equal(refused.status, 401);
        assert.equal(
          (await at(`/orders/${id("first")}`, { method: "DELETE", headers: { authorization: "Bearer made-up" } }))
            .status,
          401,
        );
        assert.equal((await at(`/orders/${id("first")}`)).status, 200);
      },
    },
    {
      name: "changes an order only from the version that was seen (409)",
      async run() {
        await place("seen", 1);
        const etag = (await at(`/orders/${id("seen")}`)).headers.get("etag") ?? "";
        assert.equal((await send("PATCH", `/orders/${id("seen")}`, { quantity: 5 }, { "if-match": etag })).status, 200);
        const late = await send("PATCH", `/orders/${id("seen")}`, { quantity: 6 }, { "if-match": etag });
        assert.equal(late.status, 409);
        assert.equal(((await late.json()) as { code: string }).code, "CONFLICT");
        assert.equal(((await (await at(`/orders/${id("seen")}`)).json()) as { quantity: number }).quantity, 5);
      },
    },
    {
      name: "refuses a body that is too large (413), and goes on",
      async run() {
        const large = await at(`/orders/${id("first")}/receipt`, {
          method: "PUT",
          body: new Uint8Array(4 * 1024 * 1024 + 1),
        });
        assert.equal(large.status, 413);
        assert.equal((await at(`/orders/${id("first")}`)).status, 200);
      },
    },
    {
      name: "keeps a binary body byte for byte",
      async run() {
        const bytes = Uint8Array.from({ length: 1024 }, (_, index) => (index * 7) % 256);
        const put = await at(`/orders/${id("first")}/receipt`, {
          method: "PUT",
          body: bytes,
          headers: { "content-type": "image/png" },
        });
        assert.equal(put.status, 204);
        const got = await at(`/orders/${id("first")}/receipt`);
        assert.equal(got.headers.get("content-type"), "image/png");
        assert.deepEqual(new Uint8Array(await got.arrayBuffer()), bytes);
        assert.equal(Buffer.from(got.headers.get("x-signature") ?? "", "base64").length, 32, "signed with the secret");
      },
    },
    {
      name: "sells at most as many at once as its configuration says",
      async run() {
        const refused = await place("many", 51);
        assert.equal(refused.status, 400);
        assert.match(((await refused.json()) as { detail: string }).detail, /at most 50/);
        assert.equal((await place("fewer", 50)).status, 201);
      },
    },
    {
      name: "answers by a Lambda handler that was there before",
      async run() {
        const priced = await at("/prices/green-tea?quantity=3", { headers: { "x-currency": "NOK" } });
        assert.equal(priced.status, 200);
        assert.deepEqual(await priced.json(), { sku: "green-tea", price: 67.5, currency: "NOK" });
        assert.match(priced.headers.get("cache-control") ?? "", /max-age=60/);
        assert.equal(priced.headers.get("set-cookie"), "last=green-tea; Path=/prices");
        assert.equal((await at("/prices/tea?quantity=none")).status, 400);
      },
    },
    {
      name: "loses none of twenty notes written at once",
      async run() {
        const notes = Array.from({ length: 20 }, (_, index) => `note ${index}`);
        const replies = await Promise.all(notes.map((text) => send("POST", `/orders/${id("first")}/notes`, { text })));
        assert.deepEqual(
          replies.map(({ status }) => status),
          notes.map(() => 200),
        );
        const order = (await (await at(`/orders/${id("first")}`)).json()) as { notes: readonly string[] };
        assert.deepEqual([...order.notes].sort(), [...notes].sort());
      },
    },
  ];

  const events: readonly Step[] = [
    {
      name: "publishes what was ordered, and the subscriber ships it",
      async run() {
        await send("PUT", `/stock/${id("tea")}`, { count: 1000 });
        await send("POST", "/orders", { id: id("wanted"), sku: id("tea"), quantity: 2 });
        await until(async () => assert.equal(await statusOf(id("wanted")), "shipped"));
        assert.equal(await stockOf(id("tea")), 998);
        await until(async () => {
          const summary = (await (await at(`/orders/${id("wanted")}/summary`)).json()) as { status: string };
          assert.equal(summary.status, "shipped");
        });
      },
    },
    {
      name: "puts off an order of what is short, and ships it once there is enough",
      async run() {
        await send("PUT", `/stock/${id("rare")}`, { count: 1 });
        await send("POST", "/orders", { id: id("patient"), sku: id("rare"), quantity: 2 });
        await new Promise((resume) => setTimeout(resume, 2_500)); // it was tried
        assert.equal(await statusOf(id("patient")), "placed");
        await send("PUT", `/stock/${id("rare")}`, { count: 5 });
        await until(async () => assert.equal(await statusOf(id("patient")), "shipped"));
        assert.equal(await stockOf(id("rare")), 3);
      },
    },
    {
      name: "ships an order once, however often its event is delivered",
      async run() {
        await send("PUT", `/stock/${id("cup")}`, { count: 10 });
        const order = { id: id("twice"), sku: id("cup"), quantity: 3, notes: [], status: "placed" };
        await ask("POST", "/duplicate", { function: "ship", event: event("order.placed", order, "twice-event") });
        await until(async () => assert.equal(await stockOf(id("cup")), 7));
        await ask("POST", "/duplicate", { function: "ship", event: event("order.placed", order, "twice-event") });
        assert.equal(await stockOf(id("cup")), 7);
      },
    },
    {
      name: "keeps the newer of two changes that come in the wrong order",
      async run() {
        const change = (version: number, status: string): unknown =>
          event("order.changed", { id: id("late"), version, status }, `change-${version}`);
        await ask("POST", "/reorder", { function: "summarise", events: [change(1, "placed"), change(2, "shipped")] });
        const summary = (await (await at(`/orders/${id("late")}/summary`)).json()) as {
          version: number;
          status: string;
        };
        assert.deepEqual(summary, { id: id("late"), version: 2, status: "shipped" });
      },
    },
    {
      name: "has again of a batch what a handler that was there before could not handle, and no other",
      async run() {
        const change = (order: string): unknown =>
          event("order.changed", { id: order, version: 1, status: "shipped" }, order.replaceAll(" ", "-"));
        const events = [change(id("heard")), change("no id at all"), change(id("heard-too"))];
        assert.deepEqual(await ask("POST", "/batch", { function: "audit", events }), [true, false, true]);
      },
    },
    {
      name: "puts an event that cannot be handled among the dead, with the reason, and handles it once the cause is mended",
      async run() {
        await send("POST", "/orders", { id: id("poison"), sku: id("unknown"), quantity: 1 });
        const mine = async () => (await dead()).filter(({ data }) => data.id === id("poison"));
        await until(async () => assert.equal((await mine()).length, 1));
        const [letter] = await mine();
        assert.equal(letter?.faastenreason, `nothing is known of ${id("unknown")}`);
        assert.equal(letter?.faastenfunction, "ship");
        await send("PUT", `/stock/${id("unknown")}`, { count: 5 });
        await ask("POST", `/redrive/ship/${encodeURIComponent(letter?.id ?? "")}`);
        await until(async () => assert.equal(await statusOf(id("poison")), "shipped"));
        assert.equal(await stockOf(id("unknown")), 4);
        assert.deepEqual(await mine(), []);
      },
    },
  ];

  return { http, events };
}

interface DeadLetter {
  readonly id: string;
  readonly data: { readonly id: string };
  readonly faastenreason: string;
  readonly faastenfunction: string;
}

/** Tries until it holds: what is published is handled some time later. */
async function until(holds: () => Promise<void>): Promise<void> {
  const end = Date.now() + 15_000;
  for (;;) {
    try {
      await holds();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resume) => setTimeout(resume, 30));
  }
}
