// Typed keys and values over a StateStore.
import type { Component, Value } from "../contracts/component.ts";
import type { Grant, Invocation } from "../contracts/function.ts";
import type { Condition, Etag, ReadOptions, StateEntry, StateOperation, StateStore } from "../contracts/state.ts";
import { FaastenError, notHere } from "../errors.ts";
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
  const codec = { name, space, schema: options.schema };
  const store = (open: () => Component | Promise<Component>) => open as () => StateStore | Promise<StateStore>;
  return {
    name,
    read: { ...common, right: "read", open: (open, invocation) => new Reader(codec, store(open), invocation) },
    readWrite: {
      ...common,
      right: "readWrite",
      open: import.meta.without?.readWrite ? notHere : (open, invocation) => new Writer(codec, store(open), invocation),
    },
    list: {
      ...common,
      right: "list",
      open: import.meta.without?.list ? notHere : (open, invocation) => new Lister(codec, store(open), invocation),
    },
  };
}

/** How this declaration's values and keys lie in the store. */
interface Codec {
  readonly name: string;
  readonly space: string;
  readonly schema: Schema | undefined;
}

class Reader implements StateReader<unknown> {
  protected readonly codec: Codec;
  protected readonly store: () => StateStore | Promise<StateStore>;
  protected readonly invocation: Invocation;

  constructor(codec: Codec, store: () => StateStore | Promise<StateStore>, invocation: Invocation) {
    this.codec = codec;
    this.store = store;
    this.invocation = invocation;
  }

  async get(key: string, choice?: ReadChoice): Promise<Entry<unknown> | undefined> {
    const store = await this.store();
    const found = await store.get(this.key(key), this.reading(choice));
    return found && this.entry(key, found);
  }

  async getMany(keys: readonly string[], choice?: ReadChoice): Promise<ReadonlyMap<string, Entry<unknown>>> {
    const store = await this.store();
    const wanted = [...new Set(keys)];
    const found = store.getMany
      ? await store.getMany(
          wanted.map((key) => this.key(key)),
          this.reading(choice),
        )
      : await this.getEach(store, wanted, choice);
    const entries = new Map<string, Entry<unknown>>();
    for (const key of wanted) {
      const entry = found.get(this.key(key));
      if (entry) entries.set(key, await this.entry(key, entry));
    }
    return entries;
  }

  protected key(key: string): string {
    return this.codec.space + key;
  }

  protected reading(choice: ReadChoice | undefined): ReadOptions {
    return { signal: this.invocation.signal, consistency: choice?.consistency ?? "strong" };
  }

  protected async entry(key: string, { value, etag }: StateEntry): Promise<Entry<unknown>> {
    const { schema } = this.codec;
    const plain = "json" in value ? JSON.parse(value.json) : value.bytes;
    if (schema === undefined) return { value: plain, etag };
    return { value: await parse(schema, plain, `state ${this.codec.name}: the stored entry "${key}"`), etag };
  }

  private async getEach(
    store: StateStore,
    keys: readonly string[],
    choice: ReadChoice | undefined,
  ): Promise<ReadonlyMap<string, StateEntry>> {
    const found = new Map<string, StateEntry>();
    await Promise.all(
      keys.map(async (key) => {
        const entry = await store.get(this.key(key), this.reading(choice));
        if (entry) found.set(this.key(key), entry);
      }),
    );
    return found;
  }
}

class Lister extends Reader implements StateLister<unknown> {
  async *list(prefix = "", choice: { readonly after?: string } = {}): AsyncIterable<string> {
    const store = await this.store();
    const { name, space } = this.codec;
    if (!store.list) throw new FaastenError("UNSUPPORTED", `state ${name}: its store reads no range of keys`);
    const after = choice.after === undefined ? {} : { after: this.key(choice.after) };
    for await (const key of store.list(this.key(prefix), { signal: this.invocation.signal, ...after })) {
      yield key.slice(space.length);
    }
  }
}

class Writer extends Reader implements State<unknown> {
  async set(key: string, value: unknown, choice: WriteChoice = {}): Promise<Etag> {
    const store = await this.store();
    const { ttl, ...condition } = choice;
    const etag = await store.set(this.key(key), await this.value(key, value), {
      ...condition,
      ...this.calling(),
      ...until(ttl),
    });
    if (etag !== undefined) return etag;
    if (condition.ifAbsent)
      throw new FaastenError("ALREADY_EXISTS", `state ${this.codec.name}: "${key}" exists already`);
    throw this.conflict(key);
  }

  async delete(key: string, choice: { readonly ifEtag?: Etag } = {}): Promise<void> {
    const store = await this.store();
    if (!(await store.delete(this.key(key), { ...choice, ...this.calling() }))) throw this.conflict(key);
  }

  async update(
    key: string,
    change: (current: unknown) => unknown,
    { ttl }: { readonly ttl?: Duration } = {},
  ): Promise<Entry<unknown>> {
    const store = await this.store();
    const { signal } = this.invocation;
    for (let round = 0; ; round++) {
      const found = await store.get(this.key(key), this.reading(undefined));
      const next = await change(found && (await this.entry(key, found)).value);
      const value = await this.value(key, next);
      const kept = found?.expiresAt === undefined ? {} : { expiresAt: found.expiresAt };
      const condition: Condition = found ? { ifEtag: found.etag } : { ifAbsent: true };
      const etag = await store.set(this.key(key), value, {
        ...condition,
        ...this.calling(),
        ...(ttl ? until(ttl) : kept),
      });
      if (etag !== undefined) return this.entry(key, { value, etag });
      if (signal.aborted || Date.now() >= this.invocation.deadline) throw this.conflict(key);
      await backOff(round);
    }
  }

  async transact(partition: string, changes: readonly Change<unknown>[]): Promise<void> {
    const store = await this.store();
    const { name } = this.codec;
    if (!store.transact) throw new FaastenError("UNSUPPORTED", `state ${name}: its store has no transactions`);
    const operations = await Promise.all(
      changes.map(async (change): Promise<StateOperation> => {
        if ("delete" in change) {
          const { delete: key, ...condition } = change;
          return { kind: "delete", key: this.key(key), ...condition };
        }
        const { set: key, value, ttl, ...condition } = change;
        return { kind: "set", key: this.key(key), value: await this.value(key, value), ...condition, ...until(ttl) };
      }),
    );
    if (await store.transact(this.key(partition), operations, this.calling())) return;
    throw new FaastenError(
      "CONFLICT",
      `state ${name}: a condition of the transaction did not hold; nothing was written`,
    );
  }

  private calling(): { readonly signal: AbortSignal } {
    return { signal: this.invocation.signal };
  }

  private async value(key: string, value: unknown): Promise<Value> {
    const { name, schema } = this.codec;
    const what = `state ${name}: the new value of "${key}"`;
    if (schema !== undefined) await parse(schema, value, what);
    return toValue(value, what);
  }

  private conflict(key: string): FaastenError {
    return new FaastenError("CONFLICT", `state ${this.codec.name}: "${key}" was changed by another writer`);
  }
}

function until(ttl: Duration | undefined): { readonly expiresAt?: number } {
  return ttl === undefined ? {} : { expiresAt: Date.now() + toMilliseconds(ttl) };
}
