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
    bindings: "bindings.localstorage",
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
    "configuration.sqlite": { optional: [...database, "timeout", "table", "valuesFile"] },
    "configuration.local.env": { optional: ["prefix"] },
    "invocation.local": { optional: ["appId", "folder"] },
    "invocation.http": { required: ["baseUrl"] },
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
