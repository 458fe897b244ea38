// The orders app as it is deployed on AWS: its bundles in Lambda's own runtime client behind an HTTP API, set up by the emitted
// template; tables, topics and queues on servers of others, buckets, secrets and parameters on ours, and every call to them
// through one proxy that listens.
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { SQSClient } from "@aws-sdk/client-sqs";
import dynalite from "dynalite";
import { startFauxqs } from "fauxqs";
import { kebab } from "../../src/provider.ts";
import { type BuiltApp, buildApp } from "../build/built.ts";
import { remove } from "../dev/running.ts";
import { startAwsJson } from "../servers/aws-json.ts";
import { credentials, type Deployed, deploy, region } from "../servers/deployed.ts";
import { startMapping } from "../servers/event-source-mapping.ts";
import { createFaultProxy, type FaultProxy, type Heard } from "../servers/faults.ts";
import { serviceOf } from "../servers/heard.ts";
import { type HttpApi, startHttpApi } from "../servers/http-api.ts";
import { startS3 } from "../servers/s3.ts";
import { createFleet, type Fleet } from "./lambda.ts";

export interface DeployedOrders {
  readonly built: BuiltApp;
  readonly deployed: Deployed;
  readonly fleet: Fleet;
  readonly httpApi: HttpApi;
  readonly proxy: FaultProxy;
  /** Hears each batch before its function does, and each result before its messages are deleted. */
  watch: (to: string, event: unknown, invoke: () => Promise<unknown>) => Promise<unknown>;
  physical(name: string): string;
  close(): Promise<void>;
}

/** Milliseconds that a function may run; an inbox shows a message again a moment after that. */
const timeout = 5000;

export async function deployOrders(heard: (call: Heard) => void): Promise<DeployedOrders> {
  const built = buildApp("orders", "aws");
  const template = JSON.parse(readFileSync(join(built.output, "template.json"), "utf8"));
  const tables = dynalite({ createTableMs: 0 });
  await new Promise<void>((resolve) => tables.listen(0, "127.0.0.1", resolve));
  const dynamodb = `http://127.0.0.1:${(tables.address() as AddressInfo).port}`;
  const fauxqs = await startFauxqs({ port: 0, host: "127.0.0.1", logger: false });
  const secrets = await startAwsJson();
  const storage = await startS3({ region, secretOf: () => credentials.secretAccessKey });
  const { "signing-key": signingKey } = JSON.parse(
    readFileSync(join(built.folder, "templates/orders/secrets.json"), "utf8"),
  );
  secrets.secrets.set("orders-dev-signing-key", signingKey);
  secrets.parameters.set("/orders/dev/MAX_QUANTITY", "50", "String");
  const proxy = await createFaultProxy((call) => {
    heard(call);
    const service = serviceOf(call);
    if (service.startsWith("DynamoDB_")) return dynamodb;
    if (service === "s3") return storage.url;
    return ["AmazonSSM", "secretsmanager"].includes(service) ? secrets.url : `http://127.0.0.1:${fauxqs.port}`;
  });
  const deployed = await deploy(template, {
    dynamodb,
    fauxqs,
    createBucket: storage.createBucket,
    queues: proxy.url,
    visibility: timeout / 1000 + 1,
  });

  const physical = (name: string): string => `orders-dev-${kebab(name)}`;
  const fleet = createFleet(built.output, {
    timeout,
    cwd: built.folder,
    envOf: (name) => ({
      ...deployed.environmentOf(physical(name)),
      AWS_ENDPOINT_URL: proxy.url,
      // By the key a call is known for that of the function, as in AWS by the role.
      AWS_ACCESS_KEY_ID: physical(name),
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    }),
  });
  const subscribers = ["audit", "ship", "summarise"];
  const self: DeployedOrders = {
    built,
    deployed,
    fleet,
    proxy,
    physical,
    httpApi: await startHttpApi(fleet.routes),
    watch: (_to, _event, invoke) => invoke(),
    async close() {
      await Promise.all(mappings.map((mapping) => mapping.stop()));
      for (const poller of pollers) poller.destroy();
      self.httpApi.close();
      fleet.stop();
      await proxy.close();
      await fauxqs.stop();
      await secrets.close();
      await storage.close();
      await new Promise<void>((resolve) => tables.close(() => resolve()));
      remove(built.folder);
    },
  };
  const pollers: SQSClient[] = [];
  // Lambda takes from a queue in the function's own role.
  const mappings = deployed.mappings.map((mapping) => {
    const name = subscribers.find((one) => physical(one) === mapping.function) ?? "";
    const own = { accessKeyId: mapping.function, secretAccessKey: credentials.secretAccessKey };
    const client = new SQSClient({ endpoint: proxy.url, region, credentials: own });
    pollers.push(client);
    return startMapping({
      client,
      ...mapping,
      // Here each function has but one environment, in which a second batch would only wait.
      concurrency: 1,
      invoke: (event) => self.watch(name, event, () => fleet.of(name).invoke(event)),
    });
  });
  return self;
}
