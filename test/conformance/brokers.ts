// The brokers that the cases run on.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create as createInMemory, createOn, type Data } from "../../providers/local/pubsub/in-memory.ts";
import { create as createSqlite } from "../../providers/local/pubsub/sqlite.ts";
import type { PubSubHarness, Receiver } from "../../src/conformance/cases.ts";
import type { ComponentOptions, PubSub } from "../../src/provider.ts";
import { snssqsOnFauxqs } from "./aws.ts";
import { serviceBusOnContractBroker } from "./azure.ts";
import { pubsubOnContract } from "./gcp.ts";

type Open = () => Promise<[harness: PubSubHarness, close: () => Promise<void>]>;

export const brokers: Readonly<Record<string, Open>> = {
  "pubsub.in-memory": () => oneClient(() => createInMemory(named({}))),
  "pubsub.in-memory, two clients": () => {
    const data: Data = { inboxes: new Map(), watchers: new Set() };
    return twoClients(() => createOn(data, named({})));
  },
  "pubsub.sqlite": () => inFolder((options) => oneClient(() => createSqlite(options))),
  "pubsub.sqlite, two connections": () => inFolder((options) => twoClients(() => createSqlite(options))),
  "pubsub.sqlite, :memory:": () => oneClient(() => createSqlite(named({ connectionString: ":memory:" }))),
  "pubsub.aws.snssqs (emulator: fauxqs)": snssqsOnFauxqs,
  "pubsub.azure.servicebus.topics (contract broker)": serviceBusOnContractBroker,
  "pubsub.gcp.pubsub (contract server)": pubsubOnContract,
};

type Make = () => PubSub | Promise<PubSub>;

/** What publishes also delivers. */
async function oneClient(make: Make): ReturnType<Open> {
  const component = await make();
  return [
    { component, pump: (receivers) => consume(component, receivers), keyless: true },
    async () => component.close?.(),
  ];
}

/** One client publishes and another delivers, which can be ended and begun anew. */
async function twoClients(make: Make): ReturnType<Open> {
  const component = await make();
  let delivering: PubSub | undefined;
  const pause = async (): Promise<void> => {
    await delivering?.close?.();
    delivering = undefined;
  };
  const harness: PubSubHarness = {
    component,
    async pump(receivers) {
      delivering ??= await make();
      await consume(delivering, receivers);
    },
    pause,
    keyless: true,
  };
  const close = async (): Promise<void> => {
    await pause();
    await component.close?.();
  };
  return [harness, close];
}

async function consume(component: PubSub, receivers: readonly Receiver[]): Promise<void> {
  const subscriptions = receivers.map(({ subscription }) => subscription);
  component.consume?.(subscriptions, async (subscription, arrival) => {
    const receiver = receivers.find((each) => each.subscription === subscription);
    return receiver ? receiver.handle(arrival) : { kind: "dead", reason: "nobody subscribed" };
  });
}

async function inFolder(open: (options: ComponentOptions) => ReturnType<Open>): ReturnType<Open> {
  const folder = await mkdtemp(join(tmpdir(), "faasten-pubsub-"));
  const [harness, close] = await open(named({ connectionString: join(folder, "pubsub.db") }));
  return [harness, () => close().finally(() => rm(folder, { recursive: true }))];
}

function named(metadata: Record<string, string>): ComponentOptions {
  return { name: "pubsub", service: "conformance", metadata };
}
