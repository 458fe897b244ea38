// What `state.sqlite` promises beyond the contract: daprd's layout, several processes, and errors that say where.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { create } from "../../../../providers/local/state/sqlite.ts";
import type { StateStore } from "../../../../src/provider.ts";
import { child } from "../child.ts";
import { folder } from "../folder.ts";

async function open(metadata: Record<string, string>): Promise<StateStore> {
  const store = await create({ name: "orders", service: "shop", metadata });
  onTestFinished(async () => store.close?.());
  return store;
}

function behind(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
  return database;
}

test("rows lie as daprd lays them", async () => {
  const file = join(folder(), "state.db");
  const store = await open({ connectionString: file });
  await store.set("shop||json", { json: '{ "a" : 1 }' });
  await store.set("shop||bytes", { bytes: new Uint8Array([0, 255]) }, { expiresAt: Date.UTC(2999, 0, 2, 3, 4, 5) });
  const database = behind(file);
  const columns = database.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info('state')").all();
  expect(columns.map((column) => Object.values(column).join(" "))).toEqual([
    "key TEXT 1 1",
    "value TEXT 1 0",
    "is_binary BOOLEAN 1 0",
    "etag TEXT 1 0",
    "expiration_time TIMESTAMP 0 0",
    "update_time TIMESTAMP 1 0",
  ]);
  const [bytes, json] = database.prepare("SELECT * FROM state ORDER BY key").all();
  expect(json).toMatchObject({ key: "shop||json", value: '{ "a" : 1 }', is_binary: 0, expiration_time: null });
  expect(bytes).toMatchObject({ value: "AP8=", is_binary: 1, expiration_time: "2999-01-02 03:04:05" });
  expect(json?.["etag"]).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(json?.["update_time"]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  expect({ ...database.prepare("SELECT * FROM metadata").get() }).toEqual({ key: "migrations", value: "1" });
});

test("a file of a newer daprd is shared: its columns and its migrations stay", async () => {
  const file = join(folder(), "state.db");
  const database = behind(file);
  database.exec(`
    CREATE TABLE metadata (key text NOT NULL PRIMARY KEY, value text NOT NULL);
    INSERT INTO metadata VALUES ('migrations', '7');
    CREATE TABLE state (
      added TEXT DEFAULT 'theirs', key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, is_binary BOOLEAN NOT NULL,
      etag TEXT NOT NULL, expiration_time TIMESTAMP DEFAULT NULL,
      update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, more INTEGER DEFAULT 5);
    INSERT INTO state (added, key, value, is_binary, etag, expiration_time)
      VALUES ('kept', 'old', '"eA=="', 0, 'an-etag', DATETIME(CURRENT_TIMESTAMP, '+60 seconds'))`);
  const store = await open({ connectionString: file });
  expect(await store.get("old")).toMatchObject({ value: { json: '"eA=="' }, etag: "an-etag" });
  expect((await store.get("old"))?.expiresAt).toBeGreaterThan(Date.now());
  expect(await store.set("old", { json: "2" }, { ifEtag: "an-etag" })).toBeDefined();
  await store.set("new", { json: "3" });
  expect(database.prepare("SELECT added, more FROM state ORDER BY key").all()).toMatchObject([
    { added: "theirs", more: 5 },
    { added: "kept", more: 5 },
  ]);
  expect(database.prepare("SELECT value FROM metadata").all()).toMatchObject([{ value: "7" }]);
});

test("names of metadata are read without regard to case, and a URI names a file too", async () => {
  const file = join(folder(), "a folder", "state.db");
  const store = await open({ CONNECTIONSTRING: `${pathToFileURL(file)}?mode=rwc`, TableName: "entries" });
  await store.set("key", { json: "1" });
  expect(behind(file).prepare("SELECT key FROM entries").all()).toHaveLength(1);
});

test("it opens nothing until it is used, and keeps a write-ahead log unless told otherwise", async () => {
  const path = folder();
  for (const [disableWAL, mode] of [
    ["false", "wal"],
    ["true", "delete"],
  ] as const) {
    const file = join(path, `${mode}.db`);
    const store = await open({ connectionString: file, disableWAL });
    expect(existsSync(file)).toBe(false);
    await store.get("key");
    expect(behind(file).prepare("PRAGMA journal_mode").get()).toMatchObject({ journal_mode: mode });
  }
});

test("expired rows are swept where an interval is given", async () => {
  const file = join(folder(), "state.db");
  const store = await open({ connectionString: file, cleanupInterval: "10ms" });
  await store.set("old", { json: "1" }, { expiresAt: Date.now() - 5000 });
  await store.set("live", { json: "1" });
  const rows = behind(file).prepare("SELECT key FROM state");
  await expect.poll(() => rows.all(), { timeout: 20_000 }).toMatchObject([{ key: "live" }]);
});

test.each([
  ["tableName", "state; DROP TABLE state"],
  ["metadataTableName", '"quoted"'],
  ["busyTimeout", "soon"],
  ["disableWAL", "perhaps"],
  ["cleanupInterval", "-1h"],
])("metadata that makes no sense is MISCONFIGURED: %s", async (name, value) => {
  const file = join(folder(), "state.db");
  const used = async (): Promise<unknown> => (await open({ connectionString: file, [name]: value })).get("key");
  await expect(used()).rejects.toMatchObject({ code: "MISCONFIGURED", message: expect.stringContaining(name) });
});

test("a file that is no database is MISCONFIGURED, named, and left as it is", async () => {
  const file = join(folder(), "notes.txt");
  writeFileSync(
    file,
    "Not a database, and longer than a hundred bytes, so that SQLite reads a header that it does not know.".repeat(9),
  );
  const store = await open({ connectionString: file });
  const message = expect.stringMatching(/"orders".*notes\.txt/);
  await expect(store.get("key")).rejects.toMatchObject({ code: "MISCONFIGURED", message });
  expect(readFileSync(file, "utf8")).toMatch(/^Not a database/);
});

test("a folder that cannot be made is MISCONFIGURED, and is tried again", async () => {
  const path = folder();
  const inTheWay = join(path, "data");
  writeFileSync(inTheWay, "");
  const store = await open({ connectionString: join(inTheWay, "state.db") });
  await expect(store.get("key")).rejects.toMatchObject({ code: "MISCONFIGURED" });
  const { rmSync } = await import("node:fs");
  rmSync(inTheWay);
  expect(await store.get("key")).toBeUndefined();
});

test("a file that another process holds is UNAVAILABLE after busyTimeout; readers go on", async () => {
  const file = join(folder(), "state.db");
  const store = await open({ connectionString: file, busyTimeout: "20ms" });
  await store.set("key", { json: "1" });
  const database = behind(file);
  database.exec("BEGIN IMMEDIATE");
  await expect(store.set("key", { json: "2" })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(await store.get("key")).toMatchObject({ value: { json: "1" } });
  database.exec("ROLLBACK");
  expect(await store.set("key", { json: "3" })).toBeDefined();
});

test("a failure within a transaction leaves nothing, and the next one works", async () => {
  const file = join(folder(), "state.db");
  const store = await open({ connectionString: file });
  await store.set("key", { json: "1" });
  behind(file).exec(
    "CREATE TRIGGER refuse BEFORE INSERT ON state WHEN NEW.key = 'bad' BEGIN SELECT RAISE(ABORT, 'refused'); END",
  );
  const set = (key: string) => ({ kind: "set" as const, key, value: { json: "2" } });
  await expect(store.transact?.("p", [set("key"), set("bad")])).rejects.toMatchObject({ code: "INTERNAL" });
  expect(await store.get("key")).toMatchObject({ value: { json: "1" } });
  expect(await store.transact?.("p", [set("key")])).toBe(true);
});

test("four processes make the default file at once, with a table for the component, and lose no update", async () => {
  const path = folder();
  const module = new URL("../../../../providers/local/state/sqlite.ts", import.meta.url);
  const source = `
    const { create } = await import(${JSON.stringify(module)});
    const store = await create({ name: "orders", service: "shop", metadata: { busyTimeout: "20s" } });
    for (let done = 0; done < 25; ) {
      const entry = await store.get("counter");
      const condition = entry ? { ifEtag: entry.etag } : { ifAbsent: true };
      const next = { json: String(Number(entry?.value.json ?? 0) + 1) };
      if (await store.set("counter", next, condition)) done += 1;
    }
    await store.close();`;
  await Promise.all(Array.from({ length: 4 }, () => child(source, path)));
  const connectionString = join(path, ".faasten/local/faasten.db");
  const store = await open({ connectionString, tableName: "state_orders", metadataTableName: "metadata_orders" });
  expect(await store.get("counter")).toMatchObject({ value: { json: "100" } });
});

test("processes that make a file in the same instant all open it, time after time", async () => {
  const path = folder();
  const module = new URL("../../../../providers/local/state/sqlite.ts", import.meta.url);
  const source = `
    const { create } = await import(${JSON.stringify(module)});
    for (let round = 0; round < 60; round++) {
      while (Date.now() < ${Date.now() + 600} + round * 20);
      const metadata = { connectionString: "state" + round + ".db", busyTimeout: "20s" };
      const store = await create({ name: "orders", service: "shop", metadata });
      await store.get("key");
      await store.close();
    }`;
  await Promise.all(Array.from({ length: 4 }, () => child(source, path)));
});
