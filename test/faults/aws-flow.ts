// One order from its placing to its shipping on AWS's own components and triggers, in one process, with a proxy before all services.
import { SQSClient } from "@aws-sdk/client-sqs";
import type { FauxqsServer } from "fauxqs";
import { create as createReceipts } from "../../providers/aws/bindings/s3.ts";
import { create as createSettings } from "../../providers/aws/configuration/parameterstore.ts";
import { create as createSnsSqs } from "../../providers/aws/pubsub/snssqs.ts";
import { create as createSecrets } from "../../providers/aws/secretstores/secretmanager.ts";
import { create as createDynamodb } from "../../providers/aws/state/dynamodb.ts";
import { trigger as invocation } from "../../providers/aws/triggers/invocation.ts";
import { trigger as sqs } from "../../providers/aws/triggers/sqs.ts";
import {
  type Bound,
  createRunner,
  type Definition,
  type Served,
  type Trigger,
  variableOf,
} from "../../src/provider.ts";
import { getOrder, getReceipt, getSummary, placeOrder, putReceipt } from "../../templates/orders/src/orders.ts";
import { getStock, putStock, ship, summarise } from "../../templates/orders/src/shipping.ts";
import { account, credentials, region } from "../servers/deployed.ts";
import { type Mapping, startMapping } from "../servers/event-source-mapping.ts";
import { createFaultProxy, type Fault, type Heard } from "../servers/faults.ts";
import { serviceOf } from "../servers/heard.ts";

/** Shared by all flows. */
export interface Servers {
  readonly dynamodb: string;
  readonly fauxqs: FauxqsServer;
  /** Of secrets and parameters. */
  readonly secrets: string;
  readonly storage: string;
}

export const stores: readonly string[] = ["orders", "stock", "summaries", "idempotency"];
/** Milliseconds that an invocation has, and seconds after which a message is seen again. */
const time = 4_000;
const visibility = 5;

export interface FlowResult {
  /** Calls of the functions', each with all its attempts counted as one. */
  readonly calls: number;
  readonly shipped: boolean;
  readonly summarised: boolean;
  readonly signed: boolean;
  /** Of one order: how often it was taken from the stock, and how often its shipping was begun. */
  readonly taken: number;
  readonly begun: number;
  /** What the functions have logged about a component. */
  readonly lines: readonly string[];
  /** Invocations that were not settled in their time. */
  readonly late: number;
}

export interface FlowOptions {
  /** In place of the trigger of queues. */
  readonly subscriber?: Trigger;
  /** Milliseconds until what has not come is taken for lost. */
  readonly patience?: number;
}

/** `fault` is asked for every attempt of each call, which it counts from 1. */
export async function flow(
  run: string,
  { dynamodb, fauxqs, secrets, storage }: Servers,
  fault: (call: number, heard: Heard) => Fault | undefined,
  { subscriber = sqs, patience = 40_000 }: FlowOptions = {},
): Promise<FlowResult> {
  const proxy = await createFaultProxy((heard) => {
    const service = serviceOf(heard);
    if (service.startsWith("DynamoDB_")) return dynamodb;
    if (service === "s3") return storage;
    return ["AmazonSSM", "secretsmanager"].includes(service) ? secrets : `http://127.0.0.1:${fauxqs.port}`;
  });
  const known = new Map<string, number>();
  proxy.spoil((_attempt, heard) => {
    const id = String(heard.headers["amz-sdk-invocation-id"]);
    if (!known.has(id)) known.set(id, known.size + 1);
    return fault(known.get(id) ?? 0, heard);
  });

  const access = { region, endpoint: proxy.url, accessKey: credentials.accessKeyId, secretKey: "secret" };
  const bound = (type: string, create: Bound["create"], own: Readonly<Record<string, string>>): Bound => ({
    type,
    create,
    metadata: { ...access, ...own },
  });
  const prefix = `${run}-`;
  const components: Readonly<Record<string, Bound>> = {
    ...Object.fromEntries(stores.map((table) => [table, bound("state.aws.dynamodb", createDynamodb, { table })])),
    pubsub: bound("pubsub.aws.snssqs", createSnsSqs, { topicPrefix: `arn:aws:sns:${region}:${account}:${prefix}` }),
    secretstore: bound("secretstores.aws.secretmanager", createSecrets, { prefix: "" }),
    receipts: bound("bindings.aws.s3", createReceipts, { bucket: "receipts" }),
    configstore: bound("configuration.aws.parameterstore", createSettings, { prefix: "/" }),
  };

  const lines: string[] = [];
  let late = 0;
  let begun = 0;
  const served = (name: string, definition: Definition): Served => {
    const triggers = definition.on.kind === "http" ? [invocation] : [subscriber];
    return { name: `${name}${run}`, definition, triggers };
  };
  const counted: Definition = {
    ...ship,
    settle(arrival, one) {
      begun++;
      return ship.settle(arrival, one);
    },
  };
  const functions = Object.fromEntries(
    Object.entries({
      placeOrder,
      getOrder,
      getSummary,
      putReceipt,
      getReceipt,
      putStock,
      getStock,
      ship: counted,
      summarise,
    }).map(([name, definition]) => [name, served(name, definition)]),
  );
  const runner = createRunner({ service: "orders", functions: Object.values(functions), components }, (line) => {
    if (line.includes("component ")) lines.push(line);
  });
  let invocations = 0;
  const invoke = async (name: string, payload: unknown): Promise<unknown> => {
    const one = functions[name] as Served;
    const deadline = Date.now() + time;
    try {
      return await runner.run(one, { id: `${run}-${++invocations}`, payload, context: {}, deadline });
    } finally {
      if (Date.now() > deadline) late++;
    }
  };
  const client = new SQSClient({ endpoint: `http://127.0.0.1:${fauxqs.port}`, region, credentials });
  const mappings = [subscribe("ship", "order-placed"), subscribe("summarise", "order-changed")];

  function subscribe(name: string, topic: string): Mapping {
    const queue = `${prefix}${name}`;
    fauxqs.createTopic(`${prefix}${topic}`, { region });
    const { queueArn: deadLetterTargetArn } = fauxqs.createQueue(`${queue}-dead`, { region });
    const redrive = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 5 });
    const attributes = { VisibilityTimeout: String(visibility), RedrivePolicy: redrive };
    const { queueUrl, queueArn } = fauxqs.createQueue(queue, { region, attributes });
    fauxqs.subscribe({ topic: `${prefix}${topic}`, queue, region, attributes: { RawMessageDelivery: "true" } });
    process.env[variableOf("inbox", `${name}${run}`)] = `${proxy.url}/${account}/${queue}`;
    return startMapping({ client, queueUrl, queueArn, concurrency: 1, invoke: (event) => invoke(name, event) });
  }

  const ask = async (name: string, path: string, method = "GET", body?: string, key?: string): Promise<Reply> => {
    const headers = { "content-type": "application/json", ...(key !== undefined && { "idempotency-key": key }) };
    const request = { faasten: "request", method, path, headers, ...(body !== undefined && { body }) };
    return (await invoke(name, request)) as Reply;
  };
  /** As a patient caller does: again, until it is done. */
  const insist = async (...asked: Parameters<typeof ask>): Promise<Reply> => {
    for (let time = 0; ; time++) {
      const reply = await ask(...asked);
      if (reply.statusCode < 300 || reply.statusCode === 409 || time > 15) return reply;
      await new Promise((resume) => setTimeout(resume, 300));
    }
  };
  const until = async (holds: () => Promise<boolean>): Promise<boolean> => {
    const end = Date.now() + patience;
    while (Date.now() < end) {
      if (await holds()) return true;
      await new Promise((resume) => setTimeout(resume, 250));
    }
    return false;
  };

  try {
    await insist("putStock", `/stock/${run}`, "PUT", '{"count":100}');
    const id = await place(run, insist);
    const shipped = await until(async () => (await ask("getOrder", `/orders/${id}`)).body.includes('"shipped"'));
    const summarised = await until(async () =>
      (await ask("getSummary", `/orders/${id}/summary`)).body.includes('"shipped"'),
    );
    await insist("putReceipt", `/orders/${id}/receipt`, "PUT", "a receipt");
    const signed = (await insist("getReceipt", `/orders/${id}/receipt`)).headers["x-signature"] !== undefined;
    const { count } = JSON.parse((await insist("getStock", `/stock/${run}`)).body) as { count: number };
    return { calls: known.size, shipped, summarised, signed, taken: (100 - count) / 2, begun, lines, late };
  } finally {
    await Promise.all(mappings.map((mapping) => mapping.stop()));
    client.destroy();
    await runner.close();
    await proxy.close();
  }
}

interface Reply {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An order that was acknowledged. One that failed halfway, and is therefore there already, was not: another is placed. */
async function place(
  run: string,
  insist: (name: string, path: string, method: string, body: string, key: string) => Promise<Reply>,
): Promise<string> {
  for (let time = 0; time < 30; time++) {
    const id = `${run}-${time}`;
    const order = JSON.stringify({ id, sku: run, quantity: 2 });
    const { statusCode } = await insist("placeOrder", "/orders", "POST", order, id);
    if (statusCode < 300) return id;
  }
  throw new Error(`${run}: no order was taken`);
}
