// The components of Azure, with their real clients, on contract servers of ours over real sockets.
import { CosmosClient } from "@azure/cosmos";
import { create as createCosmosdb } from "../../providers/azure/state/cosmosdb.ts";
import type { StateHarness } from "../../src/conformance/cases.ts";
import { once } from "../../src/once.ts";
import type { ComponentOptions } from "../../src/provider.ts";
import { startCosmos } from "../servers/cosmos.ts";
import { createFaultProxy } from "../servers/faults.ts";

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

function named(metadata: Record<string, string>): ComponentOptions {
  return { name: "store", service: "conformance", metadata };
}
