// How `configuration.sqlite` keeps its settings, and where those come from that were never set.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { create } from "../../../../providers/local/configuration/sqlite.ts";
import type { ConfigurationStore } from "../../../../src/provider.ts";
import { folder } from "../folder.ts";

async function open(at: string, metadata: Record<string, string> = {}, name = "settings"): Promise<ConfigurationStore> {
  const options = { name, service: "shop", metadata: { connectionString: join(at, "a.db"), ...metadata } };
  const store = await create(options);
  onTestFinished(() => store.close?.());
  return store;
}

test("versions count up, and two connections see one another's", async () => {
  const at = folder();
  const [one, two] = [await open(at), await open(at)];
  expect(await one.set?.("flag", "on")).toEqual({ value: "on", version: "1" });
  expect(await two.set?.("flag", "off")).toEqual({ value: "off", version: "2" });
  expect(await one.get(["flag"])).toEqual(new Map([["flag", { value: "off", version: "2" }]]));
});

test("a table of Dapr's making, with a row for each version, is read by the highest and written to", async () => {
  const at = folder();
  const database = new DatabaseSync(join(at, "a.db"));
  database.exec(`
    CREATE TABLE configtable (KEY VARCHAR NOT NULL, VALUE VARCHAR NOT NULL, VERSION VARCHAR NOT NULL, METADATA JSON);
    INSERT INTO configtable VALUES ('limit', 'ten', '10', '{}'), ('limit', 'nine', '9', NULL), ('flag', 'on', '1', NULL);
  `);
  const store = await open(at, { table: "configtable" });
  expect(await store.get(["limit", "flag"])).toEqual(
    new Map([
      ["flag", { value: "on", version: "1" }],
      ["limit", { value: "ten", version: "10" }],
    ]),
  );
  await store.set?.("limit", "eleven");
  expect((await store.list?.())?.get("limit")).toEqual({ value: "eleven", version: "11" });
  expect(database.prepare("SELECT count(*) AS n FROM configtable").get()).toEqual({ n: 3 });
  database.close();
});

test("what was never set comes from the file of values, as it is at the moment; what was set does not", async () => {
  const at = folder();
  const valuesFile = join(at, "values.json");
  writeFileSync(valuesFile, '\ufeff{"text": "a", "number": 1.5, "yes": true, "list": [1, {"a": "b"}], "none": null}');
  const store = await open(at, { valuesFile });
  const read = async (): Promise<unknown> =>
    Object.fromEntries([...((await store.list?.()) ?? [])].map(([key, { value }]) => [key, value]));
  expect(await read()).toEqual({ text: "a", number: "1.5", yes: "true", list: '[1,{"a":"b"}]' });
  await store.set?.("text", "set");
  writeFileSync(valuesFile, '{"text": "b", "new": "c"}');
  expect(await read()).toEqual({ text: "set", new: "c" });
});

test("a file of values that is named and missing, or is no JSON object, is MISCONFIGURED", async () => {
  const at = folder();
  const valuesFile = join(at, "values.json");
  const store = await open(at, { valuesFile });
  for (const text of [undefined, "{", "[]", '"a"', "null", ""]) {
    if (text !== undefined) writeFileSync(valuesFile, text);
    await expect(store.get(["a"]), text).rejects.toMatchObject({
      code: "MISCONFIGURED",
      message: expect.stringContaining(valuesFile),
    });
  }
});

test("an empty key is refused, and a table's name that is none", async () => {
  const store = await open(folder());
  await expect(store.set?.("", "a")).rejects.toMatchObject({ code: "INVALID" });
  expect(() => create({ name: "s", service: "s", metadata: { table: "a; DROP TABLE b" } })).toThrow("table is letters");
});

test("keys and values that SQL would know are text", async () => {
  const store = await open(folder());
  const keys = ["'; DROP TABLE configuration; --", '"', "%", "_", "a\u0000b", "😀"];
  for (const key of keys) await store.set?.(key, key);
  const found = await store.get(keys);
  for (const key of keys) expect(found.get(key)?.value).toBe(key);
  expect(found.size).toBe(keys.length);
});
