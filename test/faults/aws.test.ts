// Each call of the functions of an order's way on AWS fails once in every manner: nothing that was acknowledged is lost, and
// one line says what failed.
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { startFauxqs } from "fauxqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { trigger as sqs } from "../../providers/aws/triggers/sqs.ts";
import type { Trigger } from "../../src/provider.ts";
import { type AwsJson, startAwsJson } from "../servers/aws-json.ts";
import { credentials, region } from "../servers/deployed.ts";
import type { Fault, Heard } from "../servers/faults.ts";
import { type S3, startS3 } from "../servers/s3.ts";
import { type FlowResult, flow, type Servers, stores } from "./aws-flow.ts";
import { awsFaults } from "./aws-replies.ts";

let servers: Servers;
let secrets: AwsJson;
let storage: S3;
let tables: ReturnType<typeof dynalite>;
/** How many calls a flow makes where nothing fails. */
let calls = 0;

beforeAll(async () => {
  tables = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => tables.listen(0, "127.0.0.1", resolve));
  const dynamodb = `http://127.0.0.1:${(tables.address() as AddressInfo).port}`;
  const client = new DynamoDBClient({ endpoint: dynamodb, region, credentials });
  for (const TableName of stores)
    await client.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
        BillingMode: "PAY_PER_REQUEST",
      }),
    );
  client.destroy();
  secrets = await startAwsJson();
  secrets.secrets.set("signing-key", "a secret of the tests");
  secrets.parameters.set("/MAX_QUANTITY", "50", "String");
  storage = await startS3({ region, secretOf: () => credentials.secretAccessKey });
  storage.createBucket("receipts");
  servers = {
    storage: storage.url,
    dynamodb,
    fauxqs: await startFauxqs({ port: 0, host: "127.0.0.1", logger: false }),
    secrets: secrets.url,
  };
  const clean = await flow("clean", servers, () => undefined);
  expect(clean).toMatchObject({
    shipped: true,
    summarised: true,
    signed: true,
    taken: 1,
    begun: 1,
    lines: [],
    late: 0,
  });
  calls = clean.calls;
}, 60_000);

afterAll(async () => {
  await servers.fauxqs.stop();
  await secrets.close();
  await storage.close();
  await new Promise<void>((resolve) => tables.close(() => resolve()));
});

/** Flows that run side by side: most of a flow is waiting. */
const atOnce = 12;

describe("an order on AWS, whose every call fails once", () => {
  test.each(awsFaults)("$name", { timeout: 600_000 }, async ({ name, reply }) => {
    const letters = name.replaceAll(/[^a-z0-9]/g, "");
    const results = new Map<number, FlowResult>();
    /** Of these the block itself looks what became of them, and goes on. */
    const claims = new Set<number>();
    const wanted = Array.from({ length: Math.min(calls, 40) }, (_, index) => index + 1).values();
    const worker = async (): Promise<void> => {
      for (const call of wanted) {
        const id = `fault-${call}`;
        const fault = (at: number, heard: Heard): Fault | undefined => {
          if (at !== call) return undefined;
          if (heard.body.includes('"TableName":"idempotency"')) claims.add(call);
          return reply(heard, id);
        };
        results.set(call, await flow(`${letters}${call}`, servers, fault));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    let told = 0;
    let again = 0;
    for (const [call, { shipped, summarised, signed, taken, begun, lines, late }] of results) {
      const what = `call ${call}, ${name}`;
      expect({ shipped, summarised, signed }, what).toEqual({ shipped: true, summarised: true, signed: true });
      expect(taken, `${what}: taken from the stock`).toBeGreaterThanOrEqual(1);
      expect(taken, `${what}: no more than it was begun`).toBeLessThanOrEqual(begun);
      if (taken > 1) again++;
      expect(late, `${what}: settled in time`).toBe(0);
      if (!claims.has(call) || lines.length > 0) expect(lines.length, `${what}: ${lines.join("\n")}`).toBe(1);
      for (const line of lines) {
        told++;
        expect(line, what).toMatch(/component \\"[a-z]+\\": [A-Z][A-Za-z]+ (?:failed with|did not end)/);
        if (typeof reply({ method: "", url: "", headers: {}, body: "" }, "") === "object" && name !== "slow")
          expect(line, what).toMatch(new RegExp(`after [0-9]+ attempts? \\(request fault-${call}\\)`));
      }
    }
    console.log(`${name}: ${results.size} calls failed, ${told} told of it, ${again} had the order shipped again`);
    expect(told, "calls whose failure was told").toBeGreaterThan(calls / 4);
  });
});

test("a trigger that acknowledges whatever came is found out", async () => {
  let away = true;
  const subscriber: Trigger = {
    ...(sqs as Trigger),
    encode() {
      away = false;
      return { batchItemFailures: [] };
    },
  };
  const stockIsAway = (_call: number, { headers, body }: Heard): Fault | undefined =>
    away && /GetItem$/.test(String(headers["x-amz-target"])) && body.includes('"stock"')
      ? { status: 400, body: '{"__type":"com.amazonaws#ThrottlingException"}' }
      : undefined;
  const { shipped } = await flow("planted", servers, stockIsAway, { subscriber, patience: 8_000 });
  expect(shipped).toBe(false);
});
