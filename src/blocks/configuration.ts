// Settings that change without a deploy, never older than a function says that it can bear.
import type { ConfigurationStore } from "../contracts/configuration-store.ts";
import type { Grant } from "../contracts/function.ts";
import { FaastenError } from "../errors.ts";
import { type Duration, toMilliseconds } from "./duration.ts";
import { remembered } from "./remembered.ts";
import { type Output, parse, type Schema, SchemaError } from "./schema.ts";

export interface Configuration<T> {
  /**
   * All of the keys. Within the declared freshness it is what was fetched before, whether the store answers or not; an older
   * value is never given: then it throws what the store threw. Throws `MISCONFIGURED` where a value does not fit the schema.
   */
  get(): Promise<T>;
}

export interface ConfigurationChoice {
  /** The configuration store's component; `configstore` if left out. */
  readonly component?: string;
  /** How old a value may be; 30 s if left out, and "0s" asks each time. */
  readonly freshness?: Duration;
}

/** Settings by their keys: texts, `undefined` where there is none, or what the schema of them all gives back. */
export function configuration<const Key extends string, S extends Schema>(
  keys: readonly Key[],
  options: ConfigurationChoice & { readonly schema: S },
): Grant<Configuration<Output<S>>>;
export function configuration<const Key extends string>(
  keys: readonly Key[],
  options?: ConfigurationChoice,
): Grant<Configuration<{ readonly [K in Key]: string | undefined }>>;
/* @__NO_SIDE_EFFECTS__ */
export function configuration(
  keys: readonly string[],
  { component = "configstore", freshness = "30s", schema }: ConfigurationChoice & { readonly schema?: Schema } = {},
): Grant<Configuration<unknown>> {
  const maxAge = toMilliseconds(freshness);
  const recall = remembered<readonly (readonly [key: string, value: string | undefined])[]>();
  return {
    block: "configuration",
    component,
    right: "read",
    keys,
    open: (open, invocation) => ({
      async get() {
        const store = (await open()) as ConfigurationStore;
        const values = await recall(store, {
          invocation,
          maxAge,
          async fetch(signal) {
            const found = await store.get(keys, { signal });
            return keys.map((key) => [key, found.get(key)?.value]);
          },
        });
        const record: Record<string, unknown> = Object.create(null);
        for (const [key, value] of values) record[key] = value;
        return schema ? fitting(schema, record, component) : record;
      },
    }),
  };
}

/** No fault of whoever called the function, so no `INVALID`. */
async function fitting(schema: Schema, record: unknown, component: string): Promise<unknown> {
  try {
    return await parse(schema, record, `configuration store ${component}: what it holds`);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new FaastenError("MISCONFIGURED", `${error.message}; set the keys anew`, { cause: error });
  }
}
