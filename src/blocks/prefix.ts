// Keeps the keys of several services apart in one store, as Dapr does.
// https://docs.dapr.io/developing-applications/building-blocks/state-management/howto-share-state/
import type { Component, ComponentOptions, Create } from "../contracts/component.ts";
import type { StateEntry, StateStore } from "../contracts/state.ts";
import { FaastenError } from "../errors.ts";

/** The same store, every key behind the prefix that the component's `keyPrefix` asks for. Dapr's separator may not stand in a key. */
export function prefixed(create: Create): Create {
  return async (options) => wrap((await create(options)) as Component & StateStore, options);
}

function wrap(store: StateStore, options: ComponentOptions): StateStore {
  const prefix = prefixOf(options);
  const to = (key: string): string => {
    if (key === "") throw new FaastenError("INVALID", `state ${options.name}: a key cannot be empty`);
    return beginning(key);
  };
  const beginning = (key: string): string => {
    if (!key.includes(separator)) return prefix + key;
    throw new FaastenError(
      "INVALID",
      `state ${options.name}: the key "${key}" holds "${separator}", which separates the service's name`,
    );
  };
  const from = (key: string): string => key.slice(prefix.length);
  const { getMany, list, transact } = store;
  return {
    ...(store.maxValueBytes !== undefined && { maxValueBytes: store.maxValueBytes }),
    get: async (key, read) => store.get(to(key), read),
    set: async (key, value, set) => store.set(to(key), value, set),
    delete: async (key, condition) => store.delete(to(key), condition),
    ...(getMany && {
      getMany: async (keys, read) => {
        const found = await getMany.call(store, keys.map(to), read);
        return new Map([...found].map(([key, entry]): [string, StateEntry] => [from(key), entry]));
      },
    }),
    ...(!import.meta.without?.list &&
      list && {
        async *list(start, { after, ...call } = {}) {
          const begin = after === undefined ? call : { ...call, after: to(after) };
          for await (const key of list.call(store, beginning(start), begin)) yield from(key);
        },
      }),
    ...(transact && {
      transact: async (partition, operations, call) =>
        transact.call(
          store,
          to(partition),
          operations.map((operation) => ({ ...operation, key: to(operation.key) })),
          call,
        ),
    }),
    close: async () => store.close?.(),
  };
}

const separator = "||";

function prefixOf({ name, service, metadata }: ComponentOptions): string {
  const asked = Object.entries(metadata).find(([key]) => key.toLowerCase() === "keyprefix")?.[1] || "appid";
  if (asked.includes(separator)) {
    throw new FaastenError(
      "MISCONFIGURED",
      `state ${name}: its keyPrefix "${asked}" holds "${separator}": choose another`,
    );
  }
  switch (asked.toLowerCase()) {
    case "none":
      return "";
    case "appid":
      return service + separator;
    case "name":
      return name + separator;
    case "namespace": {
      const namespace = process.env["NAMESPACE"];
      return (namespace ? `${namespace}.${service}` : service) + separator;
    }
    default:
      return asked + separator;
  }
}
