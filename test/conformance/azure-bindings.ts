// The bindings of Azure, with their real clients, on contract servers of ours over real sockets.
import { create as createBlobs } from "../../providers/azure/bindings/blobstorage.ts";
import { create as createGrid } from "../../providers/azure/bindings/eventgrid.ts";
import { create as createBusQueue } from "../../providers/azure/bindings/servicebusqueues.ts";
import { create as createQueue } from "../../providers/azure/bindings/storagequeues.ts";
import type { BindingHarness } from "../../src/conformance/cases.ts";
import type { Binding, ComponentOptions, Create } from "../../src/provider.ts";
import { startBlobStorage } from "../servers/blob-storage.ts";
import { startEventGrid } from "../servers/event-grid.ts";
import { startServiceBus } from "../servers/service-bus.ts";
import { startStorageQueue } from "../servers/storage-queue.ts";

type Opened = Promise<[harness: BindingHarness, close: () => Promise<void>]>;

export const azureBindings: Readonly<Record<string, () => Opened>> = {
  "bindings.azure.blobstorage (contract server)": async () => {
    const { url, account: accountName, key: accountKey, createContainer, close } = await startBlobStorage();
    createContainer("objects");
    const options = named({ endpoint: `${url}/${accountName}/objects`, accountName, accountKey });
    const [component, second] = [await createBlobs(options), await createBlobs(options)];
    return [
      { component, second, storage: true },
      async () => {
        await component.close?.();
        await second.close?.();
        await close();
      },
    ];
  },
  "bindings.azure.storagequeues (contract server)": async () => {
    const { url: queueEndpoint, account: accountName, key: accountKey, queues, close } = await startStorageQueue();
    queues.set("work", []);
    return opened(createQueue, { queueEndpoint, accountName, accountKey, queueName: "work" }, close);
  },
  "bindings.azure.servicebusqueues (contract server)": async () => {
    const { connectionString, queue, close } = await startServiceBus();
    queue("work");
    return opened(createBusQueue, { connectionString, queueName: "work" }, close);
  },
  "bindings.azure.eventgrid (contract server)": async () => {
    const { topicEndpoint, accessKey, close } = await startEventGrid();
    return opened(createGrid, { topicEndpoint, accessKey }, close);
  },
};

async function opened(create: Create<Binding>, metadata: Record<string, string>, stop: () => Promise<unknown>): Opened {
  const component = await create(named(metadata));
  return [
    { component },
    async () => {
      await component.close?.();
      await stop();
    },
  ];
}

function named(metadata: Record<string, string>): ComponentOptions {
  return { name: "binding", service: "conformance", metadata };
}
