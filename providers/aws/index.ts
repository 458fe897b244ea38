// Amazon Web Services, on one page.
import type { Provider } from "../../src/provider.ts";

export const aws: Provider = {
  name: "aws",
  page: import.meta.url,
  defaults: { state: "state.in-memory", pubsub: "pubsub.in-memory", secretstores: "secretstores.local.env" },
  components: {},
  triggers: {},
  hosts: { default: "host" },
  bundle: { http: "function", event: "function", external: [] },
};
