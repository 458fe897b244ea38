// The components of AWS, with their real clients, on servers of others over real sockets.
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { startFauxqs } from "fauxqs";
import { create as createSnsSqs } from "../../providers/aws/pubsub/snssqs.ts";
import { create as createDynamodb } from "../../providers/aws/state/dynamodb.ts";
import { trigger as sqsTrigger } from "../../providers/aws/triggers/sqs.ts";
import type { PubSubHarness, StateHarness } from "../../src/conformance/cases.ts";
import { once } from "../../src/once.ts";
import { type ComponentOptions, kebab } from "../../src/provider.ts";
import { createFaultProxy } from "../servers/faults.ts";
import { createInboxes } from "./aws-inboxes.ts";
import { definitionOf } from "./receiver.ts";

const access = { region: "eu-west-1", accessKey: "key", secretKey: "secret" };

/** One server for all cases: each has keys of its own. */
const dynaliteServer = once(async () => {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return createTable(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

/** dynalite knows no transactions. */
export async function dynamodbOnDynalite(): Promise<[harness: StateHarness, close: () => Promise<void>]> {
  const [{ component, ...harness }, close] = await dynamodbOn(await dynaliteServer());
  const { transact: _, ...rest } = component;
  return [{ ...harness, component: rest }, close];
}

export interface Table {
  readonly endpoint: string;
  readonly client: DynamoDBClient;
}

export async function createTable(endpoint: string): Promise<Table> {
  const client = new DynamoDBClient({
    endpoint,
    region: access.region,
    credentials: { accessKeyId: access.accessKey, secretAccessKey: access.secretKey },
  });
  await client.send(
    new CreateTableCommand({
      TableName: "entries",
      AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  return { endpoint, client };
}

export async function dynamodbOn({
  endpoint,
  client,
}: Table): Promise<[harness: StateHarness, close: () => Promise<void>]> {
  const proxy = await createFaultProxy(endpoint);
  const component = await createDynamodb(
    named({ ...access, endpoint: proxy.url, table: "entries", allowScan: "true" }),
  );
  const second = await createDynamodb(named({ ...access, endpoint, table: "entries", allowScan: "true" }));
  const harness: StateHarness = {
    component,
    second,
    async plantExpired(key, value) {
      const etag = randomUUID();
      const kept = "json" in value ? { S: value.json } : { B: value.bytes };
      const expiresAt = { N: String(Math.floor(Date.now() / 1000) - 10) };
      await client.send(
        new PutItemCommand({
          TableName: "entries",
          Item: { key: { S: key }, value: kept, etag: { S: etag }, expiresAt },
        }),
      );
      return etag;
    },
    async cutNextReply() {
      proxy.spoil((call) => (call === 1 ? "cut" : undefined));
    },
  };
  return [
    harness,
    async () => {
      await component.close?.();
      await second.close?.();
      await proxy.close();
    },
  ];
}

const account = "000000000000";

/** SNS, SQS and the mapping between a queue and a function, as a stack sets them up. */
export async function snssqsOnFauxqs(): Promise<[harness: PubSubHarness, close: () => Promise<void>]> {
  const server = await startFauxqs({ port: 0, host: "127.0.0.1", logger: false });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const inboxes = createInboxes(server, access);
  const options = {
    ...named({ ...access, endpoint, topicPrefix: `arn:aws:sns:${access.region}:${account}:` }),
    name: "pubsub",
  };
  const component = await createSnsSqs(options);
  const topics = new Set<string>();

  const topic = (name: string, ordered: boolean): string => {
    const physical = `${kebab(name)}${ordered ? ".fifo" : ""}`;
    if (!topics.has(physical))
      server.createTopic(physical, { region: access.region, attributes: ordered ? { FifoTopic: "true" } : {} });
    topics.add(physical);
    return physical;
  };

  const harness: PubSubHarness = {
    component: {
      ...component,
      async publish(name, event, choice) {
        topic(name, choice?.order !== undefined);
        await component.publish(name, event, choice);
      },
      async publishMany(name, events, choice) {
        topic(name, choice?.order !== undefined);
        return (await component.publishMany?.(name, events, choice)) ?? [];
      },
    },
    async pump(receivers) {
      await inboxes.stop();
      const all = receivers.map((receiver) => {
        const { topic: name, subscriber, attempts, ordered } = receiver.subscription;
        const of = { subscriber, attempts, ordered };
        inboxes.make(of, (queue) =>
          server.subscribe({
            topic: topic(name, ordered),
            queue,
            region: access.region,
            attributes: { RawMessageDelivery: "true" },
          }),
        );
        return { ...of, served: { name: subscriber, definition: definitionOf(receiver), triggers: [sqsTrigger] } };
      });
      const pubsub = { type: "pubsub.aws.snssqs", create: () => component, metadata: {} };
      inboxes.map(all, { components: { pubsub } });
    },
    pause: inboxes.stop,
  };
  return [
    harness,
    async () => {
      await inboxes.stop();
      await component.close?.();
      await inboxes.close();
    },
  ];
}

function named(metadata: Record<string, string>): ComponentOptions {
  return { name: "store", service: "conformance", metadata };
}
