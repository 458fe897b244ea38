// Pub/sub in a SQLite file, which services and processes share. A name is a broker: components of other names on the same file are others.
import {
  type CloudEvent,
  type ComponentOptions,
  type Create,
  type Subscription,
  toDeadLetter,
} from "../../../src/provider.ts";
import { type Broker, createBroker } from "../broker.ts";
import { clockOf } from "../clock.ts";
import { type Database, openDatabase, type Row } from "../database.ts";
import { expiryOf, type Inboxes, type Taken } from "../inboxes.ts";

interface TakenRow extends Taken {
  readonly id: number;
}

/** How long a message stays with a process that says nothing more. */
const lease = 5000;
const pollInterval = 50;

export const create: Create<Broker> = (options) => createBroker(options, inboxesIn(options));

function inboxesIn(options: ComponentOptions): Inboxes<TakenRow> {
  const { name: broker, service } = options;
  const { now } = clockOf(options);
  const owner = crypto.randomUUID();
  let opened: Database | undefined;
  let watcher: (() => void) | undefined;
  let poll: NodeJS.Timeout | undefined;

  function database(): Database {
    opened ??= openDatabase(options, sql.schema);
    return opened;
  }

  function inboxOf({ topic, subscriber }: Subscription): number {
    const [row] = database().all(sql.inbox, { broker, service, topic, subscriber });
    return row ? Number(row["id"]) : 0;
  }

  /** Whose lease a row must still have, so that what another has taken is left alone. */
  function held({ id, attempt }: TakenRow): { id: number; owner: string; attempt: number } {
    return { id, owner, attempt };
  }

  return {
    open(subscriptions) {
      database().transaction(() => {
        database().run(sql.stopReceiving, { broker, service });
        for (const { topic, subscriber } of subscriptions) {
          database().run(sql.receive, { broker, service, topic, subscriber });
        }
      });
    },

    add(topic, events, order) {
      database().transaction(() => {
        for (const event of events) {
          const lane = order ?? null;
          const expires = expiryOf(event) ?? null;
          database().run(sql.add, { broker, topic, ...toColumns(event), lane, expires, now: now() });
        }
      });
      watcher?.();
    },

    nextDue(of) {
      const [row] = database().all(sql.nextDue, { inbox: inboxOf(of), ordered: Number(of.ordered) });
      return row && Number(row["due_at"]);
    },

    take(of, limit) {
      const inbox = inboxOf(of);
      const time = now();
      const rows = database().transaction(() => {
        database().run(sql.letGo, { inbox, now: time });
        database().run(sql.buryExhausted, { inbox, now: time, attempts: of.attempts });
        database().run(sql.removeExhausted, { inbox, now: time, attempts: of.attempts });
        return database().all(sql.take, {
          inbox,
          now: time,
          until: time + lease,
          owner,
          ordered: Number(of.ordered),
          limit,
        });
      });
      return rows.map(toTaken).sort((a, b) => a.id - b.id);
    },

    renew(taken) {
      const ids = JSON.stringify(taken.map(({ id }) => id));
      database().run(sql.renew, { ids, owner, until: now() + lease });
    },

    remove: (taken) => database().run(sql.remove, held(taken)),

    postpone: (taken, notBefore) => database().run(sql.postpone, { ...held(taken), notBefore }),

    bury(taken, reason) {
      database().transaction(() => {
        database().run(sql.bury, { ...held(taken), reason, now: now() });
        database().run(sql.remove, held(taken));
      });
    },

    release(taken) {
      for (const each of taken) database().run(sql.postpone, { ...held(each), notBefore: now() });
    },

    *dead(of) {
      const inbox = inboxOf(of);
      for (let after: number | undefined = 0; after !== undefined; ) {
        const rows: readonly Row[] = database().all(sql.dead, { inbox, after });
        for (const row of rows) yield toLetter(row, of);
        after = rows.length > 0 ? Number(rows.at(-1)?.["id"]) : undefined;
      }
    },

    redrive(of, id) {
      const inbox = inboxOf(of);
      const found = database().transaction(() => {
        database().run(sql.redrive, { inbox, event: id, now: now() });
        return database().run(sql.removeDead, { inbox, event: id }) > 0;
      });
      watcher?.();
      return found;
    },

    watch(wake) {
      watcher = wake;
      let version = versionOf(database());
      poll = setInterval(() => {
        const present = versionOf(database());
        if (present !== version) wake();
        version = present;
      }, pollInterval);
    },

    close() {
      clearInterval(poll);
      watcher = undefined;
      opened?.close();
      opened = undefined;
    },
  };
}

/** Moves when another connection writes. Where it cannot be read it has moved: whoever then looks hears why. */
function versionOf(database: Database): unknown {
  try {
    return database.all("PRAGMA data_version")[0]?.["data_version"];
  } catch {
    return Symbol("unknown");
  }
}

function toColumns({ data, ...attributes }: CloudEvent): {
  id: string;
  attributes: string;
  data: string | Uint8Array | null;
} {
  return {
    id: attributes.id,
    attributes: JSON.stringify(attributes),
    data: data ? ("json" in data ? data.json : data.bytes) : null,
  };
}

function toEvent(row: Row): CloudEvent {
  const attributes: Omit<CloudEvent, "data"> = JSON.parse(String(row["attributes"]));
  const data = row["data"];
  if (typeof data === "string") return { ...attributes, data: { json: data } };
  return data instanceof Uint8Array ? { ...attributes, data: { bytes: data } } : attributes;
}

function toTaken(row: Row): TakenRow {
  const taken = { id: Number(row["id"]), event: toEvent(row), attempt: Number(row["attempt"]) };
  return row["lane"] === null ? taken : { ...taken, order: String(row["lane"]) };
}

function toLetter(row: Row, { subscriber }: Subscription): CloudEvent {
  const death = { reason: String(row["reason"]), attempt: Number(row["attempt"]), function: subscriber };
  return toDeadLetter(toEvent(row), death);
}

/** What may be taken once it is due: in an ordered inbox, the first of each lane. */
const isHead = `(:ordered = 0 OR lane IS NULL OR NOT EXISTS (
  SELECT 1 FROM pubsub_message AS earlier
  WHERE earlier.inbox = message.inbox AND earlier.lane = message.lane AND earlier.id < message.id))`;
const isHeld = "id = :id AND owner = :owner AND attempt = :attempt";
const isExhausted = "inbox = :inbox AND due_at <= :now AND attempt >= :attempts";
const firstOfEvent = "(SELECT min(id) FROM pubsub_dead_letter WHERE inbox = :inbox AND event = :event)";

/** Times are Unix milliseconds. A message that was taken is due again when its lease ends, so a lapsed lease needs no sweep. */
const sql = {
  schema: `
    CREATE TABLE IF NOT EXISTS pubsub_inbox (
      id INTEGER PRIMARY KEY,
      broker TEXT NOT NULL,
      service TEXT NOT NULL,
      topic TEXT NOT NULL,
      subscriber TEXT NOT NULL,
      receiving INTEGER NOT NULL,
      UNIQUE (broker, service, topic, subscriber)
    );
    CREATE TABLE IF NOT EXISTS pubsub_message (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      inbox INTEGER NOT NULL,
      lane TEXT,
      event TEXT NOT NULL,
      attributes TEXT NOT NULL,
      data,
      expires_at INTEGER,
      due_at INTEGER NOT NULL,
      attempt INTEGER NOT NULL DEFAULT 0,
      owner TEXT
    );
    CREATE INDEX IF NOT EXISTS pubsub_message_due ON pubsub_message (inbox, due_at);
    CREATE INDEX IF NOT EXISTS pubsub_message_lane ON pubsub_message (inbox, lane, id);
    CREATE TABLE IF NOT EXISTS pubsub_dead_letter (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      inbox INTEGER NOT NULL,
      lane TEXT,
      event TEXT NOT NULL,
      attributes TEXT NOT NULL,
      data,
      reason TEXT NOT NULL,
      attempt INTEGER NOT NULL,
      died_at INTEGER NOT NULL
    );
    CREATE INDEX IF NOT EXISTS pubsub_dead_letter_event ON pubsub_dead_letter (inbox, event)`,

  inbox: `
    SELECT id FROM pubsub_inbox
    WHERE broker = :broker AND service = :service AND topic = :topic AND subscriber = :subscriber`,
  stopReceiving: "UPDATE pubsub_inbox SET receiving = 0 WHERE broker = :broker AND service = :service",
  receive: `
    INSERT INTO pubsub_inbox (broker, service, topic, subscriber, receiving)
    VALUES (:broker, :service, :topic, :subscriber, 1)
    ON CONFLICT DO UPDATE SET receiving = 1`,

  add: `
    INSERT INTO pubsub_message (inbox, lane, event, attributes, data, expires_at, due_at)
    SELECT id, :lane, :id, :attributes, :data, :expires, :now FROM pubsub_inbox
    WHERE broker = :broker AND topic = :topic AND receiving = 1`,

  nextDue: `
    SELECT due_at FROM pubsub_message AS message WHERE inbox = :inbox AND ${isHead}
    ORDER BY due_at LIMIT 1`,
  letGo: "DELETE FROM pubsub_message WHERE inbox = :inbox AND due_at <= :now AND expires_at <= :now",
  buryExhausted: `
    INSERT INTO pubsub_dead_letter (inbox, lane, event, attributes, data, reason, attempt, died_at)
    SELECT inbox, lane, event, attributes, data, 'platform', attempt, :now FROM pubsub_message WHERE ${isExhausted}`,
  removeExhausted: `DELETE FROM pubsub_message WHERE ${isExhausted}`,
  take: `
    UPDATE pubsub_message SET owner = :owner, due_at = :until, attempt = attempt + 1
    WHERE id IN (
      SELECT id FROM pubsub_message AS message WHERE inbox = :inbox AND due_at <= :now AND ${isHead}
      ORDER BY due_at, id LIMIT :limit)
    RETURNING id, lane, attributes, data, attempt`,

  renew: `
    UPDATE pubsub_message SET due_at = :until
    WHERE owner = :owner AND id IN (SELECT value FROM json_each(:ids))`,
  remove: `DELETE FROM pubsub_message WHERE ${isHeld}`,
  postpone: `UPDATE pubsub_message SET owner = NULL, due_at = :notBefore WHERE ${isHeld}`,
  bury: `
    INSERT INTO pubsub_dead_letter (inbox, lane, event, attributes, data, reason, attempt, died_at)
    SELECT inbox, lane, event, attributes, data, :reason, attempt, :now FROM pubsub_message WHERE ${isHeld}`,

  dead: "SELECT * FROM pubsub_dead_letter WHERE inbox = :inbox AND id > :after ORDER BY id LIMIT 100",
  redrive: `
    INSERT INTO pubsub_message (inbox, lane, event, attributes, data, due_at)
    SELECT inbox, lane, event, attributes, data, :now FROM pubsub_dead_letter WHERE id = ${firstOfEvent}`,
  removeDead: `DELETE FROM pubsub_dead_letter WHERE id = ${firstOfEvent}`,
} as const;
