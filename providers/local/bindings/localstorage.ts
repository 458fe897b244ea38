// Objects in a folder of this machine. Keys are paths below it, so that one can look, and put a file there by hand.
// https://docs.dapr.io/reference/components-reference/supported-bindings/localstorage/
import { type Binding, type BindingInput, type Create, type Subscription, setting } from "../../../src/provider.ts";
import type { Broker } from "../broker.ts";
import { clockOf } from "../clock.ts";
import { changesFor, changesTopic, createChanges } from "../object-changes.ts";
import { createObjectFiles } from "../object-files.ts";
import { createPresigner, type Presigner } from "../presigner.ts";
import { create as createBroker } from "../pubsub/sqlite.ts";

type Storage = Required<Omit<Binding, "invoke">>;

export const create: Create<Storage> = (options) => {
  const { name } = options;
  const root = setting(options, "rootPath") ?? `.faasten/local/bindings/${name}`;
  const files = createObjectFiles(root, `binding "${name}"`);
  const database = async (): Promise<string> => `${await files.own()}/changes.db`;
  let opened: Promise<Broker> | undefined;
  const broker = (): Promise<Broker> => {
    opened ??= open();
    return opened;
  };
  const changes = createChanges({ name, files, database, broker });

  async function open(): Promise<Broker> {
    const connectionString = await database();
    return createBroker({ name: changesTopic, service: options.service, metadata: { connectionString } });
  }

  const storage: Omit<Storage, keyof Presigner> = {
    async create({ value, contentType, metadata = {} }, { key = crypto.randomUUID(), signal } = {}) {
      signal?.throwIfAborted();
      const bytes = "bytes" in value ? value.bytes : Buffer.from(value.json);
      const type = contentType ?? ("bytes" in value ? "application/octet-stream" : "application/json");
      await changes.during(key, async () =>
        changes.tell(key, await files.write(key, bytes, { contentType: type, metadata })),
      );
      return { key };
    },

    async get(key, { signal } = {}) {
      signal?.throwIfAborted();
      const found = await files.read(key);
      return found && { key, value: { bytes: found.bytes }, ...found.about };
    },

    async *list(prefix, { signal } = {}) {
      signal?.throwIfAborted();
      for (const { key, size, modifiedAt } of await files.list()) {
        signal?.throwIfAborted();
        if (key.startsWith(prefix)) yield { key, size, modifiedAt };
      }
    },

    async delete(key, { signal } = {}) {
      signal?.throwIfAborted();
      return changes.during(key, async () => {
        const gone = await files.remove(key);
        if (gone) await changes.tell(key, undefined);
        return gone;
      });
    },

    async consume(inputs, deliver) {
      const inboxes = new Map(inputs.map((input): [Subscription, BindingInput] => [changesFor(input), input]));
      const { consume } = await broker();
      consume([...inboxes.keys()], async (inbox, arrival) => {
        const input = inboxes.get(inbox);
        return input ? deliver(input, arrival) : { kind: "retry", reason: "nobody receives" };
      });
      await changes.watch();
    },

    async *deadLetters(of, options) {
      yield* (await broker()).deadLetters(changesFor(of), options);
    },

    async redrive(of, id, options) {
      return (await broker()).redrive(changesFor(of), id, options);
    },

    async close() {
      await changes.close();
      await (await opened)?.close();
    },
  };
  return {
    ...storage,
    ...createPresigner({
      where: `binding "${name}"`,
      secret: files.secret,
      now: clockOf(options).now,
      get: (key) => storage.get(key),
      create: (data, key) => storage.create(data, { key }),
    }),
  };
};
