// The orders scenario on Lambda: one process a function, one origin, queues between them. Their stores are SQLite files,
// which processes share; the queues' messages come out of one, too.
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Broker } from "../../providers/local/broker.ts";
import { create } from "../../providers/local/pubsub/sqlite.ts";
import { toStructured } from "../../src/provider.ts";
import { type BuiltApp, buildApp } from "../build/built.ts";
import { remove } from "../dev/running.ts";
import { scenario } from "../portable/scenario.ts";
import { type HttpApi, startHttpApi } from "../servers/http-api.ts";
import { text } from "../servers/lambda-runtime-api.ts";
import { sqsEvent } from "../servers/sqs-event.ts";
import { createFleet, type Fleet } from "./lambda.ts";

const addresses = { app: "", control: "" };
let built: BuiltApp;
let fleet: Fleet;
let httpApi: HttpApi;
let broker: Broker;
let control: Server;

beforeAll(async () => {
  built = buildApp("orders", "aws", { files: { "templates/orders/components/aws/shared.yaml": components() } });
  fleet = createFleet(built.output, { cwd: built.folder, timeout: 20_000 });
  httpApi = await startHttpApi(fleet.routes);
  broker = await queues();
  control = createServer(async (request, response) => {
    await steer(request.url ?? "", await text(request));
    response.end("{}");
  });
  await new Promise<void>((resolve) => control.listen(0, "127.0.0.1", resolve));
  const address = control.address();
  addresses.app = httpApi.url;
  addresses.control = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});

afterAll(async () => {
  await broker.close();
  control.close();
  httpApi.close();
  fleet.stop();
  remove(built.folder);
});

describe("the orders app on Lambda", () => {
  const { http, events } = scenario(addresses);
  for (const { name, run } of [...http, ...events]) {
    if (name.startsWith("puts an event that cannot be handled among the dead"))
      console.log(
        `skipped: ${name}: nothing here stores a dead letter with its reason, which is the broker's own part`,
      );
    else test(name, run);
  }
});

/** Hands what was published to the subscribers, as queues would. */
async function queues(): Promise<Broker> {
  const metadata = { connectionString: join(built.folder, ".faasten/local/faasten.db") };
  const made = (await create({ name: "pubsub", service: "orders", metadata })) as Broker;
  const subscription = { attempts: 5, ordered: false };
  const subscriptions = [
    { ...subscription, topic: "order.placed", subscriber: "ship" },
    { ...subscription, topic: "order.changed", subscriber: "summarise" },
  ];
  made.consume(subscriptions, async ({ subscriber }, { event, attempt = 1 }) => {
    const acknowledged = await deliver(subscriber, toStructured(event), attempt);
    return acknowledged ? { kind: "done" } : { kind: "retry", reason: "it was not acknowledged" };
  });
  return made;
}

async function deliver(subscriber: string, body: string, attempt = 1): Promise<boolean> {
  const result = await fleet.of(subscriber).invoke(sqsEvent({ id: crypto.randomUUID(), body, attempt }));
  return (result as { batchItemFailures: readonly unknown[] }).batchItemFailures.length === 0;
}

/** What the scenario asks of a target. */
async function steer(url: string, body: string): Promise<void> {
  const {
    function: to,
    event,
    events = [event],
  } = JSON.parse(body) as {
    function: string;
    event?: unknown;
    events?: unknown[];
  };
  const hand = (one: unknown): Promise<boolean> => deliver(to, JSON.stringify(one));
  if (url === "/duplicate") await Promise.all([hand(event), hand(event)]);
  else for (const one of url === "/reorder" ? events.toReversed() : events) await hand(one);
}

function components(): string {
  const stores = ["orders", "stock", "receipts", "summaries", "idempotency"];
  const types = { ...Object.fromEntries(stores.map((name) => [name, "state.sqlite"])), pubsub: "pubsub.sqlite" };
  const secrets = `
    - name: secretsFile
      value: templates/orders/secrets.json`;
  return Object.entries({ ...types, secretstore: "secretstores.local.file" })
    .map(
      ([name, type]) => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: ${name}
spec:
  type: ${type}
  version: v1
  metadata: ${name === "secretstore" ? secrets : "[]"}
`,
    )
    .join("---\n");
}
