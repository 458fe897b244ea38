// Typed keys and values over a StateStore.
import type { CallOptions, Component, Value } from "../contracts/component.ts";
import type { Grant, Invocation } from "../contracts/function.ts";
import type { Condition, Etag, ReadOptions, StateEntry, StateOperation, StateStore } from "../contracts/state.ts";
import { type ErrorCode, FaastenError, notHere } from "../errors.ts";
import { backOff } from "./backoff.ts";
import { type Duration, toMilliseconds } from "./duration.ts";
import { type Input, type Output, parse, type Schema } from "./schema.ts";
import { toValue } from "./value.ts";

export interface Entry<T> {
  readonly value: T;
  readonly etag: Etag;
}

export interface ReadChoice {
  /** `eventual` may show an older value and costs less on some clouds. Strong if left out. */
  readonly consistency?: "strong" | "eventual";
}

export type WriteChoice = Condition & {
  /** How long the entry lives; left out: for ever. Whole seconds, rounded up. */
  readonly ttl?: Duration;
};

export interface StateReader<T> {
  /** The entry, or `undefined` if there is none or it has expired. */
  get(key: string, choice?: ReadChoice): Promise<Entry<T> | undefined>;
  /** Those of the keys that there are. */
  getMany(keys: readonly string[], choice?: ReadChoice): Promise<ReadonlyMap<string, Entry<T>>>;
}

export interface StateLister<T> extends StateReader<T> {
  /** Keys that begin with `prefix`, in UTF-8 order. Throws `UNSUPPORTED` where the store reads no range. */
  list(prefix?: string, choice?: { readonly after?: string }): AsyncIterable<string>;
}

/** Two writes that hold together, or do not happen. */
export type Change<In> =
  | ({ readonly set: string; readonly value: In; readonly ttl?: Duration } & Condition)
  | ({ readonly delete: string } & Condition);

export interface State<T, In = T> extends StateReader<T> {
  /** Writes and gives the new etag. Throws `CONFLICT` if `ifEtag`, `ALREADY_EXISTS` if `ifAbsent` does not hold: nothing is written. */
  set(key: string, value: In, choice?: WriteChoice): Promise<Etag>;
  /** Removes the entry. Throws `CONFLICT` if `ifEtag` does not hold; removing what is not there is no error. */
  delete(key: string, choice?: { readonly ifEtag?: Etag }): Promise<void>;
  /**
   * Reads strongly, changes and writes back; again on a conflict, until the invocation's deadline (`CONFLICT`). `change`
   * may run several times. An entry's lifetime is kept unless `ttl` is given.
   */
  update(
    key: string,
    change: (current: T | undefined) => In | Promise<In>,
    choice?: { readonly ttl?: Duration },
  ): Promise<Entry<T>>;
  /** All of the changes, or none and `CONFLICT`. At most 100, each key once; `UNSUPPORTED` where the store cannot. */
  transact(partition: string, changes: readonly Change<In>[]): Promise<void>;
}

export interface StateDeclaration<T, In = T> {
  readonly name: string;
  readonly read: Grant<StateReader<T>>;
  readonly readWrite: Grant<State<T, In>>;
  readonly list: Grant<StateLister<T>>;
}

export interface StateChoice {
  /** The component that holds this key space; left out: the one of this name, alone. */
  readonly component?: string;
}

/** A store by its component's name. With a schema, what is written must fit it, and what is read is parsed by it. */
export function state<S extends Schema>(
  name: string,
  options: StateChoice & { readonly schema: S },
): StateDeclaration<Output<S>, Input<S>>;
export function state<T = unknown>(name: string, options?: StateChoice): StateDeclaration<T>;
/* @__NO_SIDE_EFFECTS__ */
export function state(
  name: string,
  options: StateChoice & { readonly schema?: Schema } = {},
): StateDeclaration<unknown> {
  const component = options.component ?? name;
  const space = options.component === undefined ? "" : `${name}/`;
  const common = { block: "state", component } as const;
  const within = spaceOf(name, space, options.schema);
  return {
    name,
    read: { ...common, right: "read", open: (open, invocation) => reader(within(open, invocation)) },
    readWrite: {
      ...common,
      right: "readWrite",
      open: import.meta.without?.readWrite ? notHere : (open, invocation) => writer(within(open, invocation)),
    },
    list: {
      ...common,
      right: "list",
      open: import.meta.without?.list ? notHere : (open, invocation) => lister(within(open, invocation)),
    },
  };
}

/** How a declaration's keys and values lie in its store, and how one run calls it. */
interface Space {
  readonly prefix: string;
  readonly invocation: Invocation;
  store(): StateStore | Promise<StateStore>;
  calling(): CallOptions;
  until(ttl: Duration | undefined): { readonly expiresAt?: number };
  reading(choice?: ReadChoice): ReadOptions;
  toEntry(key: string, found: StateEntry): Promise<Entry<unknown>>;
  toStored(key: string, value: unknown): Promise<Value>;
  failed(code: ErrorCode, why: string): FaastenError;
}

function spaceOf(
  name: string,
  prefix: string,
  schema: Schema | undefined,
): (open: () => Component | Promise<Component>, invocation: Invocation) => Space {
  return (open, invocation) => {
    const calling = (): CallOptions => ({ signal: invocation.signal });
    return {
      prefix,
      invocation,
      calling,
      until: (ttl) => (ttl === undefined ? {} : { expiresAt: invocation.now() + toMilliseconds(ttl) }),
      store: open as () => StateStore | Promise<StateStore>,
      reading: ({ consistency = "strong" } = {}) => ({ ...calling(), consistency }),
      async toEntry(key, { value, etag }) {
        const plain = "json" in value ? JSON.parse(value.json) : value.bytes;
        if (!schema) return { value: plain, etag };
        return { value: await parse(schema, plain, `state ${name}: the stored entry "${key}"`), etag };
      },
      async toStored(key, value) {
        const what = `state ${name}: the new value of "${key}"`;
        if (schema) await parse(schema, value, what);
        return toValue(value, what);
      },
      failed: (code, why) => new FaastenError(code, `state ${name}: ${why}`),
    };
  };
}

function reader({ prefix, store, reading, toEntry }: Space): StateReader<unknown> {
  return {
    async get(key, choice) {
      const found = await (await store()).get(prefix + key, reading(choice));
      return found && toEntry(key, found);
    },
    async getMany(keys, choice) {
      const from = await store();
      const wanted = [...new Set(keys)];
      const inStore = wanted.map((key) => prefix + key);
      const found = from.getMany
        ? await from.getMany(inStore, reading(choice))
        : new Map(await Promise.all(inStore.map(async (key) => [key, await from.get(key, reading(choice))] as const)));
      const entries = new Map<string, Entry<unknown>>();
      for (const key of wanted) {
        const entry = found.get(prefix + key);
        if (entry) entries.set(key, await toEntry(key, entry));
      }
      return entries;
    },
  };
}

function lister(space: Space): StateLister<unknown> {
  const { prefix, store, calling, failed } = space;
  return {
    ...reader(space),
    async *list(start = "", { after } = {}) {
      const from = await store();
      if (!from.list) throw failed("UNSUPPORTED", "its store reads no range of keys");
      const begin = after === undefined ? calling() : { ...calling(), after: prefix + after };
      for await (const key of from.list(prefix + start, begin)) yield key.slice(prefix.length);
    },
  };
}

function writer(space: Space): State<unknown> {
  const { prefix, invocation, store, calling, reading, until, toEntry, toStored, failed } = space;
  const conflict = (key: string): FaastenError => failed("CONFLICT", `"${key}" was changed by another writer`);
  return {
    ...reader(space),
    async set(key, value, { ttl, ...condition } = {}) {
      const to = await store();
      const stored = await toStored(key, value);
      const etag = await to.set(prefix + key, stored, { ...condition, ...calling(), ...until(ttl) });
      if (etag !== undefined) return etag;
      throw condition.ifAbsent ? failed("ALREADY_EXISTS", `"${key}" exists already`) : conflict(key);
    },
    async delete(key, condition) {
      const from = await store();
      if (!(await from.delete(prefix + key, { ...condition, ...calling() }))) throw conflict(key);
    },
    async update(key, change, { ttl } = {}) {
      const at = await store();
      for (let round = 0; ; round++) {
        const found = await at.get(prefix + key, reading());
        const next = await change(found && (await toEntry(key, found)).value);
        const value = await toStored(key, next);
        const kept = found?.expiresAt === undefined ? {} : { expiresAt: found.expiresAt };
        const condition: Condition = found ? { ifEtag: found.etag } : { ifAbsent: true };
        const etag = await at.set(prefix + key, value, { ...condition, ...calling(), ...(ttl ? until(ttl) : kept) });
        if (etag !== undefined) return toEntry(key, { value, etag });
        if (invocation.signal.aborted || Date.now() >= invocation.deadline) throw conflict(key);
        await backOff(round);
      }
    },
    async transact(partition, changes) {
      const at = await store();
      if (!at.transact) throw failed("UNSUPPORTED", "its store has no transactions");
      const operations = await Promise.all(
        changes.map(async (change): Promise<StateOperation> => {
          if ("delete" in change) {
            const { delete: key, ...condition } = change;
            return { kind: "delete", key: prefix + key, ...condition };
          }
          const { set: key, value, ttl, ...condition } = change;
          return { kind: "set", key: prefix + key, value: await toStored(key, value), ...condition, ...until(ttl) };
        }),
      );
      if (await at.transact(prefix + partition, operations, calling())) return;
      throw failed("CONFLICT", "a condition of the transaction did not hold; nothing was written");
    },
  };
}
