// Inputs of bindings, from what Azure puts into an inbox to the handler: the emitted app registers them, and takes what comes.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltApp, buildApp } from "../../build/built.ts";
import { remove, repository } from "../../dev/running.ts";
import { type FunctionsHost, startFunctionsHost } from "../../servers/functions-host.ts";
import { at, deploy, find, read, settingsOf } from "./stack/template.ts";

const files = {
  "serverless.yml":
    "service: shop\nprovider: { name: aws, runtime: nodejs22.x }\ncustom: { faasten: { entry: [src/app.ts] } }\n",
  "src/app.ts": `
import { binding } from "faasten";
const tell = (name) => (event, { log }) => {
  log.info("told", { by: name, is: JSON.stringify([event.type, event.id, event.data, event.attempt]) });
  if (event.data?.key === "bad") throw new Error("no luck");
};
export const uploaded = binding("uploads").input(tell("uploaded"));
export const packed = binding("parcels", { raw: true }).input(({ data, attempt, id, type }, { log }) =>
  log.info("told", { is: JSON.stringify([type, id, [...data], attempt]) }));
export const parcelled = binding("boxes").input({ attempts: 3 }, tell("parcelled"));
export const worked = binding("errands").input({ attempts: 7 }, tell("worked"));
export const heard = binding("news").input(tell("heard"));
`,
  "components/azure/all.yaml": [
    "parcels storagequeues",
    "boxes storagequeues",
    "errands servicebusqueues",
    "news eventgrid",
  ]
    .map((each) => each.split(" "))
    .map(
      ([name, type]) => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: ${name} }
spec: { type: bindings.azure.${type}, version: v1, metadata: [] }
`,
    )
    .join("---\n"),
};

let built: BuiltApp;
let host: FunctionsHost;
beforeAll(async () => {
  built = buildApp("none", "azure", { files });
  host = await startFunctionsHost(join(built.output, "app"), settingsOf(deploy(read(built.output))));
}, 120_000);
afterAll(() => {
  host?.stop();
  remove(built.folder);
});

/** What the handlers said while this ran. */
async function told(run: () => Promise<boolean>): Promise<readonly unknown[]> {
  const from = host.lines().length - 1;
  const done = await run();
  const lines = () =>
    host
      .lines()
      .slice(from)
      .filter((line) => line.includes('"told"'));
  await expect.poll(() => lines().length).toBeGreaterThan(0);
  return [done, ...lines().map((line) => JSON.parse((JSON.parse(line) as { is: string }).is) as unknown)];
}

function deliver(name: string, body: unknown): Promise<boolean> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return host.deliver(name, { messageId: "1", body: Buffer.from(text), contentType: "application/json" });
}

const account = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/shop";
/** As Event Grid writes it. https://learn.microsoft.com/azure/event-grid/event-schema-blob-storage */
function change(type: string, key: string): object {
  return {
    source: account,
    subject: `/blobServices/default/containers/shop-dev-uploads/blobs/${key}`,
    type: `Microsoft.Storage.${type}`,
    time: "2026-11-21T10:00:00.1234567Z",
    id: "831e1650-001e-001b-66ab-eeb76e069631",
    specversion: "1.0",
    data: {
      api: "PutBlob",
      eTag: "0x8D4BCC2E4835CD0",
      contentType: "text/plain",
      contentLength: 4,
      blobType: "BlockBlob",
      url: "https://shop.blob.core.windows.net/shop-dev-uploads/x",
      sequencer: "00000000000004420000000000028963",
    },
  };
}

describe("of objects", () => {
  test("the subscription of the stack puts into the inbox what is told of that container alone", () => {
    const deployment = deploy(read(built.output));
    const subscription = find(deployment, "eventSubscriptions", "shop-dev-uploaded");
    expect(at(subscription, "properties.eventDeliverySchema")).toBe("CloudEventSchemaV1_0");
    expect(at(subscription, "properties.filter.subjectBeginsWith")).toBe(
      "/blobServices/default/containers/shop-dev-uploads/blobs/",
    );
    const uploaded = host.functions.find(({ name }) => name === "uploaded");
    expect(uploaded).toMatchObject({ name: "uploaded", bindings: {} });
    const [trigger] = Object.values(uploaded?.bindings ?? {});
    expect(trigger).toMatchObject({
      type: "serviceBusTrigger",
      queueName: "%FAASTEN_INBOX_UPLOADED%",
      connection: "FAASTEN_CONNECTION_UPLOADS",
      dataType: "binary",
      cardinality: "one",
    });
    expect(settingsOf(deployment)["FAASTEN_INBOX_UPLOADED"]).toBe("shop-dev-uploaded.inbox");
  });

  test("what came and went is told as everywhere", async () => {
    const id = "in/a b/00000000000004420000000000028963";
    expect(await told(() => deliver("uploaded", change("BlobCreated", "in/a b")))).toEqual([
      true,
      ["object.created", `${id}/created`, { change: "created", key: "in/a b", size: 4 }, 1],
    ]);
    expect(await told(() => deliver("uploaded", change("BlobDeleted", "in/a b")))).toEqual([
      true,
      ["object.deleted", `${id}/deleted`, { change: "deleted", key: "in/a b" }, 1],
    ]);
  });

  test("also in Event Grid's own schema", async () => {
    const {
      source: topic,
      type: eventType,
      time: eventTime,
      specversion: _,
      ...event
    } = change("BlobCreated", "x") as Record<string, unknown>;
    const own = { ...event, topic, eventType, eventTime, dataVersion: "", metadataVersion: "1" };
    const data = { change: "created", key: "x", size: 4 };
    for (const body of [own, [own]]) {
      const [done, found] = await told(() => deliver("uploaded", body));
      expect([done, found]).toEqual([true, ["object.created", "x/00000000000004420000000000028963/created", data, 1]]);
    }
  });

  test("what its handler throws at comes again", async () => {
    expect((await told(() => deliver("uploaded", change("BlobCreated", "bad"))))[0]).toBe(false);
  });

  test("what has no blob as its subject is acknowledged by nobody", async () => {
    expect(await deliver("uploaded", { ...change("BlobCreated", "x"), subject: "/blobServices/default" })).toBe(false);
  });
});

describe("of queues and topics", () => {
  test("a message of a storage queue, byte for byte, by the queue and the attempts that the stack says", async () => {
    const settings = settingsOf(deploy(read(built.output)));
    expect(settings["FAASTEN_INBOX_PACKED"]).toBe("shop-dev-parcels");
    expect(settings["FAASTEN_CONNECTION_PARCELS__queueServiceUri"]).toMatch(/\.queue\.core\.windows\.net$/);
    expect(settings["AzureFunctionsJobHost__extensions__queues__maxDequeueCount"]).toBe("5");
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const text = Buffer.from(bytes).toString("base64");
    expect(await told(() => host.dequeue("packed", { id: "7", text, dequeueCount: 2 }))).toEqual([
      true,
      ["Microsoft.Storage.QueueMessage", "7", [...bytes], 2],
    ]);
    const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64");
    expect(await told(() => host.dequeue("parcelled", { id: "8", text: json({ a: 1.5 }) }))).toEqual([
      true,
      ["Microsoft.Storage.QueueMessage", "8", { a: 1.5 }, 1],
    ]);
    expect((await told(() => host.dequeue("parcelled", { id: "9", text: json({ key: "bad" }) })))[0]).toBe(false);
  });

  test("a message of a queue of Service Bus, which is the inbox itself", async () => {
    const deployment = deploy(read(built.output));
    expect(settingsOf(deployment)["FAASTEN_INBOX_WORKED"]).toBe("shop-dev-errands.queue");
    expect(at(find(deployment, "queues", "shop-dev-errands.queue"), "properties.maxDeliveryCount")).toBe(7);
    expect(await told(() => deliver("worked", { a: 1 }))).toEqual([
      true,
      ["Microsoft.ServiceBus.Message", "1", { a: 1 }, 1],
    ]);
  });

  test("an event of a topic, in either schema, equal as JSON", async () => {
    const deployment = deploy(read(built.output));
    const subscription = find(deployment, "eventSubscriptions", "shop-dev-heard");
    expect(at(subscription, "properties.deliveryWithResourceIdentity.destination.properties.resourceId")).toMatch(
      /\/queues\/shop-dev-heard\.inbox$/,
    );
    const event = { id: "3", source: "shop", type: "placed", data: { n: [1, null, "é"] } };
    const told3 = ["placed", "3", event.data, 1];
    expect(await told(() => deliver("heard", { specversion: "1.0", ...event }))).toEqual([true, told3]);
    const { type: eventType, source: topic, ...others } = event;
    const own = { ...others, topic, eventType, subject: "s", eventTime: "2026-11-21T10:00:00Z", dataVersion: "1.0" };
    expect(await told(() => deliver("heard", [own]))).toEqual([true, told3]);
  });
});

test("two that take from one queue are refused: each would have a part of it", () => {
  const second = `${files["src/app.ts"]}export const other = binding("errands").input(tell("other"));\n`;
  expect(() => buildApp("none", "azure", { files: { ...files, "src/app.ts": second } })).toThrow(
    "errands is a queue, and worked takes its messages already",
  );
});

test("the event pipeline is built as it stands", () => {
  const pipeline = buildApp("none", "azure", { files: templateFiles("event-pipeline") });
  const deployment = deploy(read(pipeline.output));
  expect(find(deployment, "eventSubscriptions", "documents-dev-announce").properties).toBeDefined();
  remove(pipeline.folder);
});

test("an object event of the section reaches the handler as S3 would tell it", async () => {
  const section = buildApp("none", "azure", {
    files: {
      "serverless.yml": `service: shop
provider: { name: aws, runtime: nodejs22.x }
plugins: [faasten/serverless]
functions:
  thumbs:
    handler: src/thumbs.handler
    events:
      - s3: { bucket: uploads, event: "s3:ObjectCreated:*", rules: [{ suffix: .png }] }
`,
      "src/thumbs.mjs": `
export const handler = async ({ Records }) => {
  for (const { eventName, s3 } of Records) console.log(JSON.stringify({ message: "told", is: JSON.stringify([eventName, s3.object.key]) }));
};
`,
    },
  });
  const own = await startFunctionsHost(join(section.output, "app"), settingsOf(deploy(read(section.output))));
  const [{ name = "" } = {}] = own.functions;
  const body = (key: string) => ({ body: Buffer.from(JSON.stringify(change("BlobCreated", key))), messageId: "1" });
  expect([await own.deliver(name, body("a b.png")), await own.deliver(name, body("a.txt"))]).toEqual([true, true]);
  const lines = () => own.lines().filter((line) => line.includes("ObjectCreated"));
  await expect.poll(() => lines().length).toBe(1);
  expect(lines()[0]).toContain("a+b.png");
  own.stop();
  remove(section.folder);
});

function templateFiles(name: string): Readonly<Record<string, string>> {
  const folder = join(repository, "templates", name);
  const names = globSync("**/*.{ts,yml,yaml,json}", { cwd: folder }).filter((file) => !file.startsWith("test/"));
  return Object.fromEntries(names.map((file) => [file, readFileSync(join(folder, file), "utf8")]));
}
