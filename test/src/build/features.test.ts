// What a bundle can do without, told by the functions in it.
import { expect, test } from "vitest";
import type { Binding } from "../../../src/build/bind.ts";
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
  const needed = Object.entries(withoutFeatures(definitions, {}, [])).filter(([, without]) => without === "false");
  expect(needed.map(([name]) => name.replace("import.meta.without.", "")).sort()).toEqual(features.split(" "));
});

test("rotation, where a component is made of a secret", () => {
  const of = (metadata: Binding["metadata"]): string | undefined =>
    withoutFeatures([http.get("/", reply)], {}, [{ metadata }])["import.meta.without.rotation"];
  expect(of({ password: { store: "vault", secret: "db", key: "password" } })).toBe("false");
  expect(of({ password: "plain", table: { env: "TABLE" } })).toBe("true");
});

const route = (options: Parameters<typeof http.any>[1] = {}) => http.any("/", { access: "public", ...options });
const handed: readonly (readonly [what: string, definition: Definition, without: boolean])[] = [
  ["an event that the stack sends", lambda(nothing, { on: route(), event: "apigw.v2" }), true],
  ["one that it does not send", lambda(nothing, { on: route(), event: "alb" }), false],
  [
    "access that only the runtime checks",
    lambda(nothing, { on: route({ access: jwt({ issuer: "https://i", audience: "a" }) }), event: "apigw.v2" }),
    false,
  ],
  ["access that nobody has told", lambda(nothing, { on: http.any("/"), event: "apigw.v2" }), false],
  ["pages of other origins", lambda(nothing, { on: route({ cors: { origins: ["*"] } }), event: "apigw.v2" }), false],
  ["format 1.0 behind a Function URL", lambda(nothing, { on: route({ isolate: true }), event: "apigw.v1" }), false],
  ["format 1.0 behind an HTTP API", lambda(nothing, { on: route(), event: "apigw.v1" }), true],
  ["a stream of AWS's alone", lambda(nothing, { event: "dynamodb" }), true],
];
test.each(handed)(
  "on a host that runs Lambda handlers as they are, the bridge is left out: %s: %s",
  (_what, definition, without) => {
    const features = withoutFeatures([definition], { lambda: ["apigw.v1", "apigw.v2", "sqs"] }, []);
    expect(features["import.meta.without.bridge"]).toBe(String(without));
  },
);
