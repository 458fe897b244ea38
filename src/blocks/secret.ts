// One secret, read when it is asked for and never shown.
import type { Grant } from "../contracts/function.ts";
import type { SecretStore } from "../contracts/secret-store.ts";
import { FaastenError } from "../errors.ts";
import { remembered } from "./remembered.ts";

export interface Secret {
  /**
   * Its value, at most five minutes old; with `fresh`, as the store has it now: for one that was refused. Throws
   * `MISCONFIGURED` if the store has none of that name.
   */
  get(choice?: { readonly fresh?: boolean }): Promise<string>;
}

export interface SecretChoice {
  /** The secret store's component; `secretstore` if left out. */
  readonly component?: string;
  /** The key within a secret of several; its own name if left out. */
  readonly key?: string;
}

/** A secret by name. */
/* @__NO_SIDE_EFFECTS__ */
export function secret(name: string, { component = "secretstore", key = name }: SecretChoice = {}): Grant<Secret> {
  const recall = remembered<string>();
  return {
    block: "secretstores",
    component,
    right: "read",
    resource: name,
    open: (open, invocation) => ({
      async get({ fresh = false } = {}) {
        const store = (await open()) as SecretStore;
        const value = await recall(store, {
          invocation,
          maxAge: fresh ? 0 : kept,
          async fetch(signal) {
            const keys = (await store.get(name, { signal })) ?? {};
            const found = Object.hasOwn(keys, key) ? keys[key] : undefined;
            if (found !== undefined) return found;
            throw new FaastenError(
              "MISCONFIGURED",
              `secret store ${component}: there is no secret ${name}${key === name ? "" : ` with the key ${key}`}`,
            );
          },
        });
        invocation.conceal(value);
        return value;
      },
    }),
  };
}

/** Milliseconds. */
const kept = 5 * 60_000;
