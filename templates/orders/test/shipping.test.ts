// What happens to an order after it was placed.
import { expect, test } from "vitest";
import * as legacy from "../src/legacy.ts";
import { orders, stock, summaries } from "../src/model.ts";
import { ship, summarise } from "../src/shipping.ts";
import { place, start } from "./running.ts";

const tea = { id: "a1", sku: "tea", quantity: 2 };

test("an order that was placed is shipped, and its summary says so", async () => {
  const app = await start();
  await app.open(stock.readWrite).set("tea", 10);
  await place(app, tea);
  await app.drain();
  expect((await app.open(stock.read).get("tea"))?.value).toBe(8);
  expect((await app.open(orders.read).get("a1"))?.value.status).toBe("shipped");
  expect((await app.open(summaries.read).get("a1"))?.value).toEqual({ id: "a1", version: 1, status: "shipped" });
});

test("an event that comes twice takes the goods once", async () => {
  const app = await start();
  await app.open(stock.readWrite).set("tea", 10);
  expect(await app.deliver(ship, tea, { duplicate: 2 })).toEqual([{ kind: "done" }, { kind: "done" }]);
  expect((await app.open(stock.read).get("tea"))?.value).toBe(8);
});

test("what is not in stock is shipped once it is", async () => {
  const app = await start();
  const goods = app.open(stock.readWrite);
  await goods.set("tea", 1);
  await place(app, tea);
  await app.drain();
  await goods.set("tea", 3);
  await app.drain();
  expect((await goods.get("tea"))?.value).toBe(3);
  await app.advance("2s");
  expect((await goods.get("tea"))?.value).toBe(1);
  expect(await app.deadLetters(ship)).toEqual([]);
});

test("what never comes into stock is a dead letter, at the fifth attempt", async () => {
  const app = await start();
  await app.open(stock.readWrite).set("tea", 1);
  await place(app, tea);
  await app.advance("7s");
  expect(await app.deadLetters(ship)).toEqual([]);
  await app.advance("1s");
  expect(await app.deadLetters(ship)).toMatchObject([{ data: tea, attempts: 5 }]);
});

test("goods that nobody knows are a dead letter, which can be sent back", async () => {
  const app = await start();
  await place(app, { ...tea, sku: "coffee" });
  await app.drain();
  expect(await app.deadLetters(ship)).toMatchObject([
    { data: { sku: "coffee" }, reason: "nothing is known of coffee", attempts: 1 },
  ]);
  await app.open(stock.readWrite).set("coffee", 5);
  expect(await app.redrive(ship)).toBe(1);
  await app.drain();
  expect((await app.open(stock.read).get("coffee"))?.value).toBe(3);
  expect(await app.deadLetters(ship)).toEqual([]);
});

test("a store that fails has the event come again, and the log says why", async () => {
  const app = await start({
    components: {
      stock: {
        async get() {
          throw new Error("the store is down");
        },
      },
    },
  });
  expect(await app.deliver(ship, tea)).toEqual([{ kind: "retry", reason: "the store is down" }]);
  expect(await app.deliver(ship, tea, { attempt: 5 })).toEqual([{ kind: "dead", reason: "the store is down" }]);
  expect(app.log).toContainEqual(expect.objectContaining({ level: "error", message: "failed", function: "ship" }));
});

test("of two changes the newer one stays, whichever comes last", async () => {
  const app = await start();
  await app.deliver(summarise, { id: "a1", version: 2, status: "shipped" });
  await app.deliver(summarise, { id: "a1", version: 1, status: "placed" });
  expect((await app.open(summaries.read).get("a1"))?.value.status).toBe("shipped");
});

test("a handler of old takes a batch, and has again what it could not handle", async () => {
  const app = await start();
  const [good, bad] = [
    { id: "a1", version: 1, status: "shipped" },
    { id: "no id at all", version: 1, status: "shipped" },
  ];
  expect(await app.deliver(legacy.audit, good)).toMatchObject([{ kind: "done" }]);
  expect(await app.deliver(legacy.audit, bad)).toMatchObject([{ kind: "retry" }]);
});
