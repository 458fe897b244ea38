// The components of AWS, with their real clients, on servers of others over real sockets.
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { create as createDynamodb } from "../../providers/aws/state/dynamodb.ts";
import type { StateHarness } from "../../src/conformance/cases.ts";
import { once } from "../../src/once.ts";
import type { ComponentOptions } from "../../src/provider.ts";
import { createFaultProxy } from "../servers/faults.ts";

const access = { region: "eu-west-1", accessKey: "key", secretKey: "secret" };

/** One server for all cases: each has keys of its own. */
const table = once(async () => {
  const server = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
});

/** dynalite knows no transactions. */
export async function dynamodbOnDynalite(): Promise<[harness: StateHarness, close: () => Promise<void>]> {
  const { endpoint, client } = await table();
  const proxy = await createFaultProxy(endpoint);
  const { transact: _, ...component } = await createDynamodb(
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

function named(metadata: Record<string, string>): ComponentOptions {
  return { name: "store", service: "conformance", metadata };
}
