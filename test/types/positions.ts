// What each position of the public surface is: exactly this, and nowhere `any`.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { CloudEventV1 } from "cloudevents";
import {
  type BindingObject,
  binding,
  type Caller,
  type Configuration,
  configuration,
  type Definition,
  type Entry,
  type HttpDefinition,
  type HttpTrigger,
  http,
  jwt,
  type Log,
  lambda,
  type NativeResult,
  type ObjectChange,
  type Publisher,
  type Secret,
  type Service,
  type State,
  type StateLister,
  type StateReader,
  schedule,
  secret,
  service,
  state,
  type TopicEvent,
  topic,
} from "faasten";
import { type DeadLetter, type Sent, testApp } from "faasten/testing";
import { z } from "zod";
import { type Equal, proves } from "./proof.ts";

/** What goes in differs from what comes out. */
const Order = z.object({ id: z.string(), at: z.coerce.date<string>(), total: z.number().default(0) });
interface OrderIn {
  id: string;
  at: string;
  total?: number | undefined;
}
interface OrderOut {
  id: string;
  at: Date;
  total: number;
}

/** A Standard Schema by hand. */
declare const Handmade: StandardSchemaV1<{ readonly raw: string }, { readonly cooked: number }>;

const orders = state("orders", { schema: Order });
const plain = state("plain");
const typed = state<{ n: number }>("typed", { component: "shared" });
const handmade = state("handmade", { schema: Handmade });
const placed = topic("order.placed", { schema: Order, orderBy: (order) => order.id });
const loose = topic("loose");
const counted = topic<{ n: number }>("counted", { orderBy: ({ n }) => `${n}` });
const bytes = topic("bytes", { raw: true });
const key = secret("api-key");

// The context, beside what is used.
http.get("/orders/:id/lines/:line/*", { uses: { orders: orders.read, key } }, async (request, context) => {
  proves<Equal<typeof request, Request>>();
  proves<Equal<typeof context.params.id, string>>();
  proves<Equal<typeof context.params.line, string>>();
  proves<Equal<(typeof context.params)["*"], string>>();
  proves<Equal<keyof typeof context.params, "id" | "line" | "*">>();
  proves<Equal<typeof context.body, undefined>>();
  proves<Equal<typeof context.caller, Caller | undefined>>();
  proves<Equal<typeof context.signal, AbortSignal>>();
  proves<Equal<typeof context.deadline, number>>();
  proves<Equal<typeof context.now, () => number>>();
  proves<Equal<typeof context.log, Log>>();
  proves<Equal<typeof context.trace, { readonly id: string; readonly traceparent: string }>>();
  proves<Equal<typeof context.native.payload, unknown>>();
  proves<Equal<typeof context.native.context, unknown>>();
  proves<Equal<typeof context.orders, StateReader<OrderOut>>>();
  proves<Equal<typeof context.key, Secret>>();
  proves<Equal<Awaited<ReturnType<typeof context.key.get>>, string>>();
  await context.key.get({ fresh: true });
  type Members =
    | "params"
    | "body"
    | "caller"
    | "signal"
    | "deadline"
    | "now"
    | "log"
    | "trace"
    | "native"
    | "orders"
    | "key";
  proves<Equal<keyof typeof context, Members>>();
  return new Response();
});
http.any("/", (_request, { params }) => {
  proves<Equal<keyof typeof params, never>>();
  return new Response();
});
http.get("/*", async (_request, { params }) => {
  proves<Equal<(typeof params)["*"], string>>();
  return new Response();
});

// A body.
http.post("/", { body: Order }, (_request, { body }) => {
  proves<Equal<typeof body, OrderOut>>();
  return Response.json(body);
});
http.post("/", { body: Handmade, uses: {} }, (_request, { body }) => {
  proves<Equal<typeof body, { readonly cooked: number }>>();
  return Response.json(body);
});
http.post("/", { body: z.union([z.string(), z.array(z.number())]) }, (_request, { body }) => {
  proves<Equal<typeof body, string | number[]>>();
  return Response.json(body);
});
http.fetch("/*", { access: jwt({ issuer: "https://a.example", audience: "b" }) }, async (request) => {
  proves<Equal<typeof request, Request>>();
  return new Response();
});
const made = http.post("/orders/:id", { body: Order }, () => new Response());
proves<Equal<typeof made, HttpDefinition<"POST", "/orders/:id", OrderIn>>>();
const plainly = http.get("/orders", () => new Response());
proves<Equal<typeof plainly, HttpDefinition<"GET", "/orders">>>();
const whole = http.fetch("/*", { access: "public" }, () => new Response());
proves<Equal<typeof whole, HttpDefinition<"*", "/*">>>();
export const definitions: readonly Definition[] = [made, plainly, whole];

// State: what is written, and what is read.
schedule(
  "0 3 * * *",
  { uses: { orders: orders.readWrite, list: orders.list, plain: plain.readWrite } },
  async (tick, context) => {
    proves<Equal<typeof tick.id, string>>();
    proves<Equal<typeof tick.time, Date>>();
    proves<Equal<typeof context.orders, State<OrderOut, OrderIn>>>();
    proves<Equal<typeof context.list, StateLister<OrderOut>>>();
    const found = await context.orders.get("a");
    proves<Equal<typeof found, Entry<OrderOut> | undefined>>();
    proves<Equal<Parameters<typeof context.orders.set>[1], OrderIn>>();
    await context.orders.set("a", { id: "a", at: "2026-01-01" });
    const updated = await context.orders.update("a", (current) => {
      proves<Equal<typeof current, OrderOut | undefined>>();
      return { id: "a", at: "2026-01-01" };
    });
    proves<Equal<typeof updated, Entry<OrderOut>>>();
    const anything = await context.plain.get("a");
    proves<Equal<typeof anything, Entry<unknown> | undefined>>();
    for await (const each of context.list.list()) proves<Equal<typeof each, string>>();
    await context.orders.transact("p", [
      { set: "a", value: { id: "a", at: "" }, ifAbsent: true, ttl: "1h" },
      { delete: "b" },
    ]);
  },
);
schedule(
  "0 3 * * *",
  { uses: { typed: typed.readWrite, handmade: handmade.readWrite } },
  async (_tick, { typed, handmade }) => {
    proves<Equal<typeof typed, State<{ n: number }>>>();
    proves<Equal<typeof handmade, State<{ readonly cooked: number }, { readonly raw: string }>>>();
  },
);
schedule("0 3 * * *", (_tick, context) => {
  proves<Equal<keyof typeof context, "signal" | "deadline" | "now" | "log" | "trace" | "native">>();
});

// Topics: what is published, and what arrives.
placed.subscribe(
  { uses: { placed: placed.publish, loose: loose.publish, bytes: bytes.publish } },
  async (event, context) => {
    proves<Equal<typeof event, TopicEvent<OrderOut>>>();
    proves<Equal<typeof event.data, OrderOut>>();
    proves<Equal<typeof event.id, string>>();
    proves<Equal<typeof event.time, string | undefined>>();
    proves<Equal<typeof event.subject, string | undefined>>();
    proves<Equal<typeof event.attempt, number | undefined>>();
    proves<Equal<(typeof event)["traceparent"], unknown>>();
    proves<Equal<typeof context.placed, Publisher<OrderIn>>>();
    proves<Equal<typeof context.loose, Publisher<unknown>>>();
    proves<Equal<typeof context.bytes, Publisher<Uint8Array>>>();
    const id = await context.placed.publish({ id: "a", at: "2026-01-01" }, { ttl: "30s", subject: "s" });
    proves<Equal<typeof id, string>>();
    const ids = await context.placed.publishMany([{ id: "a", at: "2026-01-01" }]);
    proves<Equal<typeof ids, readonly string[]>>();
    proves<Equal<ReturnType<typeof event.retry>, void>>();
  },
);
placed.subscribe((event, context) => {
  proves<Equal<typeof event.data, OrderOut>>();
  proves<Equal<typeof context.log, Log>>();
});
placed.subscribe({ idempotent: (event) => event.data.id, attempts: 3 }, ({ data }) => {
  proves<Equal<typeof data, OrderOut>>();
});
placed.subscribeMany({ uses: { orders: orders.read } }, (events, { orders }) => {
  proves<Equal<typeof events, readonly TopicEvent<OrderOut>[]>>();
  proves<Equal<typeof orders, StateReader<OrderOut>>>();
});
counted.subscribeMany(([first]) => {
  proves<Equal<typeof first, TopicEvent<{ n: number }> | undefined>>();
});
loose.subscribe(({ data }) => {
  proves<Equal<typeof data, unknown>>();
});
bytes.subscribe(({ data }) => {
  proves<Equal<typeof data, Uint8Array>>();
});

// Bindings: what is granted is what is there.
const receipts = binding("receipts");
http.get(
  "/",
  { uses: { store: receipts.output("create", "get", "list", "delete"), hook: receipts.output("post", "put") } },
  async (_request, { store, hook }) => {
    proves<Equal<keyof typeof store, "create" | "get" | "list" | "delete">>();
    proves<Equal<keyof typeof hook, "invoke">>();
    proves<Equal<Parameters<typeof hook.invoke>[0], "post" | "put">>();
    const made = await store.create({ any: "thing" }, { key: "a", contentType: "b", metadata: { c: "d" } });
    proves<Equal<typeof made.key, string | undefined>>();
    const found = await store.get("a");
    proves<Equal<typeof found, BindingObject | undefined>>();
    proves<Equal<BindingObject["bytes"], Uint8Array<ArrayBuffer>>>();
    proves<Equal<ReturnType<BindingObject["json"]>, unknown>>();
    for await (const { key, size, modifiedAt } of store.list()) {
      proves<Equal<[typeof key, typeof size, typeof modifiedAt], [string, number, number]>>();
    }
    proves<Equal<Awaited<ReturnType<typeof store.delete>>, boolean>>();
    proves<Equal<Awaited<ReturnType<typeof hook.invoke>>, NativeResult>>();
    return new Response();
  },
);
http.get("/", { uses: { both: receipts.output("presign", "copy") } }, async (_request, { both }) => {
  proves<Equal<keyof typeof both, "presign" | "invoke">>();
  const address = await both.presign("a", { expiresIn: "5m" });
  proves<Equal<typeof address, string>>();
  return new Response();
});
receipts.input(
  { uses: { store: receipts.output("get") }, attempts: 2, idempotent: ({ data }) => data.key },
  async (event, { store }) => {
    proves<Equal<typeof event, TopicEvent<ObjectChange>>>();
    proves<Equal<typeof event.data.change, "created" | "deleted">>();
    proves<Equal<keyof typeof store, "get">>();
  },
);
binding("queue", { schema: Order }).input(({ data }) => {
  proves<Equal<typeof data, OrderOut>>();
});
binding("bytes", { raw: true }).input(({ data }) => {
  proves<Equal<typeof data, Uint8Array>>();
});
binding<{ n: number }>("typed").input(({ data }) => {
  proves<Equal<typeof data, { n: number }>>();
});

/** An event can be handed to whatever takes the official type. */
export function official(event: TopicEvent<OrderOut>): CloudEventV1<OrderOut> {
  return event;
}

// Settings.
const flags = configuration(["flag", "limit"]);
const limits = configuration(["limit"], { freshness: "5s", schema: z.object({ limit: z.coerce.number<string>() }) });
schedule("0 3 * * *", { uses: { flags, limits } }, async (_tick, context) => {
  proves<
    Equal<
      typeof context.flags,
      Configuration<{ readonly flag: string | undefined; readonly limit: string | undefined }>
    >
  >();
  proves<Equal<typeof context.limits, Configuration<{ limit: number }>>>();
  proves<Equal<Awaited<ReturnType<typeof context.limits.get>>, { limit: number }>>();
});

// Calls to another app: what its functions' types tell.
const ask = http.get("/invoices/:id", () => new Response());
const bill = http.post("/invoices", { body: Order }, () => new Response());
const change = http.put("/invoices/:id", () => new Response());
const files = http.any("/files/*", () => new Response());
interface Billing {
  readonly ask: typeof ask;
  readonly bill: typeof bill;
  readonly change: typeof change;
  readonly files: typeof files;
  readonly notAFunction: string;
  readonly night: Definition;
}
const billing = service<Billing>("billing");
const anything = service("anything");
http.get("/", { uses: { billing, anything } }, async (_request, { billing, anything, signal }) => {
  proves<Equal<typeof billing, Service<Billing>>>();
  const id: string = "7";
  const reply = await billing.fetch("/invoices/:id", { params: { id: 7 }, signal });
  proves<Equal<typeof reply, Response>>();
  await billing.fetch("/invoices/:id", { method: "PUT", params: { id }, json: { any: "thing" } });
  await billing.fetch("/invoices", { method: "POST", json: { id: "a", at: "2026-01-01" } });
  await billing.fetch("/invoices", { method: "POST", body: "text" });
  await billing.fetch("/invoices/7");
  await billing.fetch(`/invoices/${id}`, { method: "PUT", headers: { "x-a": "b" } });
  await billing.fetch(`/invoices/${id}?full=1`);
  await billing.fetch("/files/*", { method: "PROPFIND", params: { "*": "a/b" } });
  await anything.fetch("/whatever/:id", { method: "PATCH", params: { id }, json: 1 });
  return reply;
});

// Options that are given as values made elsewhere.
const uses = { orders: orders.read } as const;
http.get("/", { uses }, (_request, { orders }) => {
  proves<Equal<typeof orders, StateReader<OrderOut>>>();
  return new Response();
});

// A test of an app: what went out, and what may be handed over.
const heard = placed.subscribe(() => {});
const batch = placed.subscribeMany(() => {});
const rawly = bytes.subscribe({ attempts: 2 }, () => {});
const app = await testApp([{ heard, rawly }, batch]);
proves<Equal<ReturnType<typeof app.published<OrderOut, OrderIn>>, readonly Sent<OrderIn>[]>>();
for (const sent of app.published(placed)) proves<Equal<typeof sent.data, OrderIn>>();
for (const sent of app.published(bytes)) proves<Equal<typeof sent.data, Uint8Array>>();
for (const sent of app.published(loose)) proves<Equal<typeof sent.data, unknown>>();
const letters = await app.deadLetters(batch);
proves<Equal<typeof letters, readonly DeadLetter<OrderIn>[]>>();
await app.deliver(heard, { id: "a", at: "2026-01-01" }, { duplicate: 2, attempt: 5 });
await app.deliver(rawly, new Uint8Array());
await app.deliver(heard as Definition, "whatever it takes");
const client = app.open(orders.readWrite);
proves<Equal<typeof client, State<OrderOut, OrderIn>>>();

// A Lambda handler, typed as its author typed it, and what triggers it.
interface GatewayEvent {
  readonly rawPath: string;
}
declare const handled: (
  event: GatewayEvent,
  context: { readonly awsRequestId: string },
) => Promise<{ statusCode: number }>;
declare const calledBack: (event: GatewayEvent, context: unknown, callback: (error?: Error | null) => void) => void;
proves<Equal<ReturnType<typeof lambda>, Definition>>();
lambda(handled, { on: http.any("/legacy/*", { access: "public" }), event: "apigw.v2" });
lambda(calledBack, { on: placed, event: "sqs", name: "worker" });
lambda(() => {}, { on: schedule("0 3 * * *", { timeZone: "Europe/Paris" }), event: "scheduled" });
lambda(handled, { event: "dynamodb" });
const route = http.get("/a", { access: jwt({ issuer: "https://a.example", audience: "a" }) });
proves<Equal<typeof route, HttpTrigger>>();
