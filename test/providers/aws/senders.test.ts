// What bindings put into queues, topics, tables and buses, read back by the services' own clients.
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import dynalite from "dynalite";
import { type FauxqsServer, startFauxqs } from "fauxqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { create as createDynamodb } from "../../../providers/aws/bindings/dynamodb.ts";
import { create as createEventBridge } from "../../../providers/aws/bindings/eventbridge.ts";
import { create as createSns } from "../../../providers/aws/bindings/sns.ts";
import { create as createSqs } from "../../../providers/aws/bindings/sqs.ts";
import type { Binding, BindingData } from "../../../src/provider.ts";
import { type AwsJson, startAwsJson } from "../../servers/aws-json.ts";

const region = "eu-west-1";
const access = { region, accessKey: "key", secretKey: "secret" };
const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
const named = (metadata: Record<string, string>) => ({
  name: "sent",
  service: "shop",
  metadata: { ...access, ...metadata },
});
const json = (value: unknown): BindingData => ({ value: { json: JSON.stringify(value) } });
const noText: BindingData = { value: { bytes: Uint8Array.of(0xff, 0xfe) } };
const open: Binding[] = [];
const kept = <B extends Binding>(component: B): B => {
  open.push(component);
  return component;
};
afterAll(async () => {
  for (const component of open) await component.close?.();
});

describe("queues and topics", () => {
  let server: FauxqsServer;
  let sqs: SQSClient;
  let endpoint: string;
  beforeAll(async () => {
    server = await startFauxqs({ port: 0, host: "127.0.0.1", logger: false });
    endpoint = `http://127.0.0.1:${server.port}`;
    sqs = new SQSClient({ endpoint, region, credentials });
    server.createQueue("work", { region });
    server.createQueue("work.fifo", { region, attributes: { FifoQueue: "true" } });
    server.createQueue("heard", { region });
    server.createTopic("news", { region });
    server.subscribe({ topic: "news", queue: "heard", region });
  });
  afterAll(async () => {
    sqs.destroy();
    await server.stop();
  });
  const taken = async (name: string) => {
    const QueueUrl = server.inspectQueue(name)?.url ?? "";
    const asked = {
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ["All"],
      MessageSystemAttributeNames: ["All" as const],
    };
    return (await sqs.send(new ReceiveMessageCommand(asked))).Messages ?? [];
  };

  test("a message is the data as text, and its metadata are attributes; the queue may be told by its name", async () => {
    const queue = kept(await createSqs(named({ endpoint, queueName: "work" })));
    const { key } = await queue.create({ ...json({ a: "é" }), metadata: { kind: "big", empty: "" } });
    const [message] = await taken("work");
    expect(message).toMatchObject({
      MessageId: key,
      Body: '{"a":"é"}',
      MessageAttributes: { kind: { StringValue: "big" } },
    });
    expect(Object.keys(message?.MessageAttributes ?? {})).toEqual(["kind"]);
    await expect(queue.create(noText)).rejects.toMatchObject({ code: "INVALID" });
  });

  test("in a queue in order a message has a group, and one of the same name is not sent twice", async () => {
    const url = server.inspectQueue("work.fifo")?.url ?? "";
    const queue = kept(await createSqs(named({ endpoint, queueName: url })));
    await queue.create({ ...json(1), metadata: { messagegroupid: "one", messagededuplicationid: "same" } });
    await queue.create({ ...json(2), metadata: { messagegroupid: "one", messagededuplicationid: "same" } });
    await queue.create(json(3));
    expect((await taken("work.fifo")).map(({ Body, Attributes }) => [Body, Attributes?.MessageGroupId])).toEqual([
      ["1", "one"],
      ["3", "shop"],
    ]);
  });

  test("a queue that is not there is MISCONFIGURED, and is asked for again", async () => {
    const queue = kept(await createSqs(named({ endpoint, queueName: "later" })));
    await expect(queue.create(json(1))).rejects.toMatchObject({ code: "MISCONFIGURED" });
    server.createQueue("later", { region });
    expect((await queue.create(json(1))).key).toBeDefined();
  });

  test("a notification has the data as its message, and its subject", async () => {
    const topic = kept(await createSns(named({ endpoint, topicArn: `arn:aws:sns:${region}:000000000000:news` })));
    const { key } = await topic.create({ ...json({ a: 1 }), metadata: { subject: "news", kind: "big" } });
    const [message] = await taken("heard");
    expect(JSON.parse(message?.Body ?? "")).toMatchObject({
      MessageId: key,
      Message: '{"a":1}',
      Subject: "news",
      MessageAttributes: { kind: { Value: "big" } },
    });
    await expect(topic.create(noText)).rejects.toMatchObject({ code: "INVALID" });
  });
});

test("an item's members are attributes, and numbers keep their digits", async () => {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new DynamoDBClient({ endpoint, region, credentials });
  await client.send(
    new CreateTableCommand({
      TableName: "items",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  const table = kept(await createDynamodb(named({ endpoint, table: "items" })));
  const text = '{"id":"1","count":123456789012345678901234567890,"list":[true,null,{"a":"é"}]}';
  await table.create({ value: { json: text } });
  const { Item } = await client.send(new GetItemCommand({ TableName: "items", Key: { id: { S: "1" } } }));
  expect(Item?.["count"]).toEqual({ N: "123456789012345678901234567890" });
  expect(Item?.["list"]).toEqual({ L: [{ BOOL: true }, { NULL: true }, { M: { a: { S: "é" } } }] });
  for (const wrong of ["[]", '"text"', "no JSON", "1"])
    await expect(table.create({ value: { json: wrong } })).rejects.toMatchObject({ code: "INVALID" });
  await expect(table.create(json({ no: "key" }))).rejects.toMatchObject({ code: "INVALID" });
  client.destroy();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

describe("a bus", () => {
  let server: AwsJson;
  beforeAll(async () => {
    server = await startAwsJson();
  });
  afterAll(() => server.close());

  test("an event's data are its detail; source and type are the component's, or the call's", async () => {
    const bus = kept(
      await createEventBridge(named({ endpoint: server.url, eventBusName: "ours", detailType: "placed" })),
    );
    const { key } = await bus.create(json({ a: 1 }));
    await bus.create({ ...json({}), metadata: { source: "elsewhere", detailtype: "other" } });
    expect(server.events).toMatchObject([
      { id: key, source: "shop", "detail-type": "placed", detail: { a: 1 }, bus: "ours" },
      { source: "elsewhere", "detail-type": "other", detail: {} },
    ]);
  });

  test("what the bus refuses of a call that succeeded is an error", async () => {
    const bus = kept(await createEventBridge(named({ endpoint: server.url, source: "aws.s3" })));
    await expect(bus.create(json({}))).rejects.toMatchObject({
      code: "DENIED",
      message: expect.stringContaining('component "sent": PutEvents failed with NotAuthorizedForSourceException'),
    });
    for (const wrong of ["[]", "1", '"text"'])
      await expect(bus.create({ value: { json: wrong } })).rejects.toMatchObject({ code: "INVALID" });
    const other = kept(await createEventBridge(named({ endpoint: server.url })));
    await expect(other.create({ value: { json: "{broken" } })).rejects.toMatchObject({ code: "INVALID" });
  });
});
