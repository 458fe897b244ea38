// The components of an app: each made once, on first use, its variables and secrets resolved.
import type { Clock, Component } from "../contracts/component.ts";
import type { Inbox } from "../contracts/inbox.ts";
import type { App, Bound, MetadataValue } from "../contracts/provider.ts";
import type { SecretStore } from "../contracts/secret-store.ts";
import { FaastenError } from "../errors.ts";
import { once } from "../once.ts";
import type { Journal } from "./log.ts";
import { rotating } from "./rotation.ts";

export interface Components {
  get(name: string): () => Component | Promise<Component>;
  /** The keeper of what comes to bindings, where there is one. */
  readonly inbox: (() => Inbox | Promise<Inbox>) | undefined;
  close(): Promise<void>;
}

/** Throws at once, naming all of them, where environment variables are missing: a deployable without them must not start. */
export function createComponents(app: App, journal: Journal, clock: Partial<Clock> = {}): Components {
  const missing = Object.values(app.components).flatMap(({ metadata }) =>
    Object.values(metadata).flatMap((value) =>
      typeof value === "object" && "env" in value && process.env[value.env] === undefined ? [value.env] : [],
    ),
  );
  if (missing.length > 0) {
    const names = [...new Set(missing)].join(", ");
    throw new FaastenError("MISCONFIGURED", `${app.service}: the environment has no ${names}; its stack sets them`);
  }

  const opened = new Set<Promise<Component>>();
  const makers = new Map<string, () => Component | Promise<Component>>();
  const waits = import.meta.without?.subscriptions ? undefined : app.inbox;
  const all = waits
    ? { ...app.components, [inboxName]: { type: "inbox", create: waits, metadata: {} } }
    : app.components;
  for (const [name, bound] of Object.entries(all)) {
    const make = once(() => {
      const making = create(name, bound);
      opened.add(making);
      making.catch(() => opened.delete(making));
      return making;
    });
    makers.set(name, make);
  }

  function get(name: string): () => Component | Promise<Component> {
    const make = makers.get(name);
    if (make) return make;
    return () => {
      throw new FaastenError(
        "MISCONFIGURED",
        `component ${name} is not in this deployable; it holds ${[...makers.keys()].join(", ")}`,
      );
    };
  }

  async function create(name: string, bound: Bound): Promise<Component> {
    const metadata = await resolveAll(name, bound);
    const component = await make(name, bound, metadata);
    if (!import.meta.without?.rotation && Object.values(bound.metadata).some(isSecret))
      return rotating({
        component,
        metadata,
        resolve: (signal) => resolveAll(name, bound, signal),
        make: (fresh) => make(name, bound, fresh),
        failed: (error) => journal.write("warn", "could not be made anew", { component: name }, { error }),
      });
    return component;
  }

  async function resolveAll(name: string, { metadata }: Bound, signal?: AbortSignal): Promise<Resolved> {
    const resolved: Record<string, string> = Object.create(null);
    for (const [key, value] of Object.entries(metadata)) resolved[key] = await resolve(value, `${name}.${key}`, signal);
    return resolved;
  }

  async function make(name: string, { type, create }: Bound, resolved: Resolved): Promise<Component> {
    try {
      return await create({ name, service: app.service, metadata: resolved, ...clock });
    } catch (error) {
      if (error instanceof FaastenError) throw error;
      const message = journal.redact(error instanceof Error ? error.message : String(error));
      throw new FaastenError("MISCONFIGURED", `component ${name} (${type}): ${message}`, { cause: error });
    }
  }

  async function resolve(value: MetadataValue, where: string, signal?: AbortSignal): Promise<string> {
    if (typeof value === "string") return value;
    if ("env" in value) return process.env[value.env] ?? "";
    const store = (await get(value.store)()) as SecretStore;
    const keys = (await store.get(value.secret, signal && { signal })) ?? {};
    const secret = Object.hasOwn(keys, value.key) ? keys[value.key] : undefined;
    if (secret === undefined) {
      throw new FaastenError(
        "MISCONFIGURED",
        `${where}: secret store ${value.store} has no key ${value.key} of ${value.secret}`,
      );
    }
    journal.conceal(secret);
    return secret;
  }

  return {
    get,
    inbox: waits && get(inboxName),
    async close() {
      const closing = [...opened].map(async (component) => (await component).close?.());
      opened.clear();
      await Promise.allSettled(closing);
    },
  };
}

/** Nothing that a user names is called so. */
const inboxName = "(inbox)";

type Resolved = Readonly<Record<string, string>>;

function isSecret(value: MetadataValue): boolean {
  return typeof value === "object" && "store" in value;
}
