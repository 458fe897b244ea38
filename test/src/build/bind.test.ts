// Which component serves which name, and what is told where none can.
import { configuration, http, service, state, topic } from "faasten";
import { expect, test } from "vitest";
import { component, look } from "./app.ts";

const ok = () => new Response();
const nothing = () => {};
const orders = state("orders");
const uses = http.get("/a", { uses: { orders: orders.read } }, ok);

test("a name with no YAML gets the default, and one with YAML its type and metadata", async () => {
  const ship = topic("placed").subscribe(nothing);
  const plain = await look({ "a.ts": { uses, ship } });
  expect(plain.wrong).toEqual([]);
  expect([...plain.bindings.components.values()].map(({ name, type }) => `${name} ${type}`)).toEqual([
    "orders state.sqlite",
    "pubsub pubsub.sqlite",
  ]);
  expect(plain.bindings.triggers.get("ship")?.map(({ pathname }) => pathname.split("/").at(-1))).toEqual(["inbox.ts"]);
  const yaml = component("orders", "state.in-memory", "  metadata:\n    - { name: staleReads, value: 'true' }\n");
  const { bindings, wrong } = await look({ "a.ts": { uses } }, { yaml });
  expect(wrong).toEqual([]);
  expect(bindings.components.get("orders")).toMatchObject({
    type: "state.in-memory",
    metadata: { staleReads: "true" },
  });
});

test("fields are checked of every component that is declared, used or not, and told once", async () => {
  const yaml = component("unused", "state.sqlite", "  metadata:\n    - { name: tablName, value: a }\n");
  const two = http.get("/b", { uses: { orders: orders.read } }, ok);
  expect((await look({ "a.ts": { uses, two } }, { yaml })).wrong).toEqual([
    "components/all.yaml:9  INVALID  `state.sqlite` has no field `tablName`. Did you mean `tableName`?",
  ]);
});

test("a component of another block is told once, however many functions need it", async () => {
  const two = http.get("/b", { uses: { orders: orders.read } }, ok);
  expect((await look({ "a.ts": { uses, two } }, { yaml: component("orders", "pubsub.sqlite") })).wrong).toEqual([
    "components/all.yaml:4  INVALID  `orders` is of type `pubsub.sqlite`, but the function uses needs it as state: change the type or the name",
  ]);
});

test("an unknown type is told where it is written, and nowhere else", async () => {
  expect((await look({ "a.ts": { uses } }, { yaml: component("orders", "state.sqlit") })).wrong).toEqual([
    "components/all.yaml:6  INVALID  Faasten has no component of type `state.sqlit`. Did you mean `state.sqlite`?",
  ]);
});

test("a type of Dapr's that cannot keep the contract is told once, with what to use", async () => {
  const two = http.get("/b", { uses: { orders: orders.read } }, ok);
  expect((await look({ "a.ts": { uses, two } }, { yaml: component("orders", "state.gcp.firestore") })).wrong).toEqual([
    "components/all.yaml:4  UNSUPPORTED  `orders` is of type `state.gcp.firestore`: Dapr keeps it in Firestore's Datastore mode with neither etag nor expiry, on which no conditional write can be built: use `state.gcp.firestore.native`, on a database in native mode",
  ]);
});

test("one name for two blocks is told", async () => {
  const both = http.post("/b", { uses: { orders: topic("t", { pubsub: "orders" }).publish } }, ok);
  expect((await look({ "a.ts": { uses, both } })).wrong).toEqual([
    "a.ts:1  INVALID  the function both needs `orders` as pubsub, but it is state (state.sqlite): give one of them another name",
  ]);
});

test("names that would be one resource are told, wherever they are written", async () => {
  const other = http.get("/b", { uses: { list: state("order.list").read, same: state("orderList").read } }, ok);
  expect((await look({ "a.ts": { other } })).wrong).toEqual([
    "a.ts:1  ALREADY_EXISTS  the function other: the components `orderList` and `order.list` are both `order-list` as resources: write one name everywhere",
  ]);
  const declared = await look({ "a.ts": { other } }, { yaml: component("order-list", "state.sqlite") });
  expect(declared.wrong).toHaveLength(2);
  const pair = `${component("order.list", "state.sqlite")}\n${component("orderList", "state.sqlite")}`;
  expect((await look({ "a.ts": { other } }, { yaml: pair })).wrong, "told by the reader of YAML").toHaveLength(1);
});

test("scopes that leave the service out are told at the function", async () => {
  const yaml = component("orders", "state.sqlite", "scopes: [billing]\n");
  expect((await look({ "a.ts": { uses } }, { yaml })).wrong).toEqual([
    "a.ts:1  MISCONFIGURED  the function uses needs the component `orders`, whose `scopes` (components/all.yaml:4) leave this service out: add it there",
  ]);
});

const keyed = (store: string) =>
  `  metadata:\n    - { name: connectionString, secretKeyRef: { name: a, key: b } }\nauth: { secretStore: ${store} }\n`;

test("the secret stores that YAML names are bound too, and must be some", async () => {
  const found = await look({ "a.ts": { uses } }, { yaml: component("orders", "state.sqlite", keyed("vault")) });
  expect(found.wrong).toEqual([]);
  expect(found.bindings.components.get("vault")?.type).toBe("secretstores.local.file");
  const yaml = `${component("orders", "state.sqlite", keyed("cache"))}${component("cache", "state.in-memory")}`;
  expect((await look({ "a.ts": { uses } }, { yaml })).wrong).toEqual([
    expect.stringContaining(
      "`cache` is of type `state.in-memory`, but the component `orders` needs it as secretstores",
    ),
  ]);
});

test("a secret store that reads out of itself is told", async () => {
  const own =
    "  metadata:\n    - { name: secretsFile, secretKeyRef: { name: a, key: b } }\nauth: { secretStore: vault }\n";
  const yaml = `${component("orders", "state.sqlite", keyed("vault"))}${component("vault", "secretstores.local.file", own)}`;
  expect((await look({ "a.ts": { uses } }, { yaml })).wrong).toEqual([
    expect.stringContaining("The secret store `vault` reads a secret out of itself"),
  ]);
});

test("a setting and a service have the defaults of this machine, and keys that are none are told", async () => {
  const billing = service("billing");
  const one = http.get("/a", { uses: { billing, flags: configuration(["flag"]) } }, ok);
  const good = await look({ "a.ts": { one } });
  expect(good.wrong).toEqual([]);
  const types = [...good.bindings.components.values()].map(({ name, type, module }) => [
    name,
    type,
    module.pathname.split("/providers/")[1],
  ]);
  expect(types).toEqual([
    ["billing", "invocation.local", "local/invocation/local.ts"],
    ["configstore", "configuration.sqlite", "local/configuration/sqlite.ts"],
  ]);
  const two = http.get("/b", { uses: { none: configuration([]) } }, ok);
  const three = http.get("/c", { uses: { empty: configuration(["flag", ""]) } }, ok);
  expect((await look({ "a.ts": { two, three } })).wrong).toEqual([
    'a.ts:1  INVALID  two: a configuration names its keys, as configuration(["flag"])',
    'a.ts:1  INVALID  three: a configuration names its keys, as configuration(["flag"])',
  ]);
});

test("a service whose address only the app can tell is told where it is not declared", async () => {
  const one = http.get("/a", { access: "public", uses: { billing: service("billing") } }, ok);
  expect((await look({ "a.ts": { one } }, { target: "azure" })).wrong).toEqual([
    "a.ts:1  MISCONFIGURED  the function one needs `billing` as invocation, which is `invocation.http` on azure and has to be told its `baseUrl`: declare the component in components/billing.yaml",
  ]);
  const yaml = component(
    "billing",
    "invocation.http",
    "  metadata:\n    - { name: baseUrl, value: 'https://b.example' }\n",
  );
  expect((await look({ "a.ts": { one } }, { target: "azure", yaml })).wrong).toEqual([]);
});
