// Settings in a SQLite file, in the columns of Dapr's configuration.postgresql.
// https://docs.dapr.io/reference/components-reference/supported-configuration-stores/postgresql-configuration-store/
import {
  type ComponentOptions,
  type ConfigurationItem,
  type ConfigurationStore,
  type Create,
  FaastenError,
  setting,
} from "../../../src/provider.ts";
import { type Database, openDatabase, type Row, tableName } from "../database.ts";

/** What was never set has its value from the `valuesFile`, which is read anew each time. Of a key with several rows, the highest version counts, as in Dapr. */
export const create: Create<ConfigurationStore> = (options) => {
  const sql = statements(options);
  const values = valuesOf(options);
  let opened: Database | undefined;
  const database = (): Database => {
    opened ??= openDatabase(options, sql.schema);
    return opened;
  };

  function read(
    rows: readonly Row[],
    beginning: Iterable<readonly [string, ConfigurationItem]>,
  ): ReadonlyMap<string, ConfigurationItem> {
    const found = new Map(beginning);
    for (const { key, value, version } of rows)
      found.set(String(key), { value: String(value), version: String(version) });
    return found;
  }

  return {
    async get(keys, { signal } = {}) {
      signal?.throwIfAborted();
      const wanted = new Set(keys);
      const beginning = [...(await values())].filter(([key]) => wanted.has(key));
      return read(database().all(sql.get, { keys: JSON.stringify(keys) }), beginning);
    },

    async list({ signal } = {}) {
      signal?.throwIfAborted();
      return read(database().all(sql.list), await values());
    },

    async set(key, value, { signal } = {}) {
      signal?.throwIfAborted();
      if (key === "") throw new FaastenError("INVALID", `component "${options.name}": a key cannot be empty`);
      return database().transaction(() => {
        const before = database().all(sql.highest, { key })[0]?.["version"] ?? null;
        const version = String(Number(before ?? 0) + 1);
        const bindings = { key, value, version };
        if (before === null) database().run(sql.insert, bindings);
        else database().run(sql.update, { ...bindings, before });
        return { value, version };
      });
    },

    async close() {
      opened?.close();
      opened = undefined;
    },
  };
};

type Statement = "schema" | "get" | "list" | "highest" | "insert" | "update";

function statements(options: ComponentOptions): Record<Statement, string> {
  // As for state: a table for each component where the file is ours.
  const own = setting(options, "connectionString") === undefined ? `_${options.name.replace(/[^a-z0-9]/gi, "_")}` : "";
  const table = tableName(options, "table", `configuration${own}`);
  // A table of the user's may have its names in capitals.
  const columns = "key AS key, value AS value, version AS version";
  const order = "ORDER BY CAST(version AS INTEGER)";
  return {
    schema: `
      CREATE TABLE IF NOT EXISTS ${table} (
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        version TEXT NOT NULL,
        metadata TEXT,
        PRIMARY KEY (key, version)
      )`,
    get: `SELECT ${columns} FROM ${table} WHERE key IN (SELECT value FROM json_each(:keys)) ${order}`,
    list: `SELECT ${columns} FROM ${table} ${order}, key`,
    highest: `SELECT version AS version FROM ${table} WHERE key = :key ${order} DESC LIMIT 1`,
    insert: `INSERT INTO ${table} (key, value, version) VALUES (:key, :value, :version)`,
    update: `UPDATE ${table} SET value = :value, version = :version WHERE key = :key AND version = :before`,
  };
}

/** The file that YAML names has to be there; the usual one may be. */
function valuesOf(options: ComponentOptions): () => Promise<ReadonlyMap<string, ConfigurationItem>> {
  const named = setting(options, "valuesFile");
  const file = named ?? "configuration.json";
  const refuse = (why: string, cause?: unknown): never => {
    throw new FaastenError("MISCONFIGURED", `component "${options.name}": valuesFile ${file} ${why}`, { cause });
  };
  return async () => {
    const { readFile } = process.getBuiltinModule("node:fs/promises");
    const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) =>
      named === undefined && cause.code === "ENOENT" ? "{}" : refuse(`cannot be read (${cause.message})`, cause),
    );
    const content = parse(text);
    if (typeof content !== "object" || content === null || Array.isArray(content))
      return refuse('is no JSON object, such as {"flag": "on"}');
    return new Map(
      Object.entries(content)
        .filter(([, value]) => value !== null)
        .map(([key, value]) => [key, { value: typeof value === "string" ? value : JSON.stringify(value) }]),
    );
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    return undefined;
  }
}
