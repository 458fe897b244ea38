// Settings out of the environment's variables: they change with the process alone.
import { type ConfigurationItem, type ConfigurationStore, type Create, setting } from "../../../src/provider.ts";

/** A setting is the variable of its name behind the `prefix`. */
export const create: Create<ConfigurationStore> = (options) => {
  const prefix = setting(options, "prefix") ?? "";
  return {
    async get(keys, { signal } = {}) {
      signal?.throwIfAborted();
      const found = new Map<string, ConfigurationItem>();
      for (const key of keys) {
        const value = Object.hasOwn(process.env, prefix + key) ? process.env[prefix + key] : undefined;
        if (value !== undefined) found.set(key, { value });
      }
      return found;
    },
  };
};
