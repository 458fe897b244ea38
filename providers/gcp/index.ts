// Google Cloud, on one page.
import type { Provider } from "../../src/provider.ts";

export const gcp: Provider = {
  name: "gcp",
  page: import.meta.url,
  defaults: {
    state: "state.in-memory",
    pubsub: "pubsub.in-memory",
    secretstores: "secretstores.local.env",
    configuration: "configuration.local.env",
    invocation: "invocation.http",
    bindings: "bindings.localstorage",
  },
  components: {},
  triggers: {
    http: ["http"],
    "pubsub.in-memory": ["pubsub-push"],
    "pubsub.sqlite": ["pubsub-push"],
    schedule: ["scheduler"],
    "bindings.cron": ["scheduler"],
  },
  hosts: { default: "host" },
  bundle: { http: "app", event: "function", external: [] },
  // The framework serves the bundle, and is no part of it: a bundled copy would be another one than the server's.
  files: {
    "package.json": `${JSON.stringify(
      {
        private: true,
        type: "module",
        main: "index.mjs",
        dependencies: { "@google-cloud/functions-framework": "5.0.5" },
      },
      null,
      2,
    )}\n`,
  },
};
