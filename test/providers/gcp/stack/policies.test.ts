// What emitted bindings allow: each right its own permissions on its own resource, each with its reason; and that calls need no more.
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { create as createBucket } from "../../../../providers/gcp/bindings/bucket.ts";
import { create as createTopic } from "../../../../providers/gcp/bindings/pubsub.ts";
import { create as createParameters } from "../../../../providers/gcp/configuration/parametermanager.ts";
import { gcp } from "../../../../providers/gcp/index.ts";
import { create as createPubSub } from "../../../../providers/gcp/pubsub/pubsub.ts";
import { create as createSecrets } from "../../../../providers/gcp/secretstores/secretmanager.ts";
import { emit } from "../../../../providers/gcp/stack/emit.ts";
import { rightOf, signRight } from "../../../../providers/gcp/stack/rights.ts";
import { create as createFirestore } from "../../../../providers/gcp/state/firestore-native.ts";
import type { GraphComponent, GraphGrant } from "../../../../src/contracts/graph.ts";
import type { ComponentOptions } from "../../../../src/provider.ts";
import { startCloudStorage } from "../../../servers/cloud-storage.ts";
import { startFirestore } from "../../../servers/firestore.ts";
import { type GoogleCall, permissionsFor } from "../../../servers/google-permissions.ts";
import { startParameterManager } from "../../../servers/parameter-manager.ts";
import { startPubSub } from "../../../servers/pubsub.ts";
import { startSecretManager } from "../../../servers/secret-manager.ts";
import { daily, emitted, get, inputOf, one, topic } from "./template.ts";

const variable = (block: string, name: string): { readonly env: string } => ({
  env: `FAASTEN_${block}_${name}`.toUpperCase(),
});
const components: readonly GraphComponent[] = [
  {
    name: "orders",
    block: "state",
    type: "state.gcp.firestore.native",
    metadata: { collection: variable("state", "orders") },
  },
  {
    name: "pubsub",
    block: "pubsub",
    type: "pubsub.gcp.pubsub",
    metadata: { topicPrefix: variable("pubsub", "pubsub") },
  },
  {
    name: "files",
    block: "bindings",
    type: "bindings.gcp.bucket",
    metadata: { bucket: variable("bindings", "files") },
  },
  { name: "alarm", block: "bindings", type: "bindings.gcp.pubsub", metadata: { topic: variable("bindings", "alarm") } },
  {
    name: "secretstore",
    block: "secretstores",
    type: "secretstores.gcp.secretmanager",
    metadata: { prefix: variable("secretstores", "secretstore") },
  },
  {
    name: "configstore",
    block: "configuration",
    type: "configuration.gcp.parametermanager",
    metadata: { prefix: variable("configuration", "configstore") },
  },
  {
    name: "billing",
    block: "invocation",
    type: "invocation.gcp.http",
    metadata: { baseUrl: variable("invocation", "billing") },
  },
  {
    name: "there",
    block: "state",
    type: "state.gcp.firestore.native",
    metadata: { collection: "entries" },
    existing: true,
  },
  {
    name: "far",
    block: "state",
    type: "state.gcp.firestore.native",
    metadata: { collection: "projects/other/databases/theirs/documents/entries" },
  },
];

type Asked = Omit<GraphGrant, "function">;
const state = (right: GraphGrant["right"], component = "orders"): Asked => ({ block: "state", component, right });

/** Permissions → resource, of what one function with these grants may do. */
function allowed(grants: readonly Asked[], on = get("/a")): Readonly<Record<string, string>> {
  const { permissions } = emit(
    inputOf({ functions: [one("f", on)], components, grants: grants.map((grant) => ({ ...grant, function: "f" })) }),
  );
  const own = permissions.filter(({ actions }) => on.kind === "http" || actions[0] !== "run.routes.invoke");
  return Object.fromEntries(own.map(({ actions, resource }) => [actions.join(" "), resource]));
}

const ownDatabase = "projects/${var.project}/databases/${google_firestore_database.state__shop_dev_state.name}";

describe("each right has its own permissions, on its own resource", () => {
  test.each<readonly [string, Asked, Readonly<Record<string, string>>]>([
    ["read", state("read"), { "datastore.entities.get": ownDatabase }],
    [
      "readWrite",
      state("readWrite"),
      {
        "datastore.entities.create datastore.entities.delete datastore.entities.get datastore.entities.update":
          ownDatabase,
      },
    ],
    ["list", state("list"), { "datastore.entities.get datastore.entities.list": ownDatabase }],
    [
      "of what is there already",
      state("read", "there"),
      { "datastore.entities.get": "projects/${var.project}/databases/(default)" },
    ],
    [
      "of another project's, where no role of ours is known",
      state("readWrite", "far"),
      { "roles/datastore.user": "projects/other/databases/theirs" },
    ],
    [
      "publish, on that topic alone",
      { block: "pubsub", component: "pubsub", right: "publish", resource: "order.placed" },
      { "pubsub.topics.publish": "${google_pubsub_topic.topic__pubsub__order_placed.id}" },
    ],
    [
      "output to a bucket",
      { block: "bindings", component: "files", right: "output", operations: ["list"] },
      { "storage.objects.list": "${google_storage_bucket.files.name}" },
    ],
    [
      "a signed address, by its own key alone",
      { block: "bindings", component: "files", right: "output", operations: ["presign"] },
      {
        "storage.objects.create storage.objects.delete storage.objects.get": "${google_storage_bucket.files.name}",
        "iam.serviceAccounts.signBlob": "${google_service_account.http.id}",
      },
    ],
    [
      "output to a topic",
      { block: "bindings", component: "alarm", right: "output", operations: ["create"] },
      { "pubsub.topics.publish": "${google_pubsub_topic.alarm.id}" },
    ],
    [
      "a secret, and no other",
      { block: "secretstores", component: "secretstore", right: "read", resource: "key" },
      { "secretmanager.versions.access": "projects/${var.project}/secrets/shop-dev-key" },
    ],
    [
      "settings, of which a project's are kept apart by nobody",
      { block: "configuration", component: "configstore", right: "read", keys: ["a"] },
      { "parametermanager.parameterVersions.get parametermanager.parameterVersions.list": "projects/${var.project}" },
    ],
    [
      "a call",
      { block: "invocation", component: "billing", right: "call" },
      { "run.routes.invoke": "billing-dev-http" },
    ],
  ])("%s", (_, grant, wanted) => expect(allowed([grant])).toEqual(wanted));

  test("nothing", () => expect(allowed([])).toEqual({}));
  test("a schedule", () => expect(allowed([], daily)).toEqual({}));
  test("a subscriber, for its own dead letters", () =>
    expect(allowed([], topic("placed"))).toEqual({ "pubsub.topics.publish": "shop-dev-f-dead" }));
});

const everything = [
  ...(["read", "readWrite", "list"] as const).map((right) => state(right)),
  { block: "pubsub", component: "pubsub", right: "publish", resource: "placed" } as const,
  { block: "bindings", component: "files", right: "output", operations: ["create", "get", "presign"] } as const,
  { block: "secretstores", component: "secretstore", right: "read", resource: "key" } as const,
  { block: "configuration", component: "configstore", right: "read" } as const,
];
const functions = [one("web", get("/a")), one("ship", topic("placed")), one("sweep", daily)];
const graph = {
  functions,
  components,
  grants: functions.flatMap(({ name }) => everything.map((each) => ({ ...each, function: name }))),
};

test("the template allows what the permissions say, and no more: roles of ours, and Google's that hold one permission", () => {
  const template = emitted(graph);
  const { permissions } = emit(inputOf(graph));
  const roles = Object.entries(template.resource["google_project_iam_custom_role"] ?? {});
  const exact: Readonly<Record<string, readonly string[]>> = {
    "roles/pubsub.publisher": ["pubsub.topics.publish"],
    "roles/secretmanager.secretAccessor": ["secretmanager.versions.access"],
    "roles/run.invoker": ["run.routes.invoke"],
    ...Object.fromEntries(
      roles.map(([label, { permissions }]) => [
        `\${google_project_iam_custom_role.${label}.name}`,
        permissions as readonly string[],
      ]),
    ),
  };
  for (const name of ["http", "ship", "sweep"]) {
    const member = `serviceAccount:\${google_service_account.${name}.email}`;
    const bound = Object.entries(template.resource)
      .filter(([type]) => type.endsWith("_iam_member"))
      .flatMap(([, bodies]) => Object.values(bodies))
      .filter((body) => body["member"] === member)
      .map(({ role }) => exact[String(role)]?.join(" "));
    const said = permissions
      .filter(({ deployable, actions }) => deployable === name && actions[0] !== "run.routes.invoke")
      .map(({ actions }) => actions.join(" "));
    expect([name, bound.sort()]).toEqual([name, said.sort()]);
    expect(said.length).toBeGreaterThan(6);
  }
});

test("nothing is allowed on a whole project but what cannot be told apart in it", () => {
  const members = Object.values(emitted(graph).resource["google_project_iam_member"] ?? {});
  const wide = members.filter(({ condition }) => condition === undefined).map(({ role }) => role);
  expect([...new Set(wide)].sort()).toEqual([
    "${google_project_iam_custom_role.configuration_read.name}",
    "roles/artifactregistry.writer",
    "roles/logging.logWriter",
  ]);
  expect(JSON.stringify(emitted(graph))).not.toMatch(/roles\/(?:owner|editor|viewer|\w+\.admin)"/);
});

test("every permission says who asks for it, and what two ask for is bound once", () => {
  const { permissions } = emit(inputOf(graph));
  for (const { because } of permissions) expect(because.join()).toMatch(/\b(?:web|ship|sweep)\b/);
  const twice = [one("a", get("/a")), one("b", get("/b"))];
  const shared = emit(
    inputOf({ functions: twice, components, grants: twice.map(({ name }) => ({ ...state("read"), function: name })) }),
  );
  expect(shared.permissions).toEqual([
    {
      deployable: "http",
      actions: ["datastore.entities.get"],
      resource: ownDatabase,
      because: ["a may read orders", "b may read orders"],
    },
  ]);
});

test("a component with an account of its own gets no rights for the function's", () => {
  const borrowed: GraphComponent = {
    name: "orders",
    block: "state",
    type: "state.gcp.firestore.native",
    metadata: { collection: "entries", client_email: "them@p.iam.gserviceaccount.com" },
  };
  const { permissions } = emit(
    inputOf({
      functions: [one("f", get("/a"))],
      components: [borrowed],
      grants: [{ ...state("read"), function: "f" }],
    }),
  );
  expect(permissions).toEqual([]);
});

test("every type of the page that calls Google has its rights", () => {
  const rights: Readonly<Record<string, Partial<GraphGrant>>> = {
    bindings: { right: "output", operations: ["create"] },
  };
  for (const [type, fields] of Object.entries(gcp.components)) {
    if (fields.refused !== undefined) continue;
    const right = rightOf(type, { right: "read", ...rights[type.split(".")[0] ?? ""] });
    expect([type, right?.permissions.length]).toEqual([type, expect.any(Number)]);
    expect(right?.page).toMatch(/^https:\/\/docs\.cloud\.google\.com\//);
  }
});

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** Hands on every call to that server, and keeps it. */
async function recorder(target: string): Promise<{ readonly url: string; readonly calls: GoogleCall[] }> {
  const calls: GoogleCall[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const { method = "", url: path = "" } = request;
    calls.push({ method, path, body: Buffer.concat(parts).toString() });
    const headers = { authorization: "Bearer owner", "content-type": request.headers["content-type"] ?? "text/plain" };
    const body = parts.length > 0 ? Buffer.concat(parts) : null;
    const reply = await fetch(target + path, { method, headers, body });
    response.writeHead(reply.status).end(Buffer.from(await reply.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
}

const named = (metadata: Readonly<Record<string, string>>): ComponentOptions => ({ name: "c", service: "s", metadata });
const within = "projects/p";

/** By type and right: what uses all of it. */
const uses: readonly (readonly [string, Omit<Asked, "block" | "component">, () => Promise<readonly GoogleCall[]>])[] = [
  [
    "state.gcp.firestore.native",
    { right: "read" },
    async () => {
      const { store, calls } = await firestore();
      await store.get("a");
      await store.getMany?.(["a", "b"]);
      return calls;
    },
  ],
  [
    "state.gcp.firestore.native",
    { right: "readWrite" },
    async () => {
      const { store, calls } = await firestore();
      const etag = (await store.set("a", { json: "1" })) ?? "";
      await store.get("a");
      await store.set("a", { json: "2" }, { ifEtag: etag });
      await store.set("b", { json: "1" }, { ifAbsent: true });
      await store.transact?.("p", [
        { kind: "set", key: "c", value: { json: "1" } },
        { kind: "delete", key: "b" },
      ]);
      await store.delete("a");
      return calls;
    },
  ],
  [
    "state.gcp.firestore.native",
    { right: "list" },
    async () => {
      const { store, calls } = await firestore();
      for await (const key of store.list?.("a") ?? []) expect(key).toBeDefined();
      return calls;
    },
  ],
  [
    "pubsub.gcp.pubsub",
    { right: "publish" },
    async () => {
      const server = await startPubSub();
      closing.push(() => server.close());
      const { url, calls } = await recorder(server.url);
      server.createTopic(`${within}/topics/s-placed`);
      const broker = await createPubSub(named({ endpoint: url, topicPrefix: `${within}/topics/s-` }));
      const event = { specversion: "1.0", id: "1", source: "s", type: "t" } as const;
      await broker.publish("placed", event);
      await broker.publishMany?.("placed", [event, event]);
      await broker.close?.();
      return calls;
    },
  ],
  [
    "bindings.gcp.pubsub",
    { right: "output", operations: ["create"] },
    async () => {
      const server = await startPubSub();
      closing.push(() => server.close());
      const { url, calls } = await recorder(server.url);
      server.createTopic(`${within}/topics/alarm`);
      const binding = await createTopic(named({ endpoint: url, topic: `${within}/topics/alarm` }));
      await binding.create?.({ value: { json: "1" } });
      await binding.close?.();
      return calls;
    },
  ],
  [
    "secretstores.gcp.secretmanager",
    { right: "read" },
    async () => {
      const server = await startSecretManager();
      closing.push(() => server.close());
      const { url, calls } = await recorder(server.url);
      const store = await createSecrets(named({ endpoint: url, prefix: `${within}/secrets/s-` }));
      await store.get("key");
      await store.close?.();
      return calls;
    },
  ],
  [
    "configuration.gcp.parametermanager",
    { right: "read" },
    async () => {
      const server = await startParameterManager();
      closing.push(() => server.close());
      const { url, calls } = await recorder(server.url);
      server.addVersion(`${within}/locations/global/parameters/s-a`, "v1", "1");
      const store = await createParameters(
        named({ endpoint: url, prefix: `${within}/locations/global/parameters/s-` }),
      );
      await store.get(["a"]);
      await store.close?.();
      return calls;
    },
  ],
];

async function firestore() {
  const server = await startFirestore();
  closing.push(() => server.close());
  const { url, calls } = await recorder(server.url);
  const store = await createFirestore(named({ endpoint: url, collection: `${within}/databases/d/documents/c` }));
  return { store, calls };
}

describe("recorded calls need what the right allows, and all of it", () => {
  test.each(uses)("%s %o", async (type, grant, use) => {
    const calls = await use();
    const needed = [...new Set(calls.flatMap(permissionsFor))].sort();
    expect(needed).toEqual([...(rightOf(type, grant)?.permissions ?? [])].sort());
  });
});

/** Beyond its calls: whoever may not list is told of an object that is not there that it is forbidden, and not that it is absent. */
const toTellAbsent: readonly string[] = ["get", "delete", "move", "rename"];

describe("recorded calls on a bucket need what each operation allows", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const email = "f@p.iam.gserviceaccount.com";
  const signBlob = (payload: Buffer): Buffer => sign("RSA-SHA256", payload, privateKey);

  test.each(gcp.components["bindings.gcp.bucket"]?.operations ?? [])("%s", async (operation) => {
    const server = await startCloudStorage({ publicKey, email, signBlob });
    closing.push(() => server.close());
    for (const bucket of ["files", "others"]) server.createBucket(bucket);
    const { url, calls } = await recorder(server.url);
    const binding = await createBucket(named({ endpoint: url, bucket: "files", client_email: email }));
    const planted = await createBucket(named({ endpoint: server.url, bucket: "files", client_email: email }));
    const value = { value: { json: "1" } };
    await planted.create?.(value, { key: "a" });
    const right = { right: "output", operations: [operation] } as const;
    const permissions = [...(rightOf("bindings.gcp.bucket", right)?.permissions ?? [])];
    const expiresAt = Date.now() + 60_000;
    switch (operation) {
      case "create":
        await binding.create?.(value, { key: "a" });
        break;
      case "get":
        expect(await binding.get?.("a")).toBeDefined();
        break;
      case "list":
        for await (const found of binding.list?.("") ?? []) expect(found.key).toBe("a");
        break;
      case "delete":
        expect(await binding.delete?.("a")).toBe(true);
        break;
      case "presign":
        // Who holds the address calls in its signer's name.
        for (const method of ["get", "create"] as const) {
          const address = (await binding.presign?.("a", { operation: method, expiresAt })) ?? "";
          calls.push({ method, path: method === "get" ? "/storage/v1/b/files/o/a" : "/upload/a", body: "" });
          expect(address).toContain("X-Goog-Signature");
        }
        permissions.push(...signRight.permissions);
        break;
      default:
        await binding.invoke?.({ operation, metadata: { key: "a", destinationKey: "b" } });
    }
    const extra = toTellAbsent.includes(operation) ? ["storage.objects.list"] : [];
    const needed = [...new Set([...calls.flatMap(permissionsFor), ...extra])].sort();
    expect(needed).toEqual(permissions.sort());
    await binding.close?.();
    await planted.close?.();
  });
});
