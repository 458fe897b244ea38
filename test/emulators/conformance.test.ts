// Azure's components on emulators that others wrote: every case, but for what the emulator itself has wrong, which is named.
import { type ChildProcess, spawn } from "node:child_process";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { CosmosClient } from "@azure/cosmos";
import { ContainerClient } from "@azure/storage-blob";
import { afterAll } from "vitest";
import { create as createBlobstorage } from "../../providers/azure/bindings/blobstorage.ts";
import { create as createCosmosdb } from "../../providers/azure/state/cosmosdb.ts";
import { type BindingHarness, bindingCases, type StateHarness, stateCases } from "../../src/conformance/cases.ts";
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

/** That of the emulator, as its documentation has it. */
const accountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

let azurite: ChildProcess | undefined;
afterAll(() => void azurite?.kill());

const blobs = once(async () => {
  const program = fileURLToPath(new URL("node_modules/azurite/dist/src/blob/main.js", import.meta.url));
  const flags = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--blobPort", "0"];
  const running = spawn(process.execPath, [program, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  azurite = running;
  let said = "";
  const url = await new Promise<string>((resolve, reject) => {
    running.on("exit", (code) => reject(new Error(`azurite ended with ${code}: ${said}`)));
    running.stdout.on("data", (part: Buffer) => {
      said += part;
      const found = /successfully listen\S* \w+ (http:\S+)/.exec(said)?.[1];
      if (found) resolve(`${found}/devstoreaccount1`);
    });
  });
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=${accountKey};BlobEndpoint=${url};`;
  return { url, connectionString };
});

let containers = 0;

async function blobstorage(byKey: boolean): Promise<[harness: BindingHarness, close: () => Promise<void>]> {
  const { url, connectionString } = await blobs();
  const containerName = `container-${++containers}`;
  await new ContainerClient(connectionString, containerName).create();
  const account = { accountName: "devstoreaccount1", accountKey, endpoint: `${url}/${containerName}` };
  const metadata = byKey ? account : { connectionString, containerName };
  const options = { name: "binding", service: "conformance", metadata };
  const [component, second] = [await createBlobstorage(options), await createBlobstorage(options)];
  const harness: BindingHarness = {
    ...{ component, second, storage: true },
    /** Who puts a blob says of what kind it is. */
    reach: (address, init) =>
      fetch(address, {
        ...init,
        ...(init?.method === "PUT" && { headers: { "x-ms-blob-type": "BlockBlob", ...init.headers } }),
      }),
  };
  return [
    harness,
    async () => {
      await component.close?.();
      await second.close?.();
    },
  ];
}

prove("bindings", bindingCases, {
  "bindings.azure.blobstorage, connection string (emulator: azurite)": () => blobstorage(false),
  "bindings.azure.blobstorage, account key (emulator: azurite)": () => blobstorage(true),
});
prove("state", stateCases, { "state.azure.cosmosdb (emulator: @vercel/cosmosdb-server)": cosmosdb });
