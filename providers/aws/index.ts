// Amazon Web Services, on one page.
import type { Provider } from "../../src/provider.ts";

export const aws: Provider = {
  name: "aws",
  page: import.meta.url,
  defaults: {
    state: "state.in-memory",
    pubsub: "pubsub.in-memory",
    bindings: "bindings.localstorage",
    secretstores: "secretstores.local.env",
  },
  components: {},
  triggers: {
    http: ["http"],
    "pubsub.in-memory": ["sqs"],
    "pubsub.sqlite": ["sqs"],
    schedule: ["scheduler"],
    "bindings.cron": ["scheduler"],
  },
  hosts: { default: "host", stream: "host-stream" },
  bundle: { http: "function", event: "function", external: [] },
};
