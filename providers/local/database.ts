// A SQLite file that several components and processes share: opened on first use, its errors made ours.
// https://nodejs.org/api/sqlite.html
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { type ComponentOptions, duration, FaastenError, flag, setting } from "../../src/provider.ts";

export type Row = Readonly<Record<string, SQLOutputValue>>;
export type Bindings = Readonly<Record<string, SQLInputValue>>;

export interface Database {
  /** Runs one statement and returns its rows. */
  all(sql: string, bindings?: Bindings): readonly Row[];
  /** Runs one statement and returns how many rows it changed. */
  run(sql: string, bindings?: Bindings): number;
  /** All that `work` writes, or, if it throws, nothing. It must not wait for anything. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/**
 * The file that the component's `connectionString` names, with its `schema` in it. The schema's statements must be
 * repeatable: every process runs them. A call waits for other processes as long as `busyTimeout` and `timeout` allow, and
 * holds up this one meanwhile.
 */
export function openDatabase(options: ComponentOptions, schema: string): Database {
  const path = setting(options, "connectionString") ?? ".faasten/local/faasten.db";
  const guarded = <T>(work: () => T): T => guard(work, `component "${options.name}": the SQLite database ${path}`);
  const wait = Math.min(duration(options, "busyTimeout", 2000), duration(options, "timeout", 20_000));
  const database = guarded(() => open(path, wait));
  const statements = new Map<string, StatementSync>();

  function statement(sql: string): StatementSync {
    const prepared = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, prepared);
    return prepared;
  }

  function transaction<T>(work: () => T): T {
    guarded(() => database.exec("BEGIN IMMEDIATE"));
    try {
      const result = work();
      guarded(() => database.exec("COMMIT"));
      return result;
    } finally {
      if (database.isTransaction) database.exec("ROLLBACK");
    }
  }

  try {
    guarded(() => prepareFile(database, schema, wait, flag(options, "disableWAL")));
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    all: (sql, bindings = {}) => guarded(() => statement(sql).all(bindings)),
    run: (sql, bindings = {}) => guarded(() => Number(statement(sql).run(bindings).changes)),
    transaction,
    close: () => database.close(),
  };
}

/** A table's name out of the metadata. It cannot be bound as a value, so it is letters, digits and underscores. */
export function tableName(options: ComponentOptions, name: string, fallback: string): string {
  const table = setting(options, name) ?? fallback;
  if (/^[a-z_][a-z0-9_]*$/i.test(table)) return table;
  throw new FaastenError(
    "MISCONFIGURED",
    `component "${options.name}": ${name} is letters, digits and underscores, and not "${table}"`,
  );
}

function open(path: string, wait: number): DatabaseSync {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  // As daprd reads it: options behind a `?` make it a URI.
  const location = path.includes("?") && !path.startsWith("file:") ? `file:${path}` : path;
  makeFolder(location);
  return new DatabaseSync(location, { timeout: wait });
}

function makeFolder(location: string): void {
  const { mkdirSync } = process.getBuiltinModule("node:fs");
  const { dirname } = process.getBuiltinModule("node:path");
  const [, file = location] = /^file:(?:\/\/[^/]*)?([^?#]*)/.exec(location) ?? [];
  if (file === "" || file.startsWith(":memory:") || location.includes("mode=memory")) return;
  mkdirSync(dirname(file === location ? file : decodeURIComponent(file)), { recursive: true });
}

function prepareFile(database: DatabaseSync, schema: string, wait: number, disableWal: boolean): void {
  const until = Date.now() + wait;
  const wal = disableWal ? "" : "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";
  for (;;) {
    try {
      database.exec(`${wal} BEGIN IMMEDIATE; ${schema}; COMMIT`);
      return;
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      // Turning WAL on does not wait for other processes that do the same.
      if (codeOf(error) !== busy || Date.now() >= until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

function guard<T>(work: () => T, what: string): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FaastenError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const [code, hint] = meanings[codeOf(error) ?? ""] ?? ["INTERNAL", "failed"];
    throw new FaastenError(code, `${what} ${hint} (${message})`, { cause: error });
  }
}

/** SQLite's primary result code, or the system's error name. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  if ("errcode" in error && typeof error.errcode === "number") return String(error.errcode & 0xff);
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const busy = "5";
const unusable = ["MISCONFIGURED", "cannot be opened: check connectionString and the rights on its folder"] as const;
const damaged = ["MISCONFIGURED", "is no database, or a damaged one: restore it, or move it away"] as const;

/** https://sqlite.org/rescode.html */
const meanings: Readonly<Record<string, readonly [FaastenError["code"], string]>> = {
  [busy]: ["UNAVAILABLE", "is held by another process for longer than busyTimeout"],
  6: ["UNAVAILABLE", "is held by another connection"],
  3: unusable,
  8: ["MISCONFIGURED", "is read-only: check the rights on the file and its folder"],
  10: ["UNAVAILABLE", "cannot be read or written"],
  11: damaged,
  13: ["UNAVAILABLE", "is full: make room on its disk"],
  14: unusable,
  26: damaged,
  EACCES: unusable,
  ENOTDIR: unusable,
  EEXIST: unusable,
  EROFS: unusable,
};
