// Azure's components on emulators that others wrote: every case, but for what the emulator itself has wrong, which is named.
import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { CosmosClient } from "@azure/cosmos";
import { create as createCosmosdb } from "../../providers/azure/state/cosmosdb.ts";
import { type StateHarness, stateCases } from "../../src/conformance/cases.ts";
import { once } from "../../src/once.ts";
import { prove } from "../conformance/prove.ts";

interface CosmosEmulator {
  createHttpServer(): Server;
}

const masterKey = Buffer.from("any").toString("base64");

const cosmos = once(async () => {
  const server = (createRequire(import.meta.url)("@vercel/cosmosdb-server") as CosmosEmulator).createHttpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new CosmosClient({
    endpoint: url,
    key: masterKey,
    connectionPolicy: { enableEndpointDiscovery: false },
  });
  const { database } = await client.databases.create({ id: "app" });
  await database.containers.create({ id: "entries", partitionKey: { paths: ["/partitionKey"] }, defaultTtl: -1 });
  return url;
});

/** It is no Strong account, its batches are not atomic, and it never sweeps. */
async function cosmosdb(): Promise<[harness: StateHarness, close: () => Promise<void>]> {
  const metadata = { url: `${await cosmos()}/dbs/app/colls/entries`, masterKey, allowEventualReads: "true" };
  const options = { name: "store", service: "conformance", metadata };
  const [{ transact: _, ...component }, second] = [await createCosmosdb(options), await createCosmosdb(options)];
  return [
    { component, second },
    async () => {
      await component.close?.();
      await second.close?.();
    },
  ];
}

prove("state", stateCases, { "state.azure.cosmosdb (emulator: @vercel/cosmosdb-server)": cosmosdb });
