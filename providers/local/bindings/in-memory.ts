// Objects in this process's memory, and gone with it.
import {
  type Binding,
  type BindingInput,
  type ComponentOptions,
  type Create,
  checkKey,
  type Subscription,
} from "../../../src/provider.ts";
import { clockOf } from "../clock.ts";
import { changeOf, changesFor, changesTopic } from "../object-changes.ts";
import { createPresigner, type Presigner } from "../presigner.ts";
import { createOn as createBrokerOn, type Data as Inboxes, type Keeper } from "../pubsub/in-memory.ts";

/** What a store holds. Clients made on the same data are clients of the same store. */
export interface Data {
  readonly objects: Map<string, Kept>;
  readonly inboxes: Inboxes;
}

interface Kept {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly modifiedAt: number;
}

type Storage = Required<Omit<Binding, "invoke">> & Keeper;

export const create: Create<Storage> = (options) =>
  createOn({ objects: new Map(), inboxes: { inboxes: new Map(), watchers: new Set() } }, options);

export function createOn({ objects, inboxes }: Data, options: ComponentOptions): Storage {
  const where = `binding "${options.name}"`;
  const broker = createBrokerOn(inboxes, { ...options, name: changesTopic });
  const { now } = clockOf(options);
  const check = (key: string, signal: AbortSignal | undefined): void => {
    signal?.throwIfAborted();
    checkKey(key, where, 1024);
  };

  const storage: Omit<Storage, keyof Presigner> = {
    async create({ value, contentType, metadata = {} }, { key = crypto.randomUUID(), signal } = {}) {
      check(key, signal);
      const bytes = "bytes" in value ? new Uint8Array(value.bytes) : new TextEncoder().encode(value.json);
      const type = contentType ?? ("bytes" in value ? "application/octet-stream" : "application/json");
      objects.set(key, { bytes, contentType: type, metadata: { ...metadata }, modifiedAt: now() });
      await broker.publish(changesTopic, changeOf(options.name, key, { size: bytes.length }));
      return { key };
    },

    async get(key, { signal } = {}) {
      check(key, signal);
      const found = objects.get(key);
      if (!found) return undefined;
      const { bytes, contentType, metadata } = found;
      return { key, value: { bytes: new Uint8Array(bytes) }, contentType, metadata };
    },

    async *list(prefix, { signal } = {}) {
      signal?.throwIfAborted();
      const sorted = [...objects].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      for (const [key, { bytes, modifiedAt }] of sorted)
        if (key.startsWith(prefix)) yield { key, size: bytes.length, modifiedAt };
    },

    async delete(key, { signal } = {}) {
      check(key, signal);
      if (!objects.delete(key)) return false;
      await broker.publish(changesTopic, changeOf(options.name, key, undefined));
      return true;
    },

    async consume(inputs, deliver) {
      const all = new Map(inputs.map((input): [Subscription, BindingInput] => [changesFor(input), input]));
      broker.consume([...all.keys()], async (inbox, arrival) => {
        const input = all.get(inbox);
        return input ? deliver(input, arrival) : { kind: "retry", reason: "nobody receives" };
      });
    },

    deadLetters: (of, options) => broker.deadLetters(changesFor(of), options),
    redrive: (of, id, options) => broker.redrive(changesFor(of), id, options),
    keep: (of, event, death) => broker.keep(changesFor(of), event, death),
    close: broker.close,
  };
  const key = crypto.getRandomValues(new Uint8Array(32));
  return {
    ...storage,
    ...createPresigner({
      where,
      secret: async () => key,
      now,
      get: (name) => storage.get(name),
      create: (data, name) => storage.create(data, { key: name }),
    }),
  };
}
