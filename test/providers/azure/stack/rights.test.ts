// What emitted roles allow: each right its own role on its own resource, each with its reason.
import { describe, expect, test } from "vitest";
import { emit } from "../../../../providers/azure/stack/emit.ts";
import { roles } from "../../../../providers/azure/stack/roles.ts";
import type { GraphComponent, GraphFunction, GraphGrant } from "../../../../src/contracts/graph.ts";
import type { StackInput } from "../../../../src/contracts/stack.ts";
import { builtIn } from "./findings.ts";
import { type Deployed, deploy, emitted, inputOf } from "./template.ts";

const http = (name: string): GraphFunction => ({
  name,
  file: "src/app.ts",
  line: 1,
  on: { kind: "http", method: "GET", path: `/${name}`, access: "public" },
});
const topic = { kind: "topic", topic: "placed", pubsub: "pubsub", attempts: 5, ordered: false } as const;
const on = (name: string, trigger: GraphFunction["on"]): GraphFunction => ({ ...http(name), on: trigger });

const of = (type: string, name: string, resource: string): GraphComponent => {
  const block = type.split(".")[0] as GraphComponent["block"];
  return { name, block, type, metadata: { [resource]: { env: `FAASTEN_${block}_${name}`.toUpperCase() } } };
};
const components: readonly GraphComponent[] = [
  of("state.azure.cosmosdb", "orders", "url"),
  { ...of("state.azure.cosmosdb", "kept", "url"), existing: true },
  of("pubsub.azure.servicebus.topics", "pubsub", "namespaceName"),
  of("pubsub.azure.servicebus.queues", "jobs", "namespaceName"),
  of("secretstores.azure.keyvault", "secretstore", "vaultName"),
  of("configuration.azure.appconfig", "configstore", "host"),
  of("bindings.azure.blobstorage", "receipts", "endpoint"),
  of("state.azure.blobstorage", "pages", "endpoint"),
  of("bindings.azure.storagequeues", "parcels", "queueEndpoint"),
  of("bindings.azure.servicebusqueues", "errands", "namespaceName"),
  of("bindings.azure.eventgrid", "news", "topicEndpoint"),
  {
    ...of("state.azure.cosmosdb", "keyed", "url"),
    metadata: {
      url: "https://theirs.documents.azure.com/dbs/d/colls/c",
      masterKey: { store: "secretstore", secret: "their-key", key: "their-key" },
    },
  },
];

const grant = (
  component: string,
  right: GraphGrant["right"],
  more: Partial<GraphGrant> = {},
): Omit<GraphGrant, "function"> => ({
  block: components.find(({ name }) => name === component)?.block ?? "state",
  component,
  right,
  ...more,
});

function given(grants: readonly Omit<GraphGrant, "function">[], one = http("one")): StackInput {
  return inputOf({ functions: [one], components, grants: grants.map((each) => ({ ...each, function: one.name })) });
}

/** `role on resource`, of what Azure and Cosmos DB are told, beside what every app's host needs. */
function allowed(input: StackInput): readonly string[] {
  const { resources } = deploy(emitted(input));
  const last = (id: string): string => id.split("/").slice(-1).join("");
  return resources
    .flatMap((one): readonly string[] => {
      const properties = one.properties ?? {};
      if (one.type === "Microsoft.Authorization/roleAssignments") {
        const [name = "?"] = builtIn[last(String(properties["roleDefinitionId"]))] ?? [];
        return [`${name} on ${last(one.scope ?? "")}`];
      }
      if (!one.type.endsWith("/sqlRoleAssignments")) return [];
      const scope = String(properties["scope"]).replace(/.*\/databaseAccounts\/[^/]+/, "");
      return actionsOf(String(properties["roleDefinitionId"]), resources).map(
        (action) => `${action} on ${scope === "" ? "account" : scope}`,
      );
    })
    .filter(
      (text) => !/^(?:Storage Blob Data Owner|Storage Table Data Contributor|Monitoring Metrics Publisher) /.test(text),
    )
    .filter((text) => text !== "readMetadata on account")
    .sort();
}

function actionsOf(role: string, resources: readonly Deployed[]): readonly string[] {
  const found = resources.find(({ id }) => id === role);
  const [permissions] = (found?.properties?.["permissions"] ?? []) as readonly {
    readonly dataActions: readonly string[];
  }[];
  return (permissions?.dataActions ?? []).map((action) =>
    action
      .split("/")
      .slice(2)
      .join("/")
      .replace(/^sqlDatabases\/containers\//, ""),
  );
}

const orders = "/dbs/shop-dev/colls/orders";
const placed = { resource: "placed" } as const;

describe("each right of each type has its own", () => {
  test.each<readonly [string, readonly Omit<GraphGrant, "function">[], readonly string[]]>([
    ["state read", [grant("orders", "read")], [`items/read on ${orders}`, `readMetadata on ${orders}`]],
    [
      "state readWrite",
      [grant("orders", "readWrite")],
      ["items/create", "items/delete", "items/read", "items/replace", "items/upsert", "readMetadata"].map(
        (one) => `${one} on ${orders}`,
      ),
    ],
    ["state list", [grant("orders", "list")], [`executeQuery on ${orders}`, `readMetadata on ${orders}`]],
    [
      "state that is there already, by the name that it would have had",
      [grant("kept", "read")],
      ["items/read on /dbs/shop-dev/colls/kept", "readMetadata on /dbs/shop-dev/colls/kept"],
    ],
    // It proves itself by a key, which it reads by itself.
    ["state by a key", [grant("keyed", "readWrite")], ["Key Vault Secrets User on their-key"]],
    [
      "publish, on that topic alone",
      [grant("pubsub", "publish", placed)],
      ["Azure Service Bus Data Sender on shop-dev-placed"],
    ],
    ["publish to a queue", [grant("jobs", "publish", placed)], ["Azure Service Bus Data Sender on shop-dev-placed"]],
    [
      "a secret, and no other of its vault",
      [grant("secretstore", "read", { resource: "key" })],
      ["Key Vault Secrets User on key"],
    ],
    ["settings", [grant("configstore", "read", { keys: ["a"] })], ["App Configuration Data Reader on CONFIGSTORE"]],
    [
      "objects: get",
      [grant("receipts", "output", { operations: ["get"] })],
      ["Storage Blob Data Reader on shop-dev-receipts"],
    ],
    [
      "objects: list",
      [grant("receipts", "output", { operations: ["list"] })],
      ["Storage Blob Data Reader on shop-dev-receipts"],
    ],
    ["state in blobs: read", [grant("pages", "read")], ["Storage Blob Data Reader on shop-dev-pages"]],
    ["state in blobs: list", [grant("pages", "list")], ["Storage Blob Data Reader on shop-dev-pages"]],
    ["state in blobs: readWrite", [grant("pages", "readWrite")], ["Storage Blob Data Contributor on shop-dev-pages"]],
    [
      "a queue of storage, which is sent to alone",
      [grant("parcels", "output", { operations: ["create"] })],
      ["Storage Queue Data Message Sender on shop-dev-parcels"],
    ],
    [
      "a queue of Service Bus",
      [grant("errands", "output", { operations: ["create"] })],
      ["Azure Service Bus Data Sender on shop-dev-errands.queue"],
    ],
    ["a topic of Event Grid", [grant("news", "output", { operations: ["create"] })], ["EventGrid Data Sender on NEWS"]],
    [
      "objects: create",
      [grant("receipts", "output", { operations: ["create"] })],
      ["Storage Blob Data Contributor on shop-dev-receipts"],
    ],
    [
      "objects: delete",
      [grant("receipts", "output", { operations: ["delete", "get"] })],
      ["Storage Blob Data Contributor on shop-dev-receipts"],
    ],
    // What is signed may be to write, and no signature allows more than its maker may do.
    [
      "objects: presign",
      [grant("receipts", "output", { operations: ["presign"] })],
      ["Storage Blob Data Contributor on shop-dev-receipts", "Storage Blob Delegator on DATA"],
    ],
    ["nothing", [], []],
  ])("%s", (_, grants, wanted) => {
    const input = given(grants);
    const { resources } = deploy(emitted(input));
    const name = (type: string): string => resources.find((one) => one.type.endsWith(type))?.name ?? "";
    const data = resources.find(
      ({ type, name: own }) => type.endsWith("/containers") && own.endsWith("receipts"),
    )?.name;
    const real = wanted.map((one) =>
      one
        .replace("CONFIGSTORE", name("/configurationStores"))
        .replace("NEWS", name("EventGrid/topics"))
        .replace("DATA", data?.split("/")[0] ?? ""),
    );
    expect(allowed(input)).toEqual(real.sort());
  });

  test("what no type of ours is needs none", () => {
    const memory: GraphComponent = { name: "m", block: "state", type: "state.in-memory", metadata: {} };
    const { permissions } = emit(
      inputOf({
        functions: [http("one")],
        components: [memory],
        grants: [{ ...grant("m", "readWrite"), function: "one" }],
      }),
    );
    expect(permissions).toHaveLength(3);
  });

  test("a type that has no roles yet is refused by name", () => {
    const other = of("bindings.azure.eventhubs", "hub", "address");
    const make = () =>
      emit(
        inputOf({
          functions: [http("one")],
          components: [other],
          grants: [{ function: "one", block: "bindings", component: "hub", right: "output" }],
        }),
      );
    expect(make).toThrow("hub: the stack of Azure has no roles for bindings of type bindings.azure.eventhubs");
  });
});

describe("each trigger has its own", () => {
  const receiver = "Azure Service Bus Data Receiver";
  const sender = "Azure Service Bus Data Sender";
  test.each<readonly [string, GraphFunction["on"], readonly string[]]>([
    [
      "a subscriber takes from its inbox, puts off into it, and buries into its dead letters",
      topic,
      [`${receiver} on shop-dev-one.inbox`, `${sender} on shop-dev-one.inbox`, `${sender} on shop-dev-one.inbox-dead`],
    ],
    [
      "one in order puts nothing off",
      { ...topic, ordered: true },
      [`${receiver} on shop-dev-one.inbox`, `${sender} on shop-dev-one.inbox-dead`],
    ],
    [
      "one of a queue",
      { ...topic, pubsub: "jobs" },
      [`${receiver} on shop-dev-placed`, `${sender} on shop-dev-placed`, `${sender} on shop-dev-placed-dead`],
    ],
    ["a schedule", { kind: "schedule", cron: "0 3 * * *" }, []],
    ["a clock", { kind: "binding", binding: "clock", attempts: 3, cron: "0 3 * * *" }, []],
    [
      "objects that come and go: the inbox is the function's, and to send there is Event Grid's",
      { kind: "binding", binding: "receipts", attempts: 3 },
      [
        `${receiver} on shop-dev-one.inbox`,
        `${sender} on shop-dev-one.inbox`,
        "Storage Blob Data Contributor on undelivered-events",
      ],
    ],
  ])("%s", (_, trigger, wanted) => {
    expect(allowed(given([], on("one", trigger)))).toEqual([...wanted].sort());
  });
});

test("what one app may do is no other's", () => {
  const input = inputOf({
    deployables: ["one", "two"].map((name) => ({ name, functions: [name], stream: false })),
    functions: [http("one"), http("two")],
    components,
    grants: [
      { ...grant("orders", "readWrite"), function: "one" },
      { ...grant("pubsub", "publish", placed), function: "one" },
    ],
  });
  const { resources } = deploy(emitted(input));
  const of = (name: string): readonly string[] =>
    resources.flatMap(({ type, properties = {}, scope }) =>
      type.endsWith("oleAssignments") && properties["principalId"] === `principal of shop-dev-${name}`
        ? [
            String(scope ?? properties["scope"])
              .split("/")
              .slice(-1)
              .join(""),
          ]
        : [],
    );
  expect(of("one")).toEqual(expect.arrayContaining(["orders", "shop-dev-placed"]));
  expect(of("two")).toHaveLength(3);
  const hosts = new Set([...of("one"), ...of("two")].filter((name) => name.startsWith("shopdev")));
  expect(hosts.size, "each has its own account for its host").toBe(2);
});

test("what two ask for is allowed once, for both reasons", () => {
  const { permissions } = emit(given([grant("pubsub", "publish", placed), grant("pubsub", "publish", placed)]));
  expect(permissions.slice(3)).toEqual([
    {
      deployable: "app",
      actions: ["Azure Service Bus Data Sender"],
      resource: "[resourceId('Microsoft.ServiceBus/namespaces/topics', variables('serviceBus'), 'shop-dev-placed')]",
      because: ["one may publish pubsub (placed)", "one may publish pubsub (placed)"],
    },
  ]);
});

/** Every function and right at once. */
const everything = (): StackInput => {
  const functions = [http("one"), on("ship", topic), on("sweep", { kind: "schedule", cron: "0 3 * * *" })];
  const rights = [
    grant("orders", "read"),
    grant("orders", "readWrite"),
    grant("orders", "list"),
    grant("pubsub", "publish", placed),
    grant("receipts", "output", { operations: ["create"] }),
    grant("secretstore", "read", { resource: "key" }),
  ];
  return inputOf({
    functions,
    components,
    grants: functions.flatMap(({ name }) => rights.map((one) => ({ ...one, function: name }))),
  });
};

test("nothing is allowed on a whole group, a namespace or an account of data, nor every action", () => {
  for (const { scope, type, properties } of deploy(emitted(everything())).resources) {
    if (type === "Microsoft.Authorization/roleAssignments") {
      const on = (scope ?? "")
        .split("/providers/")
        .at(-1)
        ?.split("/")
        .filter((_, index) => index % 2 === 1)
        .join("/");
      expect([
        "namespaces/queues",
        "namespaces/topics",
        "storageAccounts/blobServices/containers",
        "vaults/secrets",
        "storageAccounts",
        "components",
      ]).toContain(on);
    }
    if (type.endsWith("/sqlRoleDefinitions")) expect(JSON.stringify(properties?.["permissions"])).not.toContain("*");
  }
});

test("every permission says who asks for it", () => {
  const { permissions } = emit(everything());
  expect(permissions.length).toBeGreaterThan(8);
  for (const { because } of permissions)
    for (const reason of because) expect(reason).toMatch(/\b(?:one|ship|sweep|app)\b/);
});

test("the template allows what the permissions say, and no more", () => {
  const input = everything();
  const told = emit(input).permissions.flatMap(({ actions }) =>
    actions.filter((action) => !action.endsWith("/readMetadata")).map((action) => action.split("/").at(-1)),
  );
  const written = deploy(emitted(input)).resources.flatMap(({ type, properties = {} }, _, all) => {
    const role = String(properties["roleDefinitionId"]);
    if (type === "Microsoft.Authorization/roleAssignments") return [builtIn[role.split("/").at(-1) ?? ""]?.[0]];
    return type.endsWith("/sqlRoleAssignments")
      ? actionsOf(role, all)
          .filter((one) => one !== "readMetadata")
          .map((one) => one.split("/").at(-1))
      : [];
  });
  expect(written.sort()).toEqual(told.sort());
});

test("each role is called by the identifier that it has everywhere", () => {
  for (const { name, id } of Object.values(roles)) expect([id, builtIn[id]?.[0]]).toEqual([id, name]);
});
