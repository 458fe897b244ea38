// The orders app as it is deployed on Azure: its bundle in a worker behind a stand-in for the host, set up by the emitted template
// alone, with the identity of its app; stores, topics, queues, objects, secrets and settings on contract servers of ours, over TLS
// at the addresses that the template gives them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ServiceBusClient, type ServiceBusReceivedMessage } from "@azure/service-bus";
import { type BuiltApp, buildApp } from "../build/built.ts";
import { remove } from "../dev/running.ts";
import { at, type Deployment, deploy, read, settingsOf } from "../providers/azure/stack/template.ts";
import { type AppConfiguration, startAppConfiguration } from "../servers/app-configuration.ts";
import { type BlobStorage, startBlobStorage } from "../servers/blob-storage.ts";
import { type Cosmos, startCosmos } from "../servers/cosmos.ts";
import { type Entra, startEntra } from "../servers/entra.ts";
import { createFaultProxy, type FaultProxy } from "../servers/faults.ts";
import { type BusMessage, type FunctionsHost, startFunctionsHost } from "../servers/functions-host.ts";
import { type Pump, startPump } from "../servers/functions-pump.ts";
import { type KeyVault, startKeyVault } from "../servers/key-vault.ts";
import { type ServiceBus, startServiceBus } from "../servers/service-bus.ts";
import { certificateFile, startTlsFront } from "../servers/tls-front.ts";

export interface DeployedOrders {
  readonly built: BuiltApp;
  readonly deployment: Deployment;
  /** As the template has them. */
  readonly settings: Readonly<Record<string, string>>;
  readonly host: FunctionsHost;
  readonly entra: Entra;
  readonly bus: ServiceBus;
  readonly cosmos: Cosmos;
  /** All calls to Cosmos DB go through it. */
  readonly proxy: FaultProxy;
  readonly vault: KeyVault;
  readonly configuration: AppConfiguration;
  readonly objects: BlobStorage;
  /** Hears of each message before its function does, and whether it is acknowledged before it is. */
  watch: (to: string, message: BusMessage, invoke: () => Promise<boolean>) => Promise<boolean>;
  close(): Promise<void>;
}

export async function deployOrders(): Promise<DeployedOrders> {
  const built = buildApp("orders", "azure");
  const deployment = deploy(read(built.output));
  const settings = settingsOf(deployment);
  const account = new URL(settings["FAASTEN_STATE_ORDERS"] ?? "").origin;
  const audiences = {
    cosmos: account,
    bus: "https://servicebus.azure.net",
    storage: "https://storage.azure.com",
    configuration: "https://azconfig.io",
    vault: "https://vault.azure.net",
  };
  const entra = await startEntra(Object.values(audiences));
  const whose = (audience: string) => (token: string) => entra.whose(token, audience);

  const containers = deployment.resources
    .filter(({ type }) => type.endsWith("/sqlDatabases/containers"))
    .map(({ name }) => name.replace(/^[^/]+\/([^/]+)\/([^/]+)$/, "/dbs/$1/colls/$2"));
  const cosmos = await startCosmos({ containers, whose: whose(audiences.cosmos) });
  const proxy = await createFaultProxy(cosmos.url);
  const bus = await startServiceBus(whose(audiences.bus));
  setUp(bus, deployment);
  const objects = await startBlobStorage(whose(audiences.storage));
  for (const { type, name } of deployment.resources)
    if (type.endsWith("/blobServices/containers")) objects.createContainer(name.split("/").at(-1) ?? "");
  const configuration = await startAppConfiguration(whose(audiences.configuration));
  configuration.set("MAX_QUANTITY", "50");
  const vault = await startKeyVault({ domain: "vault.azure.net", entra });
  const secrets = JSON.parse(readFileSync(join(built.folder, "templates/orders/secrets.json"), "utf8"));
  vault.secrets.set("signing-key", secrets["signing-key"]);

  const fronts = {
    ".documents.azure.com": await startTlsFront(proxy.url),
    ".servicebus.windows.net": await startTlsFront(Number(/:(\d+);/.exec(bus.connectionString)?.[1])),
    ".blob.core.windows.net": await startTlsFront(objects.url),
    ".azconfig.io": await startTlsFront(configuration.url),
  };
  const ports = Object.entries(fronts).map(([domain, { port }]) => [domain, port] as const);
  const network = { ...Object.fromEntries(ports), ".vault.azure.net": Number(new URL(vault.url).port) };
  const host = await startFunctionsHost(
    join(built.output, "app"),
    { ...settings, ...entra.environment },
    {
      execArgv: ["--import", fileURLToPath(new URL("../servers/azure-network.ts", import.meta.url))],
      env: { AZURE_NETWORK: JSON.stringify(network), NODE_EXTRA_CA_CERTS: certificateFile },
    },
  );

  const client = new ServiceBusClient(bus.connectionString);
  const pumps: Pump[] = [];
  const self: DeployedOrders = {
    built,
    deployment,
    settings,
    host,
    entra,
    bus,
    cosmos,
    proxy,
    vault,
    configuration,
    objects,
    watch: (_to, _message, invoke) => invoke(),
    async close() {
      await Promise.all(pumps.map((pump) => pump.stop()));
      await client.close();
      host.stop();
      for (const each of [...Object.values(fronts), proxy, cosmos, bus, objects, configuration, vault, entra])
        await each.close();
      remove(built.folder);
    },
  };
  for (const { name, bindings } of host.functions)
    for (const { type, queueName, isSessionsEnabled } of Object.values(bindings)) {
      if (type !== "serviceBusTrigger") continue;
      const queue = settings[String(queueName).replaceAll("%", "")] ?? "";
      pumps.push(
        startPump({
          client,
          queue,
          sessions: isSessionsEnabled === true,
          async invoke(message) {
            const told = toBus(message);
            if (!(await self.watch(name, told, () => host.deliver(name, told)))) throw new Error("not acknowledged");
          },
        }),
      );
    }
  return self;
}

/** Topics, forwarding subscriptions and inboxes, as the template has them. */
function setUp(bus: ServiceBus, { resources }: Deployment): void {
  for (const resource of resources) {
    const { type, name } = resource;
    const last = name.split("/").at(-1) ?? "";
    if (type === "Microsoft.ServiceBus/namespaces/topics") bus.topic(last);
    if (type !== "Microsoft.ServiceBus/namespaces/queues") continue;
    const lockTime = String(at(resource, "properties.lockDuration"));
    const [, minutes = 0, seconds = 0] = /^PT(?:(\d+)M)?(?:(\d+)S)?$/.exec(lockTime) ?? [];
    const deadLettersTo = at(resource, "properties.forwardDeadLetteredMessagesTo");
    bus.queue(last, {
      // A sixth of it: what a lost connection held comes again only then.
      lockTime: ((Number(minutes) * 60 + Number(seconds)) * 1000) / 6,
      maxDeliveryCount: Number(at(resource, "properties.maxDeliveryCount")),
      requiresSession: at(resource, "properties.requiresSession") === true,
      ...(typeof deadLettersTo === "string" && { deadLettersTo }),
    });
  }
  for (const resource of resources)
    if (resource.type.endsWith("/topics/subscriptions"))
      bus.forward(resource.name.split("/")[1] ?? "", String(at(resource, "properties.forwardTo")));
}

function toBus(message: ServiceBusReceivedMessage): BusMessage {
  const { body, messageId, sessionId, contentType, lockToken, enqueuedTimeUtc, applicationProperties } = message;
  return {
    body: body as Buffer,
    ...(messageId !== undefined && { messageId: String(messageId) }),
    ...(sessionId !== undefined && { sessionId }),
    ...(contentType !== undefined && { contentType }),
    ...(lockToken !== undefined && { lockToken }),
    ...(enqueuedTimeUtc !== undefined && { enqueuedTimeUtc }),
    ...(applicationProperties && { applicationProperties }),
    sequenceNumber: Number(message.sequenceNumber),
    deliveryCount: (message.deliveryCount ?? 0) + 1,
  };
}
