// State in this process's memory: the reference for what a store does.
// https://docs.dapr.io/reference/components-reference/supported-state-stores/setup-inmemory/
import {
  type ComponentOptions,
  type Condition,
  type Create,
  checkKey,
  checkOperations,
  flag,
  type ReadOptions,
  type StateEntry,
  type StateOperation,
  type StateStore,
  type Value,
} from "../../../src/provider.ts";
import { clockOf } from "../clock.ts";

/** What a store holds. Clients made on the same data are clients of the same store. */
export type Data = Map<string, Slot>;

interface Slot {
  readonly entry?: StateEntry;
  /** As it was before its last write: what `staleReads` shows to eventual readers. */
  readonly before?: StateEntry;
}

export const create: Create<StateStore> = (options) => createOn(new Map(), options);

/** With `staleReads`, for tests: an eventual read sees the entry as it was before its last write. */
export function createOn(data: Data, options: ComponentOptions): StateStore {
  const where = `state component "${options.name}"`;
  const staleReads = flag(options, "staleReads");
  const { now } = clockOf(options);
  const client = Math.random().toString(36).slice(2);
  let writes = 0;

  function read(key: string, readOptions?: ReadOptions): StateEntry | undefined {
    const slot = data.get(key);
    const stale = staleReads && readOptions?.consistency === "eventual";
    const entry = stale ? slot?.before : slot?.entry;
    return entry && (entry.expiresAt === undefined || entry.expiresAt > now()) ? entry : undefined;
  }

  function holds(key: string, { ifEtag, ifAbsent }: Condition): boolean {
    const entry = read(key);
    return ifAbsent ? entry === undefined : ifEtag === undefined || entry?.etag === ifEtag;
  }

  function write(key: string, entry?: StateEntry): void {
    const before = data.get(key)?.entry;
    if (staleReads && before) data.set(key, entry ? { entry, before } : { before });
    else if (entry) data.set(key, { entry });
    else data.delete(key);
  }

  function put(key: string, value: Value, expiresAt?: number): string {
    const etag = `${client}-${++writes}`;
    const kept = { value: copy(value), etag };
    write(key, expiresAt === undefined ? kept : { ...kept, expiresAt: Math.ceil(expiresAt / 1000) * 1000 });
    return etag;
  }

  return {
    async get(key, options) {
      options?.signal?.throwIfAborted();
      checkKey(key, where);
      return copied(read(key, options));
    },

    async set(key, value, options = {}) {
      options.signal?.throwIfAborted();
      checkKey(key, where);
      return holds(key, options) ? put(key, value, options.expiresAt) : undefined;
    },

    async delete(key, options = {}) {
      options.signal?.throwIfAborted();
      checkKey(key, where);
      const allowed = holds(key, options);
      if (allowed) write(key);
      return allowed;
    },

    async getMany(keys, options) {
      options?.signal?.throwIfAborted();
      const found = new Map<string, StateEntry>();
      for (const key of keys) {
        checkKey(key, where);
        const entry = copied(read(key, options));
        if (entry) found.set(key, entry);
      }
      return found;
    },

    async *list(prefix, { after, signal } = {}) {
      const keys = [...data.keys()].filter((key) => key.startsWith(prefix)).sort(byBytes);
      for (const key of keys) {
        signal?.throwIfAborted();
        if (read(key) && (after === undefined || byBytes(key, after) > 0)) yield key;
      }
    },

    async transact(_partition, operations, options) {
      options?.signal?.throwIfAborted();
      checkOperations(operations, where);
      if (!operations.every((operation) => holds(operation.key, operation))) return false;
      for (const operation of operations) carryOut(operation);
      return true;
    },
  };

  function carryOut(operation: StateOperation): void {
    if (operation.kind === "delete") write(operation.key);
    else put(operation.key, operation.value, operation.expiresAt);
  }
}

function copied(entry: StateEntry | undefined): StateEntry | undefined {
  return entry && { ...entry, value: copy(entry.value) };
}

function copy(value: Value): Value {
  return "bytes" in value ? { bytes: new Uint8Array(value.bytes) } : value;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
