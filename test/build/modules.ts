// The checked-in list: target → deployable of the orders app → the modules under `providers/` in its bundle.

const aws = ["aws/host", "aws/lambda"] as const;
const requests = [
  "aws/front",
  "aws/triggers/alb",
  "aws/triggers/http",
  "aws/triggers/invocation",
  "aws/triggers/rest",
] as const;
const dynamodb = ["aws/client", "aws/state/dynamodb"] as const;
const snssqs = ["aws/client", "aws/message", "aws/pubsub/snssqs"] as const;
const gcp = ["gcp/host", "gcp/message"] as const;
const memory = {
  state: "local/state/in-memory",
  clock: "local/clock",
  broker: ["local/broker", "local/clock", "local/consumer", "local/inboxes", "local/pubsub/in-memory"],
  secrets: "local/secretstores/env",
} as const;

export const modules: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  aws: {
    countOrders: [...aws, "aws/asynchronous", "aws/triggers/scheduler", ...dynamodb],
    addNote: [...aws, ...requests, ...dynamodb],
    changeOrder: [...aws, ...requests, ...snssqs, ...dynamodb],
    getOrder: [...aws, ...requests, ...dynamodb],
    getReceipt: [...aws, ...requests, "aws/secretstores/secretmanager", ...dynamodb],
    getSummary: [...aws, ...requests, ...dynamodb],
    placeOrder: [...aws, ...requests, ...snssqs, ...dynamodb],
    putReceipt: [...aws, ...requests, ...dynamodb],
    removeOrder: [...aws, ...requests, ...dynamodb],
    getStock: [...aws, ...requests, ...dynamodb],
    putStock: [...aws, ...requests, ...dynamodb],
    ship: [...aws, "aws/triggers/sqs", ...snssqs, ...dynamodb],
    summarise: [...aws, "aws/triggers/sqs", ...snssqs, ...dynamodb],
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
