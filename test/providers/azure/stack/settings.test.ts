// The settings of an emitted stack, each by itself: https://learn.microsoft.com/azure/templates/
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BuiltApp } from "../../../build/built.ts";
import { remove } from "../../../dev/running.ts";
import { startFunctionsHost } from "../../../servers/functions-host.ts";
import { at, buildFixture, type Deployment, deploy, find, read, settingsOf } from "./template.ts";

let built: BuiltApp;
let deployment: Deployment;
beforeAll(() => {
  built = buildFixture("azure-stack");
  deployment = deploy(read(built.output));
}, 120_000);
afterAll(() => remove(built.folder));

const one = (kind: string, name: RegExp): string => {
  const found = deployment.resources.filter((each) => each.type.endsWith(`/${kind}`) && name.test(each.name));
  expect(found.map((each) => each.name)).toHaveLength(1);
  return found[0]?.name.split("/").at(-1) ?? "";
};

describe.each<readonly [string, string | RegExp, Readonly<Record<string, unknown>>]>([
  [
    "queues",
    "everything-test-ship.inbox",
    {
      "properties.maxDeliveryCount": 7,
      // Of the sixty seconds that it may run, and some more.
      "properties.lockDuration": "PT90S",
      "properties.requiresSession": false,
      "properties.forwardDeadLetteredMessagesTo": "everything-test-ship.inbox-dead",
      "properties.deadLetteringOnMessageExpiration": true,
      "properties.maxSizeInMegabytes": 5120,
      "properties.requiresDuplicateDetection": false,
      "properties.defaultMessageTimeToLive": undefined,
    },
  ],
  [
    "queues",
    "everything-test-ship.inbox-dead",
    {
      "properties.maxDeliveryCount": 2000,
      "properties.requiresSession": undefined,
      "properties.forwardDeadLetteredMessagesTo": undefined,
      "properties.defaultMessageTimeToLive": undefined,
    },
  ],
  ["queues", "everything-test-rank.inbox", { "properties.requiresSession": true, "properties.maxDeliveryCount": 5 }],
  ["queues", "everything-test-rank.inbox-dead", { "properties.requiresSession": undefined }],
  // A topic that is a queue is its one subscriber's inbox.
  ["queues", "everything-test-work", { "properties.forwardDeadLetteredMessagesTo": "everything-test-work-dead" }],
  [
    "subscriptions",
    "everything-test-ship",
    {
      "properties.forwardTo": "everything-test-ship.inbox",
      "properties.forwardDeadLetteredMessagesTo": "everything-test-ship.inbox-dead",
      "properties.maxDeliveryCount": 2000,
      "properties.requiresSession": false,
      "properties.deadLetteringOnFilterEvaluationExceptions": true,
      "properties.deadLetteringOnMessageExpiration": true,
    },
  ],
  ["subscriptions", "everything-test-heard", { name: "their-bus/theirs-legacy/everything-test-heard" }],
  [
    "topics",
    "everything-test-order-placed",
    { "properties.supportOrdering": true, "properties.maxSizeInMegabytes": 5120 },
  ],
  [
    "namespaces",
    /^everything-test-/,
    {
      "sku.name": "Standard",
      "properties.disableLocalAuth": true,
      "properties.minimumTlsVersion": "1.2",
    },
  ],
  [
    "databaseAccounts",
    /^everything-test-/,
    {
      "properties.consistencyPolicy.defaultConsistencyLevel": "Strong",
      "properties.capabilities": [{ name: "EnableServerless" }],
      "properties.disableLocalAuth": true,
      "properties.disableKeyBasedMetadataWriteAccess": true,
      "properties.minimalTlsVersion": "Tls12",
      "properties.enableMultipleWriteLocations": false,
      "properties.backupPolicy.type": "Continuous",
    },
  ],
  [
    "containers",
    "orders",
    {
      "properties.resource.partitionKey": { paths: ["/partitionKey"], kind: "Hash" },
      "properties.resource.defaultTtl": -1,
      "properties.resource.indexingPolicy.excludedPaths": [{ path: "/value/*" }, { path: '/"_etag"/?' }],
    },
  ],
  [
    "configurationStores",
    /^everything-test-configstore-/,
    { "properties.disableLocalAuth": true, "sku.name": "standard" },
  ],
  ["containers", "everything-test-receipts", { "properties.publicAccess": "None" }],
  [
    "sites",
    /^everything-test-[a-z]{13}$/,
    {
      kind: "functionapp,linux",
      "identity.type": "UserAssigned",
      "properties.httpsOnly": true,
      "properties.functionAppConfig.runtime": { name: "node", version: "24" },
      // The least of the sizes that there are which holds what is asked for.
      "properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB": 2048,
      "properties.functionAppConfig.scaleAndConcurrency.maximumInstanceCount": 100,
      "properties.functionAppConfig.deployment.storage.type": "blobContainer",
      "properties.functionAppConfig.deployment.storage.authentication.type": "UserAssignedIdentity",
      "properties.siteConfig.minTlsVersion": "1.2",
      "properties.siteConfig.scmMinTlsVersion": "1.2",
      "properties.siteConfig.ftpsState": "Disabled",
    },
  ],
  [
    "serverfarms",
    "everything-test-app",
    { "sku.name": "FC1", "sku.tier": "FlexConsumption", "properties.reserved": true },
  ],
  ["workspaces", "everything-test", { "properties.retentionInDays": 90, "properties.sku.name": "PerGB2018" }],
  [
    "components",
    "everything-test",
    { "properties.DisableLocalAuth": true, "properties.IngestionMode": "LogAnalytics" },
  ],
])("%s %s", (kind, name, settings) => {
  test.each([["it is there", undefined] as const, ...Object.entries(settings)])("%s", (path, wanted) => {
    const found = typeof name === "string" ? named(kind, name) : named(kind, one(kind, name), name);
    if (path !== "it is there") expect(at(found, path)).toEqual(wanted);
  });
});

function named(kind: string, name: string, whole = /^/) {
  return find({ ...deployment, resources: deployment.resources.filter((each) => whole.test(each.name)) }, kind, name);
}

test("who publishes with a password is let in nowhere", () => {
  const policies = deployment.resources.filter(({ type }) => type.endsWith("/basicPublishingCredentialsPolicies"));
  expect(policies.map(({ name, properties }) => [name.split("/").at(-1), properties])).toEqual(
    ["ftp", "scm", "ftp", "scm"].map((name) => [name, { allow: false }]),
  );
});

test("no account of storage takes a key, or lets anybody in", () => {
  const accounts = deployment.resources.filter(({ type }) => type === "Microsoft.Storage/storageAccounts");
  expect(accounts).toHaveLength(3);
  for (const { properties } of accounts)
    expect(properties).toMatchObject({
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      minimumTlsVersion: "TLS1_2",
      supportsHttpsTrafficOnly: true,
    });
});

test("a subscription takes all that comes", () => {
  const rules = deployment.resources.filter(({ type }) => type.endsWith("/rules"));
  expect(rules).toHaveLength(3);
  for (const { name, properties } of rules) {
    expect(name).toMatch(/\/\$Default$/);
    expect(properties).toEqual({ filterType: "SqlFilter", sqlFilter: { sqlExpression: "1=1" } });
  }
});

test("what holds data is locked, and nothing else is", () => {
  const locks = deployment.resources.filter(({ type }) => type.endsWith("/locks"));
  for (const { properties } of locks) expect(properties?.["level"]).toBe("CanNotDelete");
  const held = locks.map(({ scope = "" }) => scope.split("/providers/").at(-1)?.split("/").slice(0, 2).join("/"));
  expect(held.sort()).toEqual([
    "Microsoft.AppConfiguration/configurationStores",
    "Microsoft.DocumentDB/databaseAccounts",
    "Microsoft.ServiceBus/namespaces",
    "Microsoft.Storage/storageAccounts",
  ]);
  const data = locks.find(({ scope = "" }) => scope.includes("storageAccounts"));
  const receipts = find(deployment, "containers", "everything-test-receipts");
  expect(receipts.name.split("/")[0]).toBe(data?.scope?.split("/").at(-1));
});

test("what a YAML names is not made", () => {
  const made = deployment.resources.map(({ id }) => id).filter((id) => !/oleAssignments|oleDefinitions/.test(id));
  expect(made.filter((id) => /theirs\b|theirshelf|colls|elsewhere|\/later$/.test(id) && !/their-bus/.test(id))).toEqual(
    [],
  );
  // Of another's namespace, what is a subscriber's own.
  expect(made.filter((id) => id.includes("their-bus")).map((id) => id.split("/").slice(-2).join("/"))).toEqual([
    "queues/everything-test-heard.inbox-dead",
    "queues/everything-test-heard.inbox",
    "subscriptions/everything-test-heard",
    "rules/$Default",
  ]);
});

describe("what the host and the bundle read", () => {
  const app = (): Readonly<Record<string, string>> => settingsOf(deployment, /^everything-test-[a-z]{13}$/);
  const client = "client of everything-test-app";
  const bus = (): string => `${one("namespaces", /^everything-test-/)}.servicebus.windows.net`;
  const cosmos = (): string => `https://${one("databaseAccounts", /^everything-test-/)}.documents.azure.com:443`;

  test.each<readonly [string, () => string]>([
    // The longest that one of them may run: the others are ended by the runtime.
    ["AzureFunctionsJobHost__functionTimeout", () => "00:02:00"],
    ["AzureFunctionsJobHost__extensions__serviceBus__maxAutoLockRenewalDuration", () => "00:02:00"],
    ["AzureWebJobsStorage__credential", () => "managedidentity"],
    ["AzureWebJobsStorage__clientId", () => client],
    ["AZURE_CLIENT_ID", () => client],
    ["APPLICATIONINSIGHTS_AUTHENTICATION_STRING", () => `Authorization=AAD;ClientId=${client}`],
    ["APPLICATIONINSIGHTS_CONNECTION_STRING", () => "InstrumentationKey=everything-test"],
    ["FAASTEN_STATE_ORDERS", () => `${cosmos()}/dbs/everything-test/colls/orders`],
    ["FAASTEN_PUBSUB_PUBSUB", () => `${bus()}/everything-test-`],
    ["FAASTEN_PUBSUB_JOBS", () => `${bus()}/everything-test-`],
    ["FAASTEN_CONFIGURATION_CONFIGSTORE", () => `https://${one("configurationStores", /./)}.azconfig.io`],
    ["FAASTEN_SECRETSTORES_SECRETSTORE", () => "given-secretstore-vault"],
    ["FAASTEN_INVOCATION_BILLING", () => "given-billing-address"],
    ["FAASTEN_INBOX_SHIP", () => "everything-test-ship.inbox"],
    ["FAASTEN_INBOX_TOIL", () => "everything-test-work"],
    ["FAASTEN_CONNECTION_PUBSUB__fullyQualifiedNamespace", bus],
    ["FAASTEN_CONNECTION_PUBSUB__credential", () => "managedidentity"],
    ["FAASTEN_CONNECTION_PUBSUB__clientId", () => client],
    ["FAASTEN_CONNECTION_THEIRS__fullyQualifiedNamespace", () => "their-bus.servicebus.windows.net"],
    ["FAASTEN_CONNECTION_JOBS__fullyQualifiedNamespace", bus],
    ["PLAIN", () => '[a "quoted" $${text}, it\'s 100 % {{ plain }}\nof two lines]'],
    ["MODE", () => "[slow]"],
  ])("%s", (name, wanted) => expect(app()[name]).toBe(wanted()));

  test("is all that the bundle reads, and no other of ours", () => {
    for (const [like, folder] of [
      [/^everything-test-[a-z]{13}$/, "app"],
      [/^everything-test-alone-/, "functions/alone"],
    ] as const) {
      const bundle = readFileSync(join(built.output, folder, "index.mjs"), "utf8");
      const names = new Set(bundle.match(/FAASTEN_[A-Z0-9_]+/g) ?? []);
      const given = Object.keys(settingsOf(deployment, like)).filter((name) => name.startsWith("FAASTEN_"));
      const own = given.filter((name) => !/_(?:INBOX|CONNECTION)_/.test(name));
      expect([folder, own.sort()]).toEqual([
        folder,
        [...names].filter((name) => !/_(?:INBOX|CONNECTION)_/.test(name)).sort(),
      ]);
    }
  });

  test("is enough for the app to start, and each of its triggers finds what it names", async () => {
    const host = await startFunctionsHost(join(built.output, "app"), app());
    try {
      const triggers = host.functions.flatMap(({ name, bindings }) =>
        Object.values(bindings).flatMap(({ type, queueName, connection }) =>
          type === "serviceBusTrigger" ? [{ name, queue: String(queueName).replaceAll("%", ""), connection }] : [],
        ),
      );
      expect(triggers.map(({ name }) => name).sort()).toEqual([
        "heard",
        "ran",
        "rank",
        "ship",
        "stored",
        "toil",
        "told",
      ]);
      for (const { queue, connection } of triggers) {
        const namespace = app()[`${String(connection)}__fullyQualifiedNamespace`]?.split(".")[0];
        const named = deployment.resources.map(({ name }) => name);
        expect(named).toContain(`${namespace}/${app()[queue]}`);
        // It would be taken for a connection string.
        expect(app()[String(connection)]).toBeUndefined();
      }
    } finally {
      host.stop();
    }
  });

  test("of an app for one function is that one's alone", () => {
    const alone = settingsOf(deployment, /^everything-test-alone-/);
    expect(
      Object.keys(alone)
        .filter((name) => name.startsWith("FAASTEN_"))
        .sort(),
    ).toEqual(["FAASTEN_BINDINGS_RECEIPTS", "FAASTEN_STATE_LATER"]);
    expect(alone["AZURE_CLIENT_ID"]).toBe("client of everything-test-alone");
    expect(alone["AzureFunctionsJobHost__functionTimeout"]).toBe("00:01:00");
  });

  test("holds no key, no password and no connection string", () => {
    const text = JSON.stringify(read(built.output));
    expect(text).not.toMatch(/AccountKey=|SharedAccessKey=|listKeys|masterKey|elsewhere-key['"](?!\))/);
  });
});

test("an app's name, its host's account and its address are told to who brings its package", () => {
  const { outputs, resources } = deployment;
  const names = (type: string) => resources.filter((each) => each.type === type).map(({ name }) => name);
  expect(Object.keys(outputs).sort()).toEqual(
    ["alone", "app"].flatMap((name) => [`${name}Name`, `${name}Storage`, `${name}Url`]),
  );
  for (const name of ["alone", "app"]) {
    expect(names("Microsoft.Web/sites")).toContain(outputs[`${name}Name`]);
    expect(outputs[`${name}Url`]).toBe(`https://${String(outputs[`${name}Name`])}.azurewebsites.net`);
    expect(names("Microsoft.Storage/storageAccounts")).toContain(outputs[`${name}Storage`]);
  }
});

test("the template lies beside the app, whose bundle knows no stage", () => {
  expect(existsSync(join(built.output, "app.zip"))).toBe(true);
  const bundle = readFileSync(join(built.output, "app/index.mjs"), "utf8");
  expect(bundle).not.toMatch(/everything-test/);
});
