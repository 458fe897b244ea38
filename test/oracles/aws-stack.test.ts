// The orders app, deployed, changed, removed and deployed again by the plan's own commands: the real `aws` against moto's CloudFormation.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { DescribeTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { ListTopicsCommand, SNSClient } from "@aws-sdk/client-sns";
import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { command, copyOrders, remove, save } from "../dev/running.ts";
import { type Served, startMoto } from "./servers.ts";

const installed = inject("moto");
const region = "eu-west-1";

/** What moto's CloudFormation has not; with it go the permissions that name the API. */
const unsupported = [
  "AWS::ApiGatewayV2::Api",
  "AWS::ApiGatewayV2::Integration",
  "AWS::ApiGatewayV2::Route",
  "AWS::ApiGatewayV2::Stage",
  "AWS::Lambda::EventInvokeConfig",
  "AWS::S3::BucketPolicy",
  "AWS::SNS::Subscription",
  "AWS::SQS::QueuePolicy",
  "AWS::Scheduler::Schedule",
];

interface Lambda {
  readonly FunctionName: string;
  readonly CodeSha256: string;
  readonly MemorySize: number;
  readonly [setting: string]: unknown;
}

if ("unavailable" in installed) test("the orders app's stack on moto", ({ skip }) => skip(installed.unavailable));
else
  describe("the orders app's stack, by the real aws command on moto", () => {
    let server: Served & { output(): string };
    let folder: string;
    let environment: NodeJS.ProcessEnv;
    let dynamodb: DynamoDBClient;
    let sqs: SQSClient;
    beforeAll(async () => {
      server = await startMoto(installed.folder);
      folder = copyOrders();
      environment = {
        PATH: [join(installed.folder, "bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
        HOME: folder,
        AWS_ENDPOINT_URL: server.url,
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: "key",
        AWS_SECRET_ACCESS_KEY: "secret",
        AWS_EC2_METADATA_DISABLED: "true",
      };
      const config = { endpoint: server.url, region, credentials: { accessKeyId: "key", secretAccessKey: "secret" } };
      dynamodb = new DynamoDBClient(config);
      sqs = new SQSClient(config);
    });
    afterAll(async () => {
      remove(folder);
      await server.stop();
    });

    function run(program: string, args: readonly string[]): Promise<string> {
      return new Promise((resolve, reject) => {
        execFile(program, args, { cwd: folder, env: environment, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
          if (error) reject(new Error(`${stdout}\n${stderr}\n${server.output().slice(-4000)}`));
          else resolve(stdout);
        });
      });
    }

    const faasten = (...args: string[]): Promise<string> =>
      run(process.execPath, [...command, ...args, "--target", "aws"]);
    const ask = async (...args: string[]): Promise<unknown> =>
      JSON.parse(await run("aws", [...args, "--region", region, "--output", "json"]));

    /** By the names that they end in. */
    async function lambdas(): Promise<ReadonlyMap<string, Lambda>> {
      const { Functions } = (await ask("lambda", "list-functions")) as { readonly Functions: readonly Lambda[] };
      return new Map(Functions.map((one) => [one.FunctionName.replace("orders-dev-", ""), one]));
    }

    async function queues(): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
      const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
      const all = QueueUrls.map(async (QueueUrl) => {
        const { Attributes = {} } = await sqs.send(
          new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
        );
        return [QueueUrl.replace(/.*\//, ""), Attributes] as const;
      });
      return Object.fromEntries(await Promise.all(all));
    }

    function lastChanges(): unknown {
      return JSON.parse(
        /^changes (.*)$/.exec(
          server
            .output()
            .trim()
            .split("\n")
            .findLast((line) => line.startsWith("changes ")) ?? "",
        )?.[1] ?? "null",
      );
    }

    let before: ReadonlyMap<string, Lambda>;

    test("deploy makes all that moto has the types for", async () => {
      await faasten("deploy");
      const [, said = "{}"] = /^left out (.*)$/m.exec(server.output()) ?? [];
      const { types, dependents } = JSON.parse(said) as { readonly types: string[]; readonly dependents: string[] };
      console.log(`moto's CloudFormation has not: ${types.join(", ")}; left out with them: ${dependents.join(", ")}`);
      expect(types).toEqual(unsupported);
      expect(dependents.filter((name) => !name.endsWith("HttpPermission"))).toEqual([]);

      const made = (await ask("cloudformation", "list-stack-resources", "--stack-name", "orders-dev")) as {
        readonly StackResourceSummaries: readonly { readonly LogicalResourceId: string }[];
      };
      const template = JSON.parse(readFileSync(join(folder, ".faasten/aws/template.json"), "utf8")) as {
        readonly Resources: Readonly<Record<string, { readonly Type: string }>>;
      };
      const wanted = Object.entries(template.Resources).flatMap(([name, { Type }]) =>
        types.includes(Type) || dependents.includes(name) ? [] : [name],
      );
      expect(made.StackResourceSummaries.map((one) => one.LogicalResourceId).sort()).toEqual(wanted.sort());
    });

    test("the functions have their settings, and the code that was built", async () => {
      before = await lambdas();
      expect(before.size).toBe(15);
      const archive = readFileSync(join(folder, ".faasten/aws/functions/ship.zip"));
      expect(before.get("ship")).toMatchObject({
        ...{ Runtime: "nodejs22.x", Handler: "index.handler", MemorySize: 512, Timeout: 20 },
        CodeSha256: createHash("sha256").update(archive).digest("base64"),
        Environment: { Variables: { FAASTEN_STATE_STOCK: "orders-dev-stock" } },
      });
      const { EventSourceMappings } = (await ask("lambda", "list-event-source-mappings")) as {
        readonly EventSourceMappings: readonly { readonly FunctionResponseTypes?: readonly string[] }[];
      };
      expect(EventSourceMappings).toHaveLength(3);
      const { logGroups } = (await ask("logs", "describe-log-groups")) as {
        readonly logGroups: readonly { readonly logGroupName: string; readonly retentionInDays?: number }[];
      };
      expect(logGroups).toHaveLength(16);
      expect(logGroups.filter(({ retentionInDays }) => retentionInDays !== 30)).toEqual([]);
    });

    test("what holds data has its settings", async () => {
      const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: "orders-dev-stock" }));
      expect(Table).toMatchObject({
        BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
        KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
      });
      const { "orders-dev-ship": inbox, "orders-dev-ship-dead": dead } = await queues();
      expect(inbox).toMatchObject({ VisibilityTimeout: "120", MessageRetentionPeriod: String(14 * 24 * 60 * 60) });
      expect(JSON.parse(inbox?.["RedrivePolicy"] ?? "{}")).toMatchObject({ deadLetterTargetArn: dead?.["QueueArn"] });
      const bucket = "orders-dev-receipts-123456789012-eu-west-1";
      expect(await ask("s3api", "get-bucket-encryption", "--bucket", bucket)).toMatchObject({
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
        },
      });
      const { Topics = [] } = await new SNSClient({
        ...{ endpoint: server.url, region, credentials: { accessKeyId: "key", secretAccessKey: "secret" } },
      }).send(new ListTopicsCommand({}));
      expect(Topics.map(({ TopicArn }) => TopicArn?.replace(/.*:/, "")).sort()).toEqual([
        "orders-dev-order-changed",
        "orders-dev-order-placed",
      ]);
    });

    test("an update changes only what changed", async () => {
      const yaml = readFileSync(join(folder, "serverless.yml"), "utf8");
      save(folder, "serverless.yml", yaml.replace("    handler:", "    memorySize: 1024\n    handler:"));
      await dynamodb.send(
        new PutItemCommand({ TableName: "orders-dev-stock", Item: { key: { S: "tea" }, value: { S: "10" } } }),
      );
      await faasten("deploy");
      expect(lastChanges()).toEqual([["Modify", "PricesFunction"]]);
      const after = await lambdas();
      const changed = [...after].filter(([name, { MemorySize, CodeSha256 }]) => {
        const old = before.get(name);
        return old?.MemorySize !== MemorySize || old.CodeSha256 !== CodeSha256;
      });
      expect(changed.map(([name, { MemorySize }]) => [name, MemorySize])).toEqual([["prices", 1024]]);
    });

    test("remove removes, and keeps what holds data", async () => {
      await faasten("remove");
      expect([...(await lambdas()).keys()]).toEqual([]);
      const kept = await dynamodb.send(
        new GetItemCommand({ TableName: "orders-dev-stock", Key: { key: { S: "tea" } } }),
      );
      expect(kept.Item?.["value"]).toEqual({ S: "10" });
      expect(Object.keys(await queues())).toHaveLength(7);
      const { Buckets } = (await ask("s3api", "list-buckets")) as {
        readonly Buckets: readonly { readonly Name: string }[];
      };
      expect(Buckets.map(({ Name }) => Name)).toEqual(["orders-dev-receipts-123456789012-eu-west-1"]);
    });

    test("the next deployment has again what was kept", async () => {
      await faasten("deploy");
      expect((await lambdas()).size).toBe(15);
      const kept = await dynamodb.send(
        new GetItemCommand({ TableName: "orders-dev-stock", Key: { key: { S: "tea" } } }),
      );
      expect(kept.Item?.["value"]).toEqual({ S: "10" });
    });
  });
