// This machine, on one page: the reference for what is correct.
import type { Provider } from "../../src/provider.ts";

const database = ["connectionString", "busyTimeout", "disableWAL"] as const;

export const local: Provider = {
  name: "local",
  page: import.meta.url,
  defaults: {
    state: "state.sqlite",
    pubsub: "pubsub.sqlite",
    secretstores: "secretstores.local.file",
    configuration: "configuration.sqlite",
    invocation: "invocation.local",
  },
  components: {
    "state.sqlite": {
      optional: [...database, "timeout", "tableName", "metadataTableName", "cleanupInterval", "keyPrefix"],
    },
    "state.in-memory": { optional: ["staleReads", "keyPrefix"] },
    "pubsub.sqlite": { optional: [...database] },
    "pubsub.in-memory": {},
    "secretstores.local.file": { optional: ["secretsFile", "nestedSeparator", "multiValued"] },
    "secretstores.local.env": { optional: ["prefix"] },
    "configuration.sqlite": { optional: [...database, "timeout", "table", "valuesFile"] },
    "configuration.local.env": { optional: ["prefix"] },
    "invocation.local": { optional: ["appId", "folder"] },
    "invocation.http": { required: ["baseUrl"] },
  },
  triggers: { http: ["http"], "pubsub.sqlite": ["inbox"], "pubsub.in-memory": ["inbox"], schedule: ["clock"] },
  hosts: { default: "host" },
  bundle: { http: "app", event: "app", external: [] },
};
