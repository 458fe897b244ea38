// The components of Azure, with their real clients, on contract servers of ours over real sockets.
import dns from "node:dns";
import tls from "node:tls";
import { CosmosClient } from "@azure/cosmos";
import { ServiceBusClient } from "@azure/service-bus";
import { create as createAppconfig } from "../../providers/azure/configuration/appconfig.ts";
import { create as createServiceBusTopics } from "../../providers/azure/pubsub/servicebus-topics.ts";
import { create as createKeyvault } from "../../providers/azure/secretstores/keyvault.ts";
import { create as createBlobs } from "../../providers/azure/state/blobstorage.ts";
import { create as createCosmosdb } from "../../providers/azure/state/cosmosdb.ts";
import { trigger as serviceBusTrigger } from "../../providers/azure/triggers/service-bus.ts";
import type {
  ConfigurationHarness,
  PubSubHarness,
  Receiver,
  SecretStoreHarness,
  StateHarness,
} from "../../src/conformance/cases.ts";
import { once } from "../../src/once.ts";
import { type ComponentOptions, createRunner, kebab, variableOf } from "../../src/provider.ts";
import { startAppConfiguration } from "../servers/app-configuration.ts";
import { startBlobStorage } from "../servers/blob-storage.ts";
import { startCosmos } from "../servers/cosmos.ts";
import { createFaultProxy } from "../servers/faults.ts";
import { type Pump, startPump, toMetadata } from "../servers/functions-pump.ts";
import { startKeyVault } from "../servers/key-vault.ts";
import { startServiceBus } from "../servers/service-bus.ts";
import { definitionOf } from "./receiver.ts";

/** One server for all cases: each has keys of its own. */
const cosmos = once(startCosmos);

export async function cosmosdbOnContractServer(): Promise<[harness: StateHarness, close: () => Promise<void>]> {
  const { url, key: masterKey } = await cosmos();
  const proxy = await createFaultProxy(url);
  const at = { database: "app", collection: "entries", masterKey };
  const component = await createCosmosdb(named({ ...at, url: proxy.url }));
  const second = await createCosmosdb(named({ ...at, url }));
  const client = new CosmosClient({
    endpoint: url,
    key: masterKey,
    connectionPolicy: { enableEndpointDiscovery: false },
  });
  const harness: StateHarness = {
    component,
    second,
    /** The service sweeps some seconds later than the entry expires. */
    async plantExpired(key, value) {
      const expiresAt = Math.floor(Date.now() / 1000) - 5;
      const kept =
        "json" in value
          ? { value: JSON.parse(value.json) as unknown, isBinary: false }
          : { value: Buffer.from(value.bytes).toString("base64"), isBinary: true };
      const { resource } = await client
        .database("app")
        .container("entries")
        .items.upsert({ id: key, partitionKey: key, ...kept, ttl: 60, expiresAt });
      return String(resource?._etag).replace(/"$/, `@${expiresAt}"`);
    },
    async cutNextReply() {
      // The first calls are those by which a client finds out where it is.
      await component.get("warm");
      proxy.spoil((call) => (call === 1 ? "cut" : undefined));
    },
  };
  return [
    harness,
    async () => {
      await component.close?.();
      await second.close?.();
      client.dispose();
      await proxy.close();
    },
  ];
}

export async function blobsOnContractServer(): Promise<[harness: StateHarness, close: () => Promise<void>]> {
  const { url, account: accountName, key: accountKey, createContainer, plant, close } = await startBlobStorage();
  createContainer("state");
  const proxy = await createFaultProxy(url);
  const at = (origin: string) => named({ endpoint: `${origin}/${accountName}/state`, accountName, accountKey });
  const component = await createBlobs(at(proxy.url));
  const second = await createBlobs(at(url));
  const harness: StateHarness = {
    component,
    second,
    /** Nobody sweeps. */
    async plantExpired(key, value) {
      const expiresAt = Math.floor(Date.now() / 1000) - 5;
      const isBytes = "bytes" in value;
      const bytes = Buffer.from(isBytes ? value.bytes : value.json);
      const beside = { "x-ms-meta-expiresat": String(expiresAt), ...(isBytes && { "x-ms-meta-isbytes": "true" }) };
      return plant("state", key, bytes, beside).replace(/"$/, `@${expiresAt}"`);
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
      await close();
    },
  ];
}

/** Topics, forwarding subscriptions and inboxes as a stack sets them up, and the host in front of the functions. */
export async function serviceBusOnContractBroker(): Promise<[harness: PubSubHarness, close: () => Promise<void>]> {
  const bus = await startServiceBus();
  const { connectionString } = bus;
  const client = new ServiceBusClient(connectionString, { retryOptions: { maxRetries: 0, timeoutInMs: 5000 } });
  const prefix = "conformance-test-";
  const component = await createServiceBusTopics({
    ...named({ connectionString, namespaceName: `127.0.0.1/${prefix}` }),
    name: "pubsub",
  });
  const inboxes = new Set<string>();
  let pumps: Pump[] = [];

  const topic = (name: string): string => {
    bus.topic(prefix + kebab(name));
    return prefix + kebab(name);
  };

  function inbox({ subscription: { topic: name, subscriber, attempts, ordered } }: Receiver): string {
    const own = prefix + kebab(subscriber);
    if (inboxes.has(own)) return own;
    inboxes.add(own);
    bus.queue(`${own}-dead`, { maxDeliveryCount: 2000 });
    bus.queue(own, { maxDeliveryCount: attempts, requiresSession: ordered, deadLettersTo: `${own}-dead` });
    bus.forward(topic(name), own);
    process.env[variableOf("inbox", subscriber)] = own;
    return own;
  }

  async function stop(): Promise<void> {
    await Promise.all(pumps.splice(0).map((pump) => pump.stop()));
  }

  const harness: PubSubHarness = {
    component: {
      ...component,
      async publish(name, event, choice) {
        topic(name);
        await component.publish(name, event, choice);
      },
      async publishMany(name, events, choice) {
        topic(name);
        return (await component.publishMany?.(name, events, choice)) ?? [];
      },
    },
    async pump(receivers) {
      await stop();
      pumps = receivers.map((receiver) => {
        const { subscriber, ordered } = receiver.subscription;
        const definition = definitionOf(receiver);
        const served = { name: subscriber, definition, triggers: [serviceBusTrigger] };
        const runner = createRunner(
          {
            service: "conformance",
            functions: [served],
            components: { pubsub: { type: "pubsub.azure.servicebus.topics", create: () => component, metadata: {} } },
          },
          () => undefined,
        );
        let calls = 0;
        return startPump({
          client,
          queue: inbox(receiver),
          sessions: ordered,
          invoke(message) {
            const at = Date.now();
            const context = { triggerMetadata: toMetadata(message) };
            const input: unknown = message.body;
            const payload = { service: "conformance", function: subscriber, on: definition.on, input, context, at };
            const id = `${subscriber}-${++calls}`;
            return runner.run(served, { id, payload, context, deadline: at + 30_000 });
          },
        });
      });
    },
    pause: stop,
  };
  return [
    harness,
    async () => {
      await stop();
      await component.close?.();
      await client.close();
      await bus.close();
    },
  ];
}

/** With the tokens of an app's own identity, over TLS: from then on, this process has one. */
export const vault = once(async () => {
  const server = await startKeyVault();
  Object.assign(process.env, server.entra.environment);
  tls.setDefaultCACertificates([...tls.getCACertificates(), server.certificate]);
  leadHome(".localhost");
  return server;
});

export async function keyvaultOnContractServer(): Promise<[harness: SecretStoreHarness, close: () => Promise<void>]> {
  const { url, secrets } = await vault();
  const component = await createKeyvault(named({ vaultName: url, azureClientId: "the app's" }));
  const plant = async (name: string, value: string): Promise<void> => void secrets.set(name, value);
  return [{ component, plant }, async () => component.close?.()];
}

/** Not every system knows that such names are its own. https://datatracker.ietf.org/doc/html/rfc6761#section-6.3 */
function leadHome(domain: string): void {
  const { lookup } = dns;
  dns.lookup = Object.assign((name: string, ...rest: [never, never]) => {
    lookup(name.endsWith(domain) ? "127.0.0.1" : name, ...rest);
  }, lookup);
}

export async function appconfigOnContractServer(): Promise<
  [harness: ConfigurationHarness, close: () => Promise<void>]
> {
  const { connectionString, set, close } = await startAppConfiguration();
  const component = await createAppconfig(named({ connectionString }));
  return [
    { component, plant: async (key, value) => set(key, value) },
    async () => {
      await component.close?.();
      await close();
    },
  ];
}

function named(metadata: Record<string, string>): ComponentOptions {
  return { name: "store", service: "conformance", metadata };
}
