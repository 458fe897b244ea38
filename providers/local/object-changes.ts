// What comes and goes below a root, as events in inboxes that last. What nobody told of is found by looking: files put there by
// hand, and what a process that died had no time to tell.
import type { BindingInput, CloudEvent, ObjectChange, PubSub, Subscription } from "../../src/provider.ts";
import { type Database, openDatabase } from "./database.ts";
import type { Found, ObjectFiles } from "./object-files.ts";

export interface Changes {
  /** Tells of what was written, or removed; does nothing where nobody has ever listened. */
  tell(key: string, now: Found | undefined): Promise<void>;
  /** While it runs, looking leaves this key alone: its end tells of it. */
  during<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Looks, and goes on looking. What was there before the first time is no news. */
  watch(): Promise<void>;
  close(): Promise<void>;
}

export interface ChangesOptions {
  /** The component's, as the events' source says it. */
  readonly name: string;
  readonly files: ObjectFiles;
  /** The file that holds the inboxes; others may have made it. */
  readonly database: () => Promise<string>;
  readonly broker: () => Promise<PubSub>;
}

/** All changes are events of this one topic. */
export const changesTopic = "objects";

/** Where they wait for one input. */
export function changesFor({ subscriber, attempts }: BindingInput): Subscription {
  return { topic: changesTopic, subscriber, attempts, ordered: false };
}

const lookInterval = 250;
/** A file that is still being copied is not taken yet. */
const settled = 150;

export function createChanges({ name, files, database, broker }: ChangesOptions): Changes {
  const busy = new Map<string, number>();
  let opened: Database | undefined;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let closing = false;
  let failing = false;

  async function known(): Promise<Database> {
    const connectionString = await database();
    opened ??= openDatabase({ name, service: "", metadata: { connectionString } }, sql.schema);
    return opened;
  }

  /** The event first: whoever dies in between tells of it twice. */
  async function tell(key: string, now: Found | undefined): Promise<void> {
    const db = await known();
    await (await broker()).publish(changesTopic, changeOf(name, key, now));
    if (now) db.run(sql.keep, { key, version: now.version });
    else db.run(sql.forget, { key });
  }

  async function look(): Promise<void> {
    const db = await known();
    const before = new Map(db.all(sql.all).map((row) => [String(row["key"]), String(row["version"])]));
    const found = await files.list();
    if (!before.delete(begun)) {
      db.transaction(() => {
        for (const { key, version } of found) db.run(sql.keep, { key, version });
        db.run(sql.keep, { key: begun, version: begun });
      });
      return;
    }
    for (const one of found) {
      const version = before.get(one.key);
      before.delete(one.key);
      if (version === one.version || busy.has(one.key) || closing) continue;
      if (Math.abs(Date.now() - one.modifiedAt) >= settled && isStill(db, one.key, version)) await tell(one.key, one);
    }
    for (const [key, version] of before) {
      if (!busy.has(key) && !closing && isStill(db, key, version)) await tell(key, undefined);
    }
  }

  /** Whether nobody has told of it since. */
  function isStill(db: Database, key: string, version: string | undefined): boolean {
    return db.all(sql.one, { key })[0]?.["version"] === version;
  }

  function again(pause: number): void {
    if (closing) return;
    timer = setTimeout(() => {
      const started = Date.now();
      // A folder of many files is looked at less often.
      looking = tryToLook().then(() => again(Math.max(lookInterval, (Date.now() - started) * 10)));
    }, pause);
  }

  /** No caller is there to hear of a failure: it is told once as a warning, and tried again. */
  async function tryToLook(): Promise<void> {
    try {
      await look();
      failing = false;
    } catch (error) {
      if (!failing) process.emitWarning(error instanceof Error ? error : String(error));
      failing = true;
    }
  }

  return {
    async tell(key, now) {
      const { existsSync } = process.getBuiltinModule("node:fs");
      if (existsSync(await database())) await tell(key, now);
    },

    async during(key, work) {
      busy.set(key, (busy.get(key) ?? 0) + 1);
      try {
        return await work();
      } finally {
        const left = (busy.get(key) ?? 1) - 1;
        if (left > 0) busy.set(key, left);
        else busy.delete(key);
      }
    },

    async watch() {
      await look();
      if (!timer) again(lookInterval);
    },

    async close() {
      closing = true;
      clearTimeout(timer);
      await looking;
      opened?.close();
      opened = undefined;
    },
  };
}

/** `now`: what is there; `undefined`: it has gone. */
export function changeOf(name: string, key: string, now: Pick<Found, "size"> | undefined): CloudEvent {
  const change: ObjectChange = now ? { change: "created", key, size: now.size } : { change: "deleted", key };
  return {
    specversion: "1.0",
    id: crypto.randomUUID(),
    source: `bindings/${name}`,
    type: `object.${change.change}`,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    data: { json: JSON.stringify(change) },
  };
}

/** The row that says that the folder was looked at before: no key is empty. */
const begun = "";

const sql = {
  schema: "CREATE TABLE IF NOT EXISTS binding_object (key TEXT PRIMARY KEY, version TEXT NOT NULL) WITHOUT ROWID",
  all: "SELECT key, version FROM binding_object",
  one: "SELECT version FROM binding_object WHERE key = :key",
  keep: `INSERT INTO binding_object (key, version) VALUES (:key, :version)
    ON CONFLICT DO UPDATE SET version = excluded.version`,
  forget: "DELETE FROM binding_object WHERE key = :key",
} as const;
