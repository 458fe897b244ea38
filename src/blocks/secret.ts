// One secret, read when it is asked for and never shown.
import type { Grant } from "../contracts/function.ts";
import type { SecretStore } from "../contracts/secret-store.ts";
import { FaastenError } from "../errors.ts";

export interface Secret {
  /** Its value. Throws `NOT_FOUND` if the store has none of that name. */
  get(): Promise<string>;
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
  return {
    block: "secretstores",
    component,
    right: "read",
    resource: name,
    open: (open, invocation) => ({
      async get() {
        const store = (await open()) as SecretStore;
        const keys = (await store.get(name, { signal: invocation.signal })) ?? {};
        const value = Object.hasOwn(keys, key) ? keys[key] : undefined;
        if (value === undefined) {
          throw new FaastenError(
            "NOT_FOUND",
            `secret store ${component}: there is no secret ${name}${key === name ? "" : ` with the key ${key}`}`,
          );
        }
        invocation.conceal(value);
        return value;
      },
    }),
  };
}
