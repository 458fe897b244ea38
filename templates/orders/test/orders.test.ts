// Orders over HTTP.
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { changed, orders, placed } from "../src/model.ts";
import { place, start } from "./running.ts";

const tea = { id: "a1", sku: "tea", quantity: 2 };

test("an order is stored and told, once", async () => {
  const app = await start();
  const reply = await place(app, tea);
  expect([reply.status, reply.headers.get("location")]).toEqual([201, "/orders/a1"]);
  expect(await reply.json()).toEqual({ ...tea, notes: [], status: "placed" });
  expect(app.published(placed)).toMatchObject([{ type: "com.dapr.event.sent", data: tea }]);

  expect((await place(app, tea)).status).toBe(409);
  expect(app.published(placed)).toHaveLength(1);
});

test("what does not fit is refused, with what is wrong with it", async () => {
  const app = await start();
  const reply = await place(app, { ...tea, quantity: 0 });
  expect([reply.status, await reply.json()]).toMatchObject([400, { issues: [{ path: "quantity" }] }]);
  expect(app.published(placed)).toEqual([]);
});

test("the same key has the same answer, for a day", async () => {
  const app = await start();
  const first = await place(app, tea, "k1");
  const again = await place(app, tea, "k1");
  expect([again.status, await again.json()]).toEqual([201, await first.json()]);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(app.published(placed)).toHaveLength(1);
  expect((await place(app, { ...tea, quantity: 3 }, "k1")).status).toBe(422);

  await app.advance("25h");
  expect((await place(app, tea, "k1")).status).toBe(409); // it runs again, and the order is there already
});

test("a change is made only from the version that the caller has seen", async () => {
  const app = await start();
  const { headers } = await place(app, tea);
  const change = (etag: string | null): Promise<Response> =>
    app.fetch("/orders/a1", {
      method: "PATCH",
      headers: { "if-match": etag ?? "" },
      body: JSON.stringify({ quantity: 5 }),
    });
  expect((await change(headers.get("etag"))).status).toBe(200);
  expect((await change(headers.get("etag"))).status).toBe(409);
  expect(app.published(changed).map(({ data }) => data)).toEqual([{ id: "a1", version: 2, status: "placed" }]);
});

test("a receipt is signed with the key, which no log shows", async () => {
  const app = await start();
  await app.fetch("/orders/a1/receipt", { method: "PUT", body: "paid" });
  const reply = await app.fetch("/orders/a1/receipt");
  expect(await reply.text()).toBe("paid");
  expect(reply.headers.get("x-signature")).toBe(createHmac("sha256", "for tests").update("paid").digest("base64"));
  expect(JSON.stringify(app.log)).not.toContain("for tests");
});

test("nobody but a service removes an order", async () => {
  const app = await start();
  await place(app, tea);
  expect((await app.fetch("/orders/a1", { method: "DELETE" })).status).toBe(401);
  expect((await app.fetch("/orders/a1", { method: "DELETE", as: "service" })).status).toBe(204);
  expect(await app.open(orders.read).get("a1")).toBeUndefined();
});
