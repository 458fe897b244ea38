// What a bundle can do without, told by the functions in it.
import { expect, test } from "vitest";
import { withoutFeatures } from "../../../src/build/features.ts";
import type { Definition } from "../../../src/contracts/function.ts";
import { binding, http, jwt, lambda, schedule, state, topic } from "../../../src/index.ts";

const orders = state("orders");
const placed = topic("order.placed");
const nothing = (): void => undefined;
const reply = (): Response => new Response();

const needs: readonly (readonly [features: string, definitions: readonly Definition[]])[] = [
  ["requests", [http.get("/", { access: "public" }, reply)]],
  ["requests", [http.get("/", { access: "service" }, reply)]],
  ["requests", [http.get("/", { access: jwt({ issuer: "https://i", audience: "a" }) }, reply)]],
  ["cors requests", [http.get("/", { cors: { origins: ["*"] } }, reply)]],
  ["idempotency readWrite requests", [http.post("/", { idempotent: () => "key" }, reply)]],
  ["publish requests", [http.post("/", { uses: { placed: placed.publish } }, reply)]],
  ["readWrite requests", [http.post("/", { uses: { orders: orders.readWrite } }, reply)]],
  ["list requests", [http.get("/", { uses: { orders: orders.list } }, reply)]],
  ["requests", [http.get("/", { uses: { orders: orders.read } }, reply)]],
  ["events", [schedule("0 3 * * *", nothing)]],
  ["events idempotency readWrite", [schedule("0 3 * * *", { idempotent: ({ id }) => id }, nothing)]],
  ["events subscriptions", [placed.subscribe(nothing)]],
  ["events idempotency readWrite subscriptions", [placed.subscribe({ idempotent: ({ id }) => id }, nothing)]],
  ["events subscriptions", [binding("uploads").input(nothing)]],
  ["output requests", [http.get("/", { uses: { receipts: binding("receipts").output("get") } }, reply)]],
  ["batches events subscriptions", [placed.subscribeMany(nothing)]],
  ["bridge requests", [lambda(nothing, { on: http.any("/"), event: "url" })]],
  ["batches bridge events subscriptions", [lambda(nothing, { on: placed, event: "sqs" })]],
  ["events requests", [http.get("/", reply), schedule("0 3 * * *", nothing)]],
];

test.each(needs)("%s", (features, definitions) => {
  const needed = Object.entries(withoutFeatures(definitions, {})).filter(([, without]) => without === "false");
  expect(needed.map(([name]) => name.replace("import.meta.without.", "")).sort()).toEqual(features.split(" "));
});

test("a host that runs Lambda handlers as they are needs no bridge", () => {
  const legacy = lambda(nothing, { on: http.any("/"), event: "url" });
  expect(withoutFeatures([legacy], { lambda: true })).toMatchObject({ "import.meta.without.bridge": "true" });
});
