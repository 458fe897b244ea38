// What a test's components are: kept in memory, or the test's own.
import type { Block, Component, Create } from "../contracts/component.ts";
import type { ConfigurationStore } from "../contracts/configuration-store.ts";
import type { App, Bound, Provider } from "../contracts/provider.ts";
import type { SecretStore } from "../contracts/secret-store.ts";
import { FaastenError } from "../errors.ts";
import type { Broadcasts } from "./broadcasts.ts";

/** What a test brings along. Records are what the stores hold: a change shows once a secret's five minutes, or the freshness of a setting, have passed. */
export interface Supplies {
  /** Component name → what stands in its place: an object with as much of the block's contract as the test needs. */
  readonly components?: Readonly<Record<string, object>>;
  /** Secret name → its value, or its keys and their values. */
  readonly secrets?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly configuration?: Readonly<Record<string, string>>;
}

/** The local types that keep everything in memory, and nothing of another instance. */
const inMemory: Readonly<Partial<Record<Block, string>>> = {
  state: "state.in-memory",
  pubsub: "pubsub.in-memory",
  bindings: "bindings.in-memory",
};

/** Blocks that have no such type, and are filled by the test. */
const filled: Readonly<Record<string, (supplies: Supplies) => Component>> = {
  secretstores: secretStore,
  configuration: configurationStore,
};

/** The page of this machine, as a test reads it: what has no YAML is in memory. */
export function inMemoryOf(local: Provider): Provider {
  return { ...local, defaults: { ...local.defaults, ...inMemory } };
}

/** The test's own in their places; and nothing that would reach a file or a network. */
export function supply(
  { service, components: bound }: Pick<App, "service" | "components">,
  supplies: Supplies,
  broadcasts: Broadcasts,
): App["components"] {
  const own = supplies.components ?? {};
  const unknown = Object.keys(own).filter((name) => !Object.hasOwn(bound, name));
  if (unknown.length > 0)
    throw new FaastenError(
      "NOT_FOUND",
      `testApp: no function uses a component ${unknown.join(", ")}; they use ${Object.keys(bound).join(", ") || "none"}`,
    );
  return Object.fromEntries(Object.entries(bound).map(([name, each]) => [name, one(name, each)]));

  function one(name: string, { type, create, metadata }: Bound): Bound {
    const [block = ""] = type.split(".");
    const given = Object.hasOwn(own, name) ? own[name] : filled[block]?.(supplies);
    const make: Create = given
      ? () => given as Component
      : Object.values(inMemory).includes(type) || (type === "invocation.local" && name === service)
        ? create
        : () => {
            const message = `component ${name}: nothing keeps ${block} in memory: hand testApp a stand-in, { components: { ${JSON.stringify(name)}: … } }`;
            throw new FaastenError("MISCONFIGURED", message);
          };
    return { type, metadata, create: block === "pubsub" ? broadcasts.heard(name, make) : make };
  }
}

function secretStore({ secrets = {} }: Supplies): SecretStore {
  return {
    async get(name) {
      const found = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
      return typeof found === "string" ? { [name]: found } : found;
    },
  };
}

function configurationStore({ configuration = {} }: Supplies): ConfigurationStore {
  return {
    async get(keys) {
      const known = keys.filter((key) => Object.hasOwn(configuration, key));
      return new Map(known.map((key) => [key, { value: configuration[key] ?? "" }]));
    },
  };
}
