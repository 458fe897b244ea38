// The orders scenario on Lambda, as the emitted stack deploys it. What was asked of AWS on the way is held against the policies.
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { create } from "../../providers/aws/pubsub/snssqs.ts";
import type { PubSub } from "../../src/provider.ts";
import { toStructured } from "../../src/provider.ts";
import { whatRan } from "../portable/ran.ts";
import { scenario } from "../portable/scenario.ts";
import { region } from "../servers/deployed.ts";
import { type Asked, askedBy } from "../servers/heard.ts";
import { text } from "../servers/lambda-runtime-api.ts";
import { sqsEvent } from "../servers/sqs-event.ts";
import { type DeployedOrders, deployOrders } from "./aws-orders.ts";

const addresses = { app: "", control: "" };
const asked = new Map<string, Asked>();
let orders: DeployedOrders;
let broker: PubSub;
let control: Server;

beforeAll(async () => {
  orders = await deployOrders((call) => {
    for (const one of askedBy(call)) asked.set(Object.values(one).join(" "), one);
  });
  broker = await operator();
  control = createServer(async (request, response) => {
    const answer = await steer(request.method ?? "", request.url ?? "", await text(request));
    response.writeHead(200, { "content-type": "application/json" }).end(answer);
  });
  await new Promise<void>((resolve) => control.listen(0, "127.0.0.1", resolve));
  const address = control.address();
  addresses.app = orders.httpApi.url;
  addresses.control = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});

afterAll(async () => {
  control.close();
  await broker.close?.();
  await orders.close();
});

test("what runs is what runs on this machine", async () => {
  await expect(whatRan()).toMatchFileSnapshot("../portable/ran.txt");
});

describe("the orders app on Lambda", () => {
  const { http, events } = scenario(addresses);
  for (const { name, run } of [...http, ...events]) test(name, run);

  test("counts its orders at night", async () => {
    const run = { service: "orders", function: "countOrders", time: "2026-11-20T02:00:00Z", attempt: "1" };
    expect(await orders.fleet.of("countOrders").invoke(run)).toBe(null);
  });
});

describe("a process that is killed in the middle of a batch", () => {
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
    let kills = 0;
    const early: string[] = [];
    const ship = orders.fleet.of("ship");
    const starts = ship.starts;
    orders.watch = async (to, event, invoke) => {
      if (to === "ship" && kills < 3) {
        kills++;
        // Some of the batch is under way by then, and some of it is not.
        setTimeout(() => ship.kill(), 40 * kills);
      }
      const result = await invoke();
      if (to === "ship")
        for (const id of acknowledgedOrders(event, result)) if ((await statusOf(id)) !== "shipped") early.push(id);
      return result;
    };
    for (const id of ids) expect((await send("POST", "/orders", { id, sku: id, quantity: 1 })).status).toBe(201);
    await expect
      .poll(async () => (await Promise.all(ids.map(statusOf))).filter((status) => status !== "shipped"), {
        timeout: 90_000,
        interval: 500,
      })
      .toEqual([]);
    orders.watch = (_to, _event, invoke) => invoke();
    expect(early).toEqual([]);
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
  const allows = (one: Asked): boolean =>
    orders.deployed
      .policyOf(one.by)
      .some(({ actions, resource }) => actions.includes(one.action) && matches(resource, one.resource));

  test("allow all that was asked", () => {
    expect(asked.size).toBeGreaterThan(20);
    const functions = [...asked.values()].filter(({ by }) => by !== operatorKey);
    expect(functions.filter((one) => !allows(one))).toEqual([]);
  });

  test("would not allow another function's", () => {
    const table = `arn:aws:dynamodb:${region}:000000000000:table/orders-dev-stock`;
    expect(allows({ by: orders.physical("getOrder"), action: "dynamodb:GetItem", resource: table })).toBe(false);
  });

  test("allow nothing else but for a reason", () => {
    const unseen = orders.deployed.functions.flatMap((by) =>
      orders.deployed
        .policyOf(by)
        .flatMap(({ actions, resource }) =>
          actions
            .filter(
              (action) =>
                ![...asked.values()].some(
                  (one) => one.by === by && one.action === action && matches(resource, one.resource),
                ),
            )
            .map((action) => ({ by: by.slice("orders-dev-".length), action, resource })),
        ),
    );
    const left = unseen.filter((one) => !reasons.some(({ is }) => is(one)));
    expect(left).toEqual([]);
    expect(
      reasons.filter(({ is }) => !unseen.some(is)).map(({ why }) => why),
      "reasons that nothing has",
    ).toEqual([]);
  });
});

interface Unseen {
  readonly by: string;
  readonly action: string;
  readonly resource: string;
}

/** What a policy allows and the scenario does not do. A right is given whole: a function that may write a table may do all of that. */
const reasons: readonly { readonly why: string; readonly is: (one: Unseen) => boolean }[] = [
  { why: "Lambda writes the log, in the function's role", is: ({ action }) => action.startsWith("logs:") },
  {
    why: "Lambda's own poller reads it, in the function's role",
    is: ({ action }) => action === "sqs:GetQueueAttributes",
  },
  {
    why: "S3 says that an object is not there only to whom may list the bucket",
    is: ({ by, action }) => by === "get-receipt" && action === "s3:ListBucket",
  },
  {
    why: "right `read`: no function of the app reads many at once",
    is: ({ action }) => action === "dynamodb:BatchGetItem",
  },
  {
    why: "right `readWrite`: no function of the app but this deletes, and claims that failed do",
    is: ({ action }) => action === "dynamodb:DeleteItem",
  },
  {
    why: "right `readWrite`: removing an order asks for a proof that nobody in the scenario has",
    is: ({ by, action }) => by === "remove-order" && /^dynamodb:(?:Get|Put)Item$/.test(action),
  },
  {
    why: "right `readWrite`: it writes without looking",
    is: ({ by, action }) => ["put-stock", "put-receipt", "place-order"].includes(by) && action === "dynamodb:GetItem",
  },
  {
    why: "its failures are sent there by Lambda, in the function's role, and it has none",
    is: ({ by, action }) => by === "count-orders" && action === "sqs:SendMessage",
  },
  {
    why: "nothing that it is told of dies",
    is: ({ by, action }) => by === "summarise" && action === "sqs:SendMessage",
  },
  {
    why: "nothing that it is told of is put off",
    is: ({ by, action }) => by === "summarise" && action === "sqs:ChangeMessageVisibility",
  },
];

const shipping = { topic: "order.placed", subscriber: "ship", attempts: 5, ordered: false };
const operatorKey = "operator";

/** Who looks after dead letters: no function, and in a role of their own. */
async function operator(): Promise<PubSub> {
  Object.assign(process.env, {
    FAASTEN_INBOX_SHIP: orders.deployed.environmentOf("orders-dev-ship")["FAASTEN_INBOX_SHIP"],
  });
  const metadata = { region, endpoint: orders.proxy.url, accessKey: operatorKey, secretKey: "secret" };
  return create({ name: "pubsub", service: "orders", metadata });
}

function acknowledgedOrders(event: unknown, result: unknown): readonly string[] {
  const { Records } = event as { readonly Records: readonly { readonly messageId: string; readonly body: string }[] };
  const { batchItemFailures } = result as {
    readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
  };
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  return Records.filter(({ messageId }) => !failed.has(messageId)).map(
    ({ body }) => (JSON.parse(body) as { data: { id: string } }).data.id,
  );
}

/** In a policy's resource `?` is any character, and `*` any number of them. */
function matches(pattern: string, resource: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("?", ".")
    .replaceAll("*", ".*");
  return new RegExp(`^${source}$`).test(resource);
}

async function deliver(subscriber: string, event: unknown): Promise<void> {
  await orders.fleet.of(subscriber).invoke(sqsEvent({ id: crypto.randomUUID(), body: JSON.stringify(event) }));
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
  } = JSON.parse(body) as {
    readonly function: string;
    readonly event?: unknown;
    readonly events?: unknown[];
  };
  if (what === "batch") {
    const messages = events.map((one, index) => ({ id: `${index}`, body: JSON.stringify(one) }));
    const { batchItemFailures } = (await orders.fleet.of(to).invoke(sqsEvent(...messages))) as {
      readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
    };
    return JSON.stringify(messages.map(({ id }) => !batchItemFailures.some((one) => one.itemIdentifier === id)));
  }
  if (what === "duplicate") await Promise.all([deliver(to, event), deliver(to, event)]);
  else for (const one of what === "reorder" ? events.toReversed() : events) await deliver(to, one);
  return "{}";
}
