// This machine, on one page: the reference for what is correct.
import type { Provider } from "../../src/provider.ts";

const database = ["connectionString", "busyTimeout", "disableWAL"] as const;

export const local: Provider = {
  name: "local",
  page: import.meta.url,
  defaults: {
    state: "state.sqlite",
    pubsub: "pubsub.sqlite",
    bindings: "bindings.localstorage",
    secretstores: "secretstores.local.file",
  },
  components: {
    "state.sqlite": {
      optional: [...database, "timeout", "tableName", "metadataTableName", "cleanupInterval", "keyPrefix"],
    },
    "state.in-memory": { optional: ["staleReads", "keyPrefix"] },
    "pubsub.sqlite": { optional: [...database] },
    "pubsub.in-memory": {},
    "bindings.localstorage": { optional: ["rootPath"], operations: ["create", "get", "list", "delete", "presign"] },
    "bindings.in-memory": { operations: ["create", "get", "list", "delete", "presign"] },
    "bindings.http": {
      required: ["url"],
      optional: ["responseTimeout", "maxResponseBodySize", "errorIfNot2XX", "securityToken", "securityTokenHeader"],
      operations: ["create", "get", "head", "post", "put", "patch", "delete", "options"],
    },
    "bindings.cron": { required: ["schedule"], optional: ["timeZone", "direction"], operations: [] },
    "secretstores.local.file": { optional: ["secretsFile", "nestedSeparator", "multiValued"] },
    "secretstores.local.env": { optional: ["prefix"] },
  },
  triggers: {
    http: ["http"],
    "pubsub.sqlite": ["inbox"],
    "pubsub.in-memory": ["inbox"],
    "bindings.localstorage": ["inbox"],
    "bindings.in-memory": ["inbox"],
    "bindings.cron": ["clock"],
    schedule: ["clock"],
  },
  hosts: { default: "host" },
  consumes: true,
  bundle: { http: "app", event: "app", external: [] },
};
