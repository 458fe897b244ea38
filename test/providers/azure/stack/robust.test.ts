// What an emitter is handed by an app that nobody has tidied up: names that meet, names at their limits, and texts that Resource Manager would read.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emit } from "../../../../providers/azure/stack/emit.ts";
import type { GraphComponent, GraphFunction } from "../../../../src/contracts/graph.ts";
import type { StackInput } from "../../../../src/contracts/stack.ts";
import { variableOf } from "../../../../src/runtime/names.ts";
import { findings } from "./findings.ts";
import { schemas } from "./schemas.ts";
import { at, deploy, emitted, find, inputOf, settingsOf } from "./template.ts";

const one = (name: string, on: GraphFunction["on"], more: Partial<GraphFunction> = {}): GraphFunction => ({
  name,
  file: "src/app.ts",
  line: 7,
  on,
  ...more,
});
const get = (path: string): GraphFunction["on"] => ({ kind: "http", method: "GET", path, access: "public" });
const topic = (name: string, pubsub = "pubsub", ordered = false): GraphFunction["on"] => ({
  kind: "topic",
  topic: name,
  pubsub,
  attempts: 5,
  ordered,
});
const component = (type: string, name: string, metadata?: GraphComponent["metadata"]): GraphComponent => {
  const block = type.split(".")[0] as GraphComponent["block"];
  const field = type.startsWith("state")
    ? "url"
    : type.startsWith("pubsub")
      ? "namespaceName"
      : type.startsWith("bindings")
        ? "endpoint"
        : "host";
  return { name, block, type, metadata: metadata ?? { [field]: { env: variableOf(block, name) } } };
};
const bus = (name = "pubsub", metadata?: GraphComponent["metadata"]): GraphComponent =>
  component("pubsub.azure.servicebus.topics", name, metadata);
const state = (name: string, metadata?: GraphComponent["metadata"]): GraphComponent =>
  component("state.azure.cosmosdb", name, metadata);
const objects = component("bindings.azure.blobstorage", "objects");
const section = (more: object): Partial<GraphFunction> => ({ section: { environment: {}, event: {}, ...more } });

describe("two that meet in one name are told, both", () => {
  test.each<readonly [string, readonly string[], Parameters<typeof inputOf>[0]]>([
    [
      "one topic of two brokers",
      ["the component first", "the component second", "shop-dev-a"],
      {
        functions: [one("f", topic("a", "first")), one("g", topic("a", "second"))],
        components: [bus("first"), bus("second")],
      },
    ],
    [
      "two subscribers of one queue",
      ["the function f", "the function g", "shop-dev-a"],
      {
        functions: [one("f", topic("a")), one("g", topic("a"))],
        components: [component("pubsub.azure.servicebus.queues", "pubsub")],
      },
    ],
    [
      "a topic with an order and without one",
      ["the topic a", "it is in order for all"],
      { functions: [one("f", topic("a")), one("g", topic("a", "pubsub", true))], components: [bus()] },
    ],
  ])("%s", (_, said, input) => {
    for (const text of said) expect(() => emit(inputOf(input))).toThrow(text);
  });

  test("a topic and a function of one name do not meet", () => {
    const template = emitted(
      inputOf({ functions: [one("ship", topic("ship")), one("shipDead", topic("ship-inbox"))], components: [bus()] }),
    );
    expect(findings(template)).toEqual([]);
  });
});

describe("names at their limits", () => {
  const long = "aB".repeat(20);
  const input = inputOf(
    {
      service: "s".repeat(40),
      deployables: [
        { name: "app", functions: [long, `${long.slice(0, 39)}c`], stream: false },
        { name: `d${long.slice(1)}`, functions: [`d${long.slice(1)}`], stream: false },
      ],
      functions: [
        one(long, topic(long)),
        one(`${long.slice(0, 39)}c`, topic(long)),
        one(`d${long.slice(1)}`, get("/d")),
      ],
      components: [
        bus(),
        state(long),
        component("bindings.azure.blobstorage", `o${long.slice(1)}`),
        component("configuration.azure.appconfig", `c${long.slice(1)}`),
      ],
      grants: [],
    },
    { stage: "t".repeat(20) },
  );

  test("are cut where the service takes fewer, and stay apart", () => {
    expect(findings(emitted(input))).toEqual([]);
    const { resources } = deploy(emitted(input));
    const sites = resources.filter(({ type }) => type === "Microsoft.Web/sites").map(({ name }) => name);
    expect(new Set(sites).size).toBe(2);
  });

  test("of dead letters are what the inbox's name says", () => {
    const { resources } = deploy(emitted(input));
    const queues = resources.filter(({ type }) => type.endsWith("/queues")).map(({ name }) => name);
    const inboxes = queues.filter((name) => !name.endsWith("-dead"));
    expect(inboxes).toHaveLength(2);
    for (const name of inboxes) expect(queues).toContain(`${name}-dead`);
  });

  test("of another stage are others", () => {
    const globals = (stage: string): readonly string[] =>
      deploy(emitted({ ...input, stage }))
        .resources.filter(({ type }) =>
          /\/(?:sites|namespaces|databaseAccounts|storageAccounts|configurationStores)$/.test(type),
        )
        .map(({ name }) => name);
    const all = [...globals("t"), ...globals("u")];
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("an app's texts", () => {
  const fragment = fc.constantFrom(
    "[",
    "]",
    "[[",
    "'",
    "''",
    '"',
    "\\",
    "${",
    "}",
    "%{",
    "{{resolve:ssm:x}}",
    "concat(",
    ")",
    "\n",
    "\r\n",
    "\t",
    "\u2028",
    "\u{1f600}",
    "[parameters('location')]",
    "a",
    " ",
    "",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join("")),
  );
  const hostile = fc.oneof(
    text,
    text.map((inner) => `[${inner}]`),
    text.map((inner) => inner.padEnd(10_240, "x")),
    text.map((inner) => `[${inner.padEnd(10_240, "x")}]`),
  );

  test("come back as the same string, wherever they stand", () => {
    fc.assert(
      fc.property(hostile, hostile, (first, second) => {
        const deployment = deploy(
          emitted(
            inputOf(
              { functions: [one("f", get("/f"), section({ environment: { SECOND: second } }))] },
              { environment: { FIRST: first } },
            ),
          ),
        );
        expect(settingsOf(deployment)).toMatchObject({ FIRST: first, SECOND: second });
      }),
      {
        numRuns: 2000,
        seed: 6,
        examples: [
          ["[x]", "[[x]"],
          ["[", "]"],
          ["[]", "[[]]"],
          ["[[", "[x"],
        ],
      },
    );
  });

  test("of components stay within what they name", () => {
    const quoted = "o'brien') [x]";
    const url = `https://theirs.documents.azure.com/dbs/${encodeURI(quoted)}/colls/c`;
    const named = state("s", { url, database: "o'brien')", collection: "[x]" });
    const grants = [{ function: "f", block: "state", component: "s", right: "read" }] as const;
    const { resources } = deploy(emitted(inputOf({ functions: [one("f", get("/f"))], components: [named], grants })));
    const scopes = resources.flatMap(({ properties }) => properties?.["scope"] ?? []);
    expect(scopes).toContainEqual(expect.stringMatching(/\/databaseAccounts\/theirs\/dbs\/o'brien'\)\/colls\/\[x\]$/));
  });

  test.each<readonly [string, string]>([
    ["@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)", "holds what App Service would replace"],
    [" @microsoft.appconfiguration(Endpoint=https://x)", "holds what App Service would replace"],
  ])("that App Service would replace are refused by name: %s", (value, said) => {
    const make = () => emit(inputOf({ functions: [one("f", get("/f"))] }, { environment: { TEXT: value } }));
    expect(make).toThrow(`the variable "TEXT" ${said}`);
  });

  test.each([
    ["AZURE_CLIENT_ID", "the platform's own"],
    ["WEBSITE_RUN_FROM_PACKAGE", "the platform's own"],
    ["FUNCTIONS_WORKER_RUNTIME", "the platform's own"],
    ["AzureWebJobsStorage", "the platform's own"],
    ["azurewebjobsstorage__accountname", "the platform's own"],
    ["FAASTEN_STATE_ORDERS", "the platform's own"],
    ["with-dash", "letters, digits and underscores"],
    ["with:colon", "letters, digits and underscores"],
    ["", "letters, digits and underscores"],
  ])("cannot be called as the platform calls its own: %s", (name, said) => {
    const make = () => emit(inputOf({ functions: [one("f", get("/f"))] }, { environment: { [name]: "x" } }));
    expect(make).toThrow(said);
  });

  test("are told apart by more than the case of their names", () => {
    const make = () => emit(inputOf({ functions: [one("f", get("/f"))] }, { environment: { Mode: "a", MODE: "b" } }));
    expect(make).toThrow('the variable "MODE" and Mode are one app setting');
  });
});

describe("what a deployment would refuse is told before", () => {
  const f = one("f", get("/f"));
  const read = (name: string) => [{ function: "f", block: "state", component: name, right: "read" }] as const;
  test.each<readonly [string, StackInput]>([
    ["`logRetentionInDays` is 14", inputOf({}, { logRetentionDays: 14 })],
    ["`logRetentionInDays` is 731", inputOf({}, { logRetentionDays: 731 })],
    ["`runtime` is nodejs20.x", inputOf({}, { node: 20 })],
    ["`memorySize` of provider is 8192", inputOf({ functions: [f] }, { memory: 8192 })],
    ["`timeout` of f is 0", inputOf({ functions: [one("f", get("/f"), section({ timeout: 0 }))] })],
    [
      "`resources` and `provider.iam` of the manifest are AWS's alone",
      inputOf({}, { aws: { template: { Resources: {} }, statements: [], environment: {} } }),
    ],
    [
      "`resources` and `provider.iam` of the manifest are AWS's alone",
      inputOf({}, { aws: { template: {}, statements: [{}], environment: {} } }),
    ],
    [
      "f (src/app.ts:7): sqs events are made by services of aws alone",
      inputOf({ functions: [one("f", { kind: "native", provider: "aws", event: "sqs" })] }),
    ],
    [
      "f: the value of TABLE is made by CloudFormation",
      inputOf({ functions: [one("f", get("/f"), section({ environment: { TABLE: { Ref: "T" } } }))] }),
    ],
    [
      "f (src/app.ts:7): the stack sets up no input of bindings.in-memory",
      inputOf({
        functions: [one("f", { kind: "binding", binding: "b", attempts: 5 })],
        components: [component("bindings.in-memory", "b", {})],
      }),
    ],
    [
      "f (src/app.ts:7): the host takes messages as the function app itself, and pubsub proves itself otherwise",
      inputOf({
        functions: [one("f", topic("a"))],
        components: [
          bus("pubsub", { connectionString: "Endpoint=sb://x/", namespaceName: "theirs-bus.servicebus.windows.net" }),
        ],
      }),
    ],
    [
      "the component s proves itself by a key or a secret",
      inputOf({
        functions: [f],
        components: [state("s", { url: { env: "FAASTEN_STATE_S" }, masterKey: "k" })],
        grants: read("s"),
      }),
    ],
    [
      "the component s names an identity by its `azureClientId`",
      inputOf({
        functions: [f],
        components: [state("s", { url: "https://theirs.documents.azure.com/dbs/d/colls/c", azureClientId: "x" })],
        grants: read("s"),
      }),
    ],
    [
      "the stack cannot tell from `url` of the component s",
      inputOf({
        functions: [f],
        components: [state("s", { url: "https://cosmos.example/dbs/d/colls/c" })],
        grants: read("s"),
      }),
    ],
    [
      "the component s reads its `url` from the variable WHERE",
      inputOf({ functions: [f], components: [state("s", { url: { env: "WHERE" } })], grants: read("s") }),
    ],
    [
      "the component s reads its `url` from a secret",
      inputOf({
        functions: [f],
        components: [state("s", { url: { store: "v", secret: "x", key: "y" } })],
        grants: read("s"),
      }),
    ],
    [
      "f may read v (flags/beta): Key Vault knows names of letters",
      inputOf({
        functions: [f],
        components: [component("secretstores.azure.keyvault", "v", { vaultName: "vault" })],
        grants: [{ function: "f", block: "secretstores", component: "v", right: "read", resource: "flags/beta" }],
      }),
    ],
    [
      "the stack has 66 outputs, and 64 is the most",
      inputOf({
        deployables: Array.from({ length: 22 }, (_, index) => ({
          name: `f${index}`,
          functions: [`f${index}`],
          stream: false,
        })),
        functions: Array.from({ length: 22 }, (_, index) => one(`f${index}`, get(`/${index}`))),
      }),
    ],
    [
      "resources, and 800 is the most",
      inputOf({
        functions: Array.from({ length: 120 }, (_, index) => one(`f${index}`, topic(`t${index}`))),
        components: [bus()],
      }),
    ],
  ])("%s", (said, input) => {
    expect(() => emit(input)).toThrow(said);
  });
});

describe("objects that come and go", () => {
  const input = inputOf({
    functions: [one("seen", { kind: "binding", binding: "objects", attempts: 4 })],
    components: [objects],
  });

  test("come to the function's inbox by Event Grid, which proves itself", () => {
    const template = emitted(input);
    expect(findings(template)).toEqual([]);
    const deployment = deploy(template);
    expect(schemas()(deployment)).toEqual([]);
    const inbox = find(deployment, "queues", "shop-dev-seen.inbox");
    const container = find(deployment, "containers", "shop-dev-objects");
    const subscription = find(deployment, "eventSubscriptions", "shop-dev-seen");
    expect(inbox.properties).toMatchObject({
      maxDeliveryCount: 4,
      forwardDeadLetteredMessagesTo: "shop-dev-seen.inbox-dead",
    });
    for (const [path, wanted] of [
      [
        "deliveryWithResourceIdentity.destination",
        { endpointType: "ServiceBusQueue", properties: { resourceId: inbox.id } },
      ],
      ["eventDeliverySchema", "CloudEventSchemaV1_0"],
      ["filter.subjectBeginsWith", `/blobServices/default/containers/${container.name.split("/").at(-1)}/blobs/`],
      ["filter.includedEventTypes", ["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobDeleted"]],
      ["deadLetterWithResourceIdentity.deadLetterDestination.properties.blobContainerName", "undelivered-events"],
    ] as const)
      expect([path, at(subscription.properties, path)]).toEqual([path, wanted]);
    expect(settingsOf(deployment)).toMatchObject({
      FAASTEN_INBOX_SEEN: "shop-dev-seen.inbox",
      FAASTEN_CONNECTION_OBJECTS__credential: "managedidentity",
    });
  });

  test("of two accounts are two topics", () => {
    const other = component("bindings.azure.blobstorage", "other", {
      endpoint: "https://theirs.blob.core.windows.net/shelf",
    });
    const functions = [...input.graph.functions, one("also", { kind: "binding", binding: "other", attempts: 4 })];
    const template = emitted(inputOf({ functions, components: [objects, other] }));
    expect(findings(template)).toEqual([]);
    expect(deploy(template).resources.filter(({ type }) => type === "Microsoft.EventGrid/systemTopics")).toHaveLength(
      2,
    );
  });
});

test("a broker in memory leaves a queue that whoever may can send to, and no topic", () => {
  const memory: GraphComponent = { name: "pubsub", block: "pubsub", type: "pubsub.in-memory", metadata: {} };
  const { resources } = deploy(emitted(inputOf({ functions: [one("f", topic("a"))], components: [memory] })));
  const types = resources.map(({ type }) => type);
  expect(types).toContain("Microsoft.ServiceBus/namespaces/queues");
  expect(types).not.toContain("Microsoft.ServiceBus/namespaces/topics");
});

test("one app a function: each has a plan, an identity and an account of its own, and nothing is wrong", () => {
  const functions = [one("f", topic("a")), one("g", get("/g")), one("h", { kind: "schedule", cron: "0 3 * * *" })];
  const deployables = functions.map(({ name }) => ({ name, functions: [name], stream: false }));
  const grants = functions.map(
    ({ name }) => ({ function: name, block: "state", component: "s", right: "readWrite" }) as const,
  );
  const template = emitted(inputOf({ deployables, functions, components: [bus(), state("s")], grants }));
  expect(findings(template)).toEqual([]);
  const { resources } = deploy(template);
  for (const kind of ["sites", "serverfarms", "userAssignedIdentities", "storageAccounts"])
    expect([kind, resources.filter(({ type }) => type.endsWith(`/${kind}`)).length]).toEqual([kind, 3]);
});

describe("nothing of a secret", () => {
  test("of a component's own settings is in the template, or in what is told of it", () => {
    const metadata = {
      url: "https://theirs.documents.azure.com/dbs/d/colls/c",
      azureTenantId: "planted-tenant",
      azureClientId: "planted-client",
      azureClientSecret: { store: "vault", secret: "name-of-it", key: "name-of-it" },
      masterKey: "planted-in-the-yaml",
    };
    const vault = component("secretstores.azure.keyvault", "vault", { vaultName: "their-vault" });
    const grants = [{ function: "f", block: "state", component: "t", right: "read" }] as const;
    const made = emit(inputOf({ functions: [one("f", get("/a"))], components: [state("t", metadata), vault], grants }));
    expect(JSON.stringify(made)).not.toMatch(/planted/);
    expect(JSON.stringify(made)).toContain("'their-vault', 'name-of-it'");
  });
});

test("the same input gives the same bytes, whatever came between", () => {
  const input = inputOf({
    functions: [one("f", topic("a")), one("h", get("/h"))],
    components: [bus(), state("t"), objects],
    grants: [{ function: "h", block: "state", component: "t", right: "readWrite" }],
  });
  const frozen = JSON.stringify(input);
  const first = emit(input);
  emit(inputOf({ functions: [one("z", get("/z"))] }));
  expect(emit(structuredClone(input))).toEqual(first);
  expect(JSON.stringify(input)).toBe(frozen);
});

test("an app of nothing is a template too", () => {
  expect(findings(emitted(inputOf()))).toEqual([]);
});
