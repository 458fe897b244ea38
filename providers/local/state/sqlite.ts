// State in a SQLite file, in the tables and columns that daprd keeps, so that both can share the file.
// https://docs.dapr.io/reference/components-reference/supported-state-stores/setup-sqlite/
import {
  type ComponentOptions,
  type Condition,
  type Create,
  checkKey,
  checkOperations,
  duration,
  type StateEntry,
  type StateStore,
  setting,
  type Value,
} from "../../../src/provider.ts";
import { type Database, openDatabase, type Row, tableName } from "../database.ts";

export const create: Create<StateStore> = (options) => {
  const where = `state component "${options.name}"`;
  const sql = statements(options);
  const cleanupInterval = duration(options, "cleanupInterval", 0);
  let opened: Database | undefined;
  let sweeper: NodeJS.Timeout | undefined;

  function database(): Database {
    if (opened) return opened;
    opened = openDatabase(options, sql.schema);
    if (cleanupInterval > 0) sweeper = setInterval(sweep, cleanupInterval).unref();
    return opened;
  }

  function holds(key: string, { ifEtag, ifAbsent }: Condition): boolean {
    const etag = database().all(sql.etag, { key })[0]?.["etag"];
    return ifAbsent ? etag === undefined : ifEtag === undefined || etag === ifEtag;
  }

  function put(key: string, value: Value, expiresAt?: number): string {
    const etag = crypto.randomUUID();
    database().run(sql.put, { key, ...toColumns(value), etag, expires: toSeconds(expiresAt) });
    return etag;
  }

  function sweep(): void {
    try {
      database().run(sql.sweep);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }

  return {
    async get(key, options) {
      options?.signal?.throwIfAborted();
      checkKey(key, where);
      const [row] = database().all(sql.get, { key });
      return row && toEntry(row);
    },

    async set(key, value, options = {}) {
      options.signal?.throwIfAborted();
      checkKey(key, where);
      return database().transaction(() => (holds(key, options) ? put(key, value, options.expiresAt) : undefined));
    },

    async delete(key, options = {}) {
      options.signal?.throwIfAborted();
      checkKey(key, where);
      return database().transaction(() => {
        const allowed = holds(key, options);
        if (allowed) database().run(sql.delete, { key });
        return allowed;
      });
    },

    async getMany(keys, options) {
      options?.signal?.throwIfAborted();
      for (const key of keys) checkKey(key, where);
      const rows = database().all(sql.getMany, { keys: JSON.stringify(keys) });
      return new Map(rows.map((row) => [String(row["key"]), toEntry(row)]));
    },

    async *list(prefix, { after = "", signal } = {}) {
      // No key is longer than 255 bytes, so none that begins with the prefix lies behind this.
      const last = prefix + "\u{10ffff}".repeat(64);
      for (let from: string | undefined = after; from !== undefined; ) {
        signal?.throwIfAborted();
        const keys: readonly string[] = database()
          .all(sql.list, { prefix, after: from, last })
          .map((row) => String(row["key"]));
        yield* keys;
        from = keys.at(-1);
      }
    },

    async transact(_partition, operations, options) {
      options?.signal?.throwIfAborted();
      checkOperations(operations, where);
      return database().transaction(() => {
        if (!operations.every((operation) => holds(operation.key, operation))) return false;
        for (const operation of operations) {
          if (operation.kind === "delete") database().run(sql.delete, { key: operation.key });
          else put(operation.key, operation.value, operation.expiresAt);
        }
        return true;
      });
    },

    async close() {
      clearInterval(sweeper);
      opened?.close();
      opened = undefined;
    },
  };
};

type Statement = "schema" | "get" | "getMany" | "etag" | "put" | "delete" | "list" | "sweep";

/** `expiration_time` is UTC to the second. Columns are named, because a daprd may have added its own. */
function statements(options: ComponentOptions): Record<Statement, string> {
  // Dapr's names in a file of the user's; in ours, a table for each component, since one file holds them all.
  const own = setting(options, "connectionString") === undefined ? `_${options.name.replace(/[^a-z0-9]/gi, "_")}` : "";
  const state = tableName(options, "tableName", `state${own}`);
  const metadata = tableName(options, "metadataTableName", `metadata${own}`);
  const columns = "value, is_binary, etag, unixepoch(expiration_time) AS expires";
  const live = "(expiration_time IS NULL OR expiration_time > CURRENT_TIMESTAMP)";
  return {
    schema: `
      CREATE TABLE IF NOT EXISTS ${metadata} (key text NOT NULL PRIMARY KEY, value text NOT NULL);
      CREATE TABLE IF NOT EXISTS ${state} (
        key TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL,
        is_binary BOOLEAN NOT NULL,
        etag TEXT NOT NULL,
        expiration_time TIMESTAMP DEFAULT NULL,
        update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
      );
      INSERT OR IGNORE INTO ${metadata} (key, value) VALUES ('migrations', '1')`,
    get: `SELECT ${columns} FROM ${state} WHERE key = :key AND ${live}`,
    getMany: `SELECT key, ${columns} FROM ${state} WHERE key IN (SELECT value FROM json_each(:keys)) AND ${live}`,
    etag: `SELECT etag FROM ${state} WHERE key = :key AND ${live}`,
    put: `
      INSERT INTO ${state} (key, value, is_binary, etag, expiration_time)
      VALUES (:key, :value, :isBinary, :etag, datetime(:expires, 'unixepoch'))
      ON CONFLICT (key) DO UPDATE SET
        value = excluded.value,
        is_binary = excluded.is_binary,
        etag = excluded.etag,
        expiration_time = excluded.expiration_time,
        update_time = CURRENT_TIMESTAMP`,
    delete: `DELETE FROM ${state} WHERE key = :key`,
    list: `
      SELECT key FROM ${state} WHERE key >= max(:prefix, :after) AND key <= :last AND key <> :after AND ${live}
      ORDER BY key LIMIT 500`,
    sweep: `DELETE FROM ${state} WHERE expiration_time <= CURRENT_TIMESTAMP`,
  };
}

function toColumns(value: Value): { value: string; isBinary: number } {
  return "json" in value
    ? { value: value.json, isBinary: 0 }
    : { value: Buffer.from(value.bytes).toString("base64"), isBinary: 1 };
}

function toEntry(row: Row): StateEntry {
  const stored = String(row["value"]);
  const value = row["is_binary"] ? { bytes: new Uint8Array(Buffer.from(stored, "base64")) } : { json: stored };
  const entry = { value, etag: String(row["etag"]) };
  return row["expires"] === null ? entry : { ...entry, expiresAt: Number(row["expires"]) * 1000 };
}

/** Whole seconds, rounded up, within what SQLite's `datetime` can write. */
function toSeconds(expiresAt: number | undefined): number | null {
  return expiresAt === undefined ? null : Math.min(Math.max(Math.ceil(expiresAt / 1000), 0), 253_402_300_799);
}
