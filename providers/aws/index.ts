// Amazon Web Services, on one page.
import type { Provider } from "../../src/provider.ts";

export const aws: Provider = {
  name: "aws",
  page: import.meta.url,
  defaults: {
    state: "state.in-memory",
    pubsub: "pubsub.in-memory",
    secretstores: "secretstores.local.env",
    configuration: "configuration.local.env",
    invocation: "invocation.http",
  },
  components: {},
  triggers: { http: ["http"], "pubsub.in-memory": ["sqs"], "pubsub.sqlite": ["sqs"], schedule: ["scheduler"] },
  hosts: { default: "host", stream: "host-stream" },
  bundle: { http: "function", event: "function", external: [] },
};
