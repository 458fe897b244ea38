// What a user must be told at compile time. Each line below a mark is a mistake: the check fails where it is none.
import {
  binding,
  configuration,
  type Duration,
  http,
  jwt,
  lambda,
  schedule,
  secret,
  service,
  state,
  topic,
} from "faasten";
import { testApp } from "faasten/testing";
import { z } from "zod";

const Order = z.object({ id: z.string(), total: z.number() });
const orders = state("orders", { schema: Order });
const placed = topic("order.placed", { schema: Order });
const reply = (): Response => new Response();

// What is not named in `uses` is not there.
http.get("/", { uses: { orders: orders.read } }, (_request, context) => {
  // @ts-expect-error: undeclared
  context.stock;
  // @ts-expect-error: undeclared
  const { placed } = context;
  return Response.json(placed);
});
schedule("* * * * *", (_tick, context) => {
  // @ts-expect-error: a schedule has no parameters
  context.params;
  // @ts-expect-error: nor a body
  context.body;
});

// A right that was not granted.
http.get(
  "/",
  { uses: { reader: orders.read, lister: orders.list, writer: orders.readWrite } },
  async (_request, { reader, lister, writer }) => {
    // @ts-expect-error: a reader writes nothing
    await reader.set("a", { id: "a", total: 1 });
    // @ts-expect-error: a reader lists nothing
    reader.list();
    // @ts-expect-error: a lister writes nothing
    await lister.delete("a");
    // @ts-expect-error: a writer lists nothing
    writer.list();
    return reply();
  },
);

// Values and payloads that do not fit.
http.get("/", { uses: { orders: orders.readWrite, placed: placed.publish } }, async (_request, { orders, placed }) => {
  // @ts-expect-error: total is a number
  await orders.set("a", { id: "a", total: "1" });
  // @ts-expect-error: total is missing
  await orders.set("a", { id: "a" });
  // @ts-expect-error: a key is a text
  await orders.set(1, { id: "a", total: 1 });
  // @ts-expect-error: an update must give a whole order
  await orders.update("a", () => ({ id: "a" }));
  // @ts-expect-error: two conditions at once
  await orders.set("a", { id: "a", total: 1 }, { ifEtag: "e", ifAbsent: true });
  // @ts-expect-error: no duration
  await orders.set("a", { id: "a", total: 1 }, { ttl: "soon" });
  // @ts-expect-error: a unit that there is not
  await orders.set("a", { id: "a", total: 1 }, { ttl: "1w" });
  // @ts-expect-error: a number of what?
  await orders.set("a", { id: "a", total: 1 }, { ttl: 60 });
  // @ts-expect-error: a change without its value
  await orders.transact("p", [{ set: "a" }]);
  // @ts-expect-error: total is missing
  await placed.publish({ id: "a" });
  const two = [
    { id: "a", total: 1 },
    { id: 2, total: 1 },
  ];
  // @ts-expect-error: one of them does not fit
  await placed.publishMany(two);
  // @ts-expect-error: no duration
  await placed.publish({ id: "a", total: 1 }, { ttl: "1 minute" });
  // @ts-expect-error: a publisher subscribes to nothing
  placed.subscribe(() => {});
  return reply();
});
placed.subscribe((event) => {
  // @ts-expect-error: no such member of the data
  event.data.price;
  // @ts-expect-error: no duration
  event.retry({ after: "later" });
  // @ts-expect-error: a death has a reason
  event.dead();
  // @ts-expect-error: what arrived is not to be changed
  event.data = { id: "a", total: 1 };
});

// Paths and their parameters.
http.get("/orders/:id", (_request, { params }) => {
  // @ts-expect-error: the path has no such parameter
  params.order;
  // @ts-expect-error: nor a rest
  params["*"];
  // @ts-expect-error: what came is not to be changed
  params.id = "other";
  return reply();
});
// @ts-expect-error: a path begins with a slash
http.get("orders", reply);
// @ts-expect-error: also with options
http.post("orders/:id", { access: "public" }, reply);
// @ts-expect-error: also for a whole app
http.fetch("app/*", { access: "public" }, reply);

// What a handler must give.
// @ts-expect-error: no Response
http.get("/", () => "hello");
// @ts-expect-error: no Response
http.get("/", async () => ({ status: 200 }));
// @ts-expect-error: nothing
http.post("/", { access: "public" }, async () => {});
// @ts-expect-error: an event has no reply
placed.subscribe(() => new Response());
// @ts-expect-error: nor has a tick
schedule("* * * * *", () => "done");

// Of a binding, what was not granted.
const receipts = binding("receipts");
http.get(
  "/",
  {
    uses: {
      writer: receipts.output("create"),
      signer: receipts.output("get", "presign"),
      mailer: receipts.output("send"),
    },
  },
  async (_request, { writer, signer, mailer }) => {
    // @ts-expect-error: only creating was granted
    await writer.get("a");
    // @ts-expect-error: nor is there anything native
    await writer.invoke("copy");
    // @ts-expect-error: a key is a text
    await writer.create("x", { key: 1 });
    // @ts-expect-error: metadata are texts
    await writer.create("x", { metadata: { pages: 2 } });
    // @ts-expect-error: until when?
    await signer.presign("a", { operation: "get" });
    // @ts-expect-error: no duration
    await signer.presign("a", { expiresIn: 60 });
    // @ts-expect-error: what is signed is reading or creating
    await signer.presign("a", { operation: "delete", expiresIn: "1m" });
    // @ts-expect-error: it may not be there
    (await signer.get("a")).text();
    // @ts-expect-error: another operation than the one that was granted
    await mailer.invoke("copy");
    // @ts-expect-error: portable operations are methods, where they were granted
    await mailer.create("x");
    return reply();
  },
);
// @ts-expect-error: a grant names its operations
receipts.output();
// @ts-expect-error: an input has no reply
receipts.input(() => new Response());
receipts.input((event) => {
  // @ts-expect-error: a change tells of an object, and is not the object
  event.data.bytes;
});
// @ts-expect-error: an input is not the whole binding's
http.get("/", { uses: { receipts } }, reply);

// What may stand in `uses`.
// @ts-expect-error: a state is no grant: say .read, .readWrite or .list
http.get("/", { uses: { orders } }, reply);
// @ts-expect-error: a topic is no grant: say .publish
schedule("* * * * *", { uses: { placed } }, () => {});
// @ts-expect-error: the context has a `log` of its own
http.get("/", { uses: { log: orders.read } }, reply);
// @ts-expect-error: and `params`
http.get("/", { uses: { params: orders.read } }, reply);
// @ts-expect-error: and `signal`
placed.subscribe({ uses: { signal: orders.read } }, () => {});
// @ts-expect-error: and `native`
schedule("* * * * *", { uses: { native: secret("a") } }, () => {});
// @ts-expect-error: a misspelt grant
orders.write;

// Options.
// @ts-expect-error: no such rule
http.get("/", { access: "private" }, reply);
// @ts-expect-error: an option that there is not
http.get("/", { acess: "public" }, reply);
// @ts-expect-error: a schema, not a type's name
http.post("/", { body: "Order" }, reply);
// @ts-expect-error: a whole app has no body of ours
http.fetch("/*", { access: "public", body: Order }, reply);
// @ts-expect-error: an audience is missing
jwt({ issuer: "https://a.example" });
// @ts-expect-error: a key is a text or null
http.post("/", { idempotent: () => undefined }, reply);
// @ts-expect-error: a batch is not guarded as one
placed.subscribeMany({ idempotent: () => "k" }, () => {});
// @ts-expect-error: the order is by a text
topic<{ n: number }>("t", { orderBy: ({ n }) => n });
// @ts-expect-error: no such option
schedule("* * * * *", { timezone: "UTC" }, () => {});
// @ts-expect-error: no duration
export const wrong: Duration = "5 minutes";

// Settings, and calls to another app.
// @ts-expect-error: no duration
configuration(["flag"], { freshness: 30 });
// @ts-expect-error: a list of keys
configuration("flag");
const ask = http.get("/invoices/:id", reply);
const bill = http.post("/invoices", { body: Order }, reply);
const change = http.put("/invoices/:id", reply);
interface Billing {
  readonly ask: typeof ask;
  readonly bill: typeof bill;
  readonly change: typeof change;
}
const uses = { flags: configuration(["flag"]), billing: service<Billing>("billing"), plain: service("plain") };
schedule("* * * * *", { uses }, async (_tick, { flags, billing, plain }) => {
  // @ts-expect-error: a key that was not asked for
  (await flags.get()).limit;
  // @ts-expect-error: nobody sets one
  flags.set;
  // @ts-expect-error: no function answers there
  await billing.fetch("/receipts");
  // @ts-expect-error: the parameter is missing
  await billing.fetch("/invoices/:id");
  // @ts-expect-error: it has another name
  await billing.fetch("/invoices/:id", { params: { number: 1 } });
  // @ts-expect-error: nobody answers this method there
  await billing.fetch("/invoices/:id", { method: "DELETE", params: { id: 1 } });
  // @ts-expect-error: nor here
  await billing.fetch("/invoices/7", { method: "DELETE" });
  // @ts-expect-error: only a POST is answered
  await billing.fetch("/invoices");
  // @ts-expect-error: a GET has no body
  await billing.fetch("/invoices/:id", { params: { id: 1 }, json: {} });
  // @ts-expect-error: total is missing
  await billing.fetch("/invoices", { method: "POST", json: { id: "a" } });
  // @ts-expect-error: one body, not two
  await billing.fetch("/invoices", { method: "POST", json: { id: "a", total: 1 }, body: "b" });
  // @ts-expect-error: an address is no path
  await plain.fetch("https://elsewhere.example/");
});
// Lambda handlers.
// @ts-expect-error: no such event
lambda(() => {}, { on: http.any("/a"), event: "apigw.v3" });
// @ts-expect-error: a handler, not a function of ours
lambda(http.get("/", reply), { on: http.any("/a"), event: "url" });
// @ts-expect-error: a function of ours is no trigger
lambda(() => {}, { on: http.any("/a", reply), event: "url" });
// @ts-expect-error: what is not AWS's alone comes from somewhere
lambda(() => {}, { event: "sqs" });
// @ts-expect-error: a route alone uses nothing
lambda(() => {}, { on: http.any("/a", { uses: {} }), event: "url" });
// A test of an app.
const ship = placed.subscribe(() => {});
const app = await testApp({ ship });
// @ts-expect-error: total is a number
await app.deliver(ship, { id: "a", total: "1" });
// @ts-expect-error: total is missing
await app.deliver(ship, { id: "a" });
// @ts-expect-error: an attempt is counted
await app.deliver(ship, { id: "a", total: 1 }, { attempt: "last" });
// @ts-expect-error: a state is no topic
app.published(orders);
// @ts-expect-error: no such member of the data
app.published(placed)[0]?.data.price;
// @ts-expect-error: no duration
await app.advance("3 days");
// @ts-expect-error: a caller is somebody
await app.fetch("/", { as: "user" });
// @ts-expect-error: one function is no app
await testApp("ship");
// @ts-expect-error: a state is no grant: say .read, .readWrite or .list
app.open(orders);

// Lambda handlers.
// @ts-expect-error: no such event
lambda(() => {}, { on: http.any("/a"), event: "apigw.v3" });
// @ts-expect-error: a handler, not a function of ours
lambda(http.get("/", reply), { on: http.any("/a"), event: "url" });
// @ts-expect-error: a function of ours is no trigger
lambda(() => {}, { on: http.any("/a", reply), event: "url" });
// @ts-expect-error: what is not AWS's alone comes from somewhere
lambda(() => {}, { event: "sqs" });
// @ts-expect-error: a route alone uses nothing
lambda(() => {}, { on: http.any("/a", { uses: {} }), event: "url" });
