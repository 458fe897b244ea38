// The checked-in list: target → deployable of the orders app → the modules under `providers/` in its bundle.

const aws = ["aws/host", "aws/lambda"] as const;
const gcp = ["gcp/host", "gcp/message"] as const;
const memory = {
  state: "local/state/in-memory",
  clock: "local/clock",
  broker: ["local/broker", "local/clock", "local/consumer", "local/inboxes", "local/pubsub/in-memory"],
  secrets: "local/secretstores/env",
} as const;

export const modules: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  aws: {
    countOrders: [...aws, "aws/triggers/scheduler", memory.clock, memory.state],
    addNote: [...aws, "aws/triggers/http", memory.clock, memory.state],
    changeOrder: [...aws, "aws/triggers/http", ...memory.broker, memory.state],
    getOrder: [...aws, "aws/triggers/http", memory.clock, memory.state],
    getReceipt: [...aws, "aws/triggers/http", memory.clock, memory.secrets, memory.state],
    getSummary: [...aws, "aws/triggers/http", memory.clock, memory.state],
    placeOrder: [...aws, "aws/triggers/http", ...memory.broker, memory.state],
    putReceipt: [...aws, "aws/triggers/http", memory.clock, memory.state],
    removeOrder: [...aws, "aws/triggers/http", memory.clock, memory.state],
    getStock: [...aws, "aws/triggers/http", memory.clock, memory.state],
    putStock: [...aws, "aws/triggers/http", memory.clock, memory.state],
    ship: [...aws, "aws/triggers/sqs", ...memory.broker, memory.state],
    summarise: [...aws, "aws/triggers/sqs", ...memory.broker, memory.state],
  },
  azure: {
    app: [
      ...["azure/host", "azure/invocation", "azure/ncrontab", "azure/timeout"],
      ...["azure/triggers/http", "azure/triggers/service-bus", "azure/triggers/timer"],
      ...[...memory.broker, memory.secrets, memory.state],
    ],
  },
  gcp: {
    http: [...gcp, "gcp/triggers/http", ...memory.broker, memory.secrets, memory.state],
    countOrders: [...gcp, "gcp/push", "gcp/triggers/scheduler", memory.clock, memory.state],
    ship: [...gcp, "gcp/push", "gcp/triggers/pubsub-push", ...memory.broker, memory.state],
    summarise: [...gcp, "gcp/push", "gcp/triggers/pubsub-push", ...memory.broker, memory.state],
  },
};
