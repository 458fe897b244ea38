// The checked-in list: target → deployable of the orders app → the modules under `providers/` in its bundle.

const gcp = ["gcp/host", "gcp/message"] as const;
const memory = {
  state: "local/state/in-memory",
  broker: ["local/broker", "local/consumer", "local/inboxes", "local/pubsub/in-memory"],
  secrets: "local/secretstores/env",
} as const;

export const modules: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  gcp: {
    http: [...gcp, "gcp/triggers/http", ...memory.broker, memory.secrets, memory.state],
    countOrders: [...gcp, "gcp/push", "gcp/triggers/scheduler", memory.state],
    ship: [...gcp, "gcp/push", "gcp/triggers/pubsub-push", ...memory.broker, memory.state],
    summarise: [...gcp, "gcp/push", "gcp/triggers/pubsub-push", ...memory.broker, memory.state],
  },
};
