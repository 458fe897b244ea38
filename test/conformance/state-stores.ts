// The state stores that the cases run on.
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createOn, type Data } from "../../providers/local/state/in-memory.ts";
import { create as createSqlite } from "../../providers/local/state/sqlite.ts";
import type { StateHarness } from "../../src/conformance/cases.ts";
import type { ComponentOptions } from "../../src/provider.ts";
import { dynamodbOnDynalite } from "./aws.ts";
import { blobsOnContractServer, cosmosdbOnContractServer } from "./azure.ts";
import { firestoreOnContract } from "./gcp.ts";

type Open = () => Promise<[harness: StateHarness, close: () => Promise<void>]>;

export const stateStores: Readonly<Record<string, Open>> = {
  "state.in-memory": async () => {
    const data: Data = new Map();
    const options = named({});
    const harness: StateHarness = {
      component: createOn(data, options),
      second: createOn(data, options),
      staleReader: createOn(data, named({ staleReads: "true" })),
      async plantExpired(key, value) {
        const etag = randomUUID();
        data.set(key, { entry: { value, etag, expiresAt: Date.now() - 1000 } });
        return etag;
      },
    };
    return [harness, async () => {}];
  },

  "state.sqlite": () => onFile({}),
  "state.sqlite, no WAL, tables renamed": () =>
    onFile({ disableWAL: "true", tableName: "entries", metadataTableName: "entries_metadata" }),

  "state.sqlite, :memory:": async () => {
    const component = await createSqlite(named({ connectionString: ":memory:" }));
    return [{ component, second: component }, async () => component.close?.()];
  },

  "state.aws.dynamodb (emulator: dynalite)": dynamodbOnDynalite,
  "state.azure.blobstorage (contract server)": blobsOnContractServer,
  "state.azure.cosmosdb (contract server)": cosmosdbOnContractServer,
  "state.gcp.firestore.native (contract server)": firestoreOnContract,
};

/** Two connections to one file, and a third that writes behind their backs. */
async function onFile(metadata: Record<string, string>): ReturnType<Open> {
  const folder = await mkdtemp(join(tmpdir(), "faasten-state-"));
  const file = join(folder, "of its own", "state.db");
  const options = named({ ...metadata, connectionString: file });
  const [component, second] = [await createSqlite(options), await createSqlite(options)];
  const harness: StateHarness = {
    component,
    second,
    async plantExpired(key, value) {
      await component.get(key);
      const etag = randomUUID();
      const [text, binary] = "json" in value ? [value.json, 0] : [Buffer.from(value.bytes).toString("base64"), 1];
      const database = new DatabaseSync(file);
      database
        .prepare(
          `INSERT INTO ${metadata["tableName"] ?? "state"} (key, value, is_binary, etag, expiration_time)
           VALUES (?, ?, ?, ?, datetime('now', '-10 seconds'))`,
        )
        .run(key, text, binary, etag);
      database.close();
      return etag;
    },
  };
  const close = async (): Promise<void> => {
    await component.close?.();
    await second.close?.();
    await rm(folder, { recursive: true });
  };
  return [harness, close];
}

function named(metadata: Record<string, string>): ComponentOptions {
  return { name: "store", service: "conformance", metadata };
}
