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
const snssqs = ["aws/client", "aws/inbox", "aws/message", "aws/order", "aws/pubsub/snssqs"] as const;
const queue = ["aws/queue", "aws/triggers/sqs"] as const;
const gcp = ["gcp/host", "gcp/message"] as const;
const google = ["gcp/client", "gcp/credentials", "gcp/transport"] as const;
const firestore = [...google, "gcp/document-id", "gcp/state/firestore-native"] as const;
const pushed = ["gcp/identity", "gcp/push", "gcp/pushed-message"] as const;
const pubsub = [...google, "gcp/pubsub-message", "gcp/pubsub/pubsub"] as const;
const s3 = ["aws/client", "aws/bindings/s3"] as const;
const settings = ["aws/client", "aws/configuration/parameterstore"] as const;

export const modules: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  local: {
    app: [
      ...[
        "local/bindings/localstorage",
        "local/broker",
        "local/calendar",
        "local/caller",
        "local/clock",
        "local/configuration/sqlite",
      ],
      ...["local/consumer", "local/database", "local/host", "local/inboxes", "local/object-changes"],
      ...["local/object-files", "local/object-paths", "local/presigner", "local/pubsub/sqlite"],
      ...["local/secretstores/file", "local/state/sqlite"],
      ...["local/triggers/clock", "local/triggers/http", "local/triggers/inbox"],
    ],
  },
  aws: {
    countOrders: [...aws, "aws/asynchronous", "aws/triggers/scheduler", ...dynamodb],
    addNote: [...aws, ...requests, ...dynamodb],
    changeOrder: [...aws, ...requests, ...snssqs, ...dynamodb],
    getOrder: [...aws, ...requests, ...dynamodb],
    getReceipt: [...aws, "aws/client", ...requests, "aws/secretstores/secretmanager", ...s3],
    getSummary: [...aws, ...requests, ...dynamodb],
    placeOrder: [...aws, ...requests, ...snssqs, ...dynamodb, ...settings],
    putReceipt: [...aws, ...requests, ...s3],
    prices: [],
    audit: [],
    removeOrder: [...aws, ...requests, ...dynamodb],
    getStock: [...aws, ...requests, ...dynamodb],
    putStock: [...aws, ...requests, ...dynamodb],
    ship: [...aws, ...queue, ...snssqs, ...dynamodb],
    summarise: [...aws, ...queue, ...snssqs, ...dynamodb],
  },
  azure: {
    app: [
      ...["azure/host", "azure/invoked", "azure/ncrontab", "azure/timeout"],
      ...["azure/triggers/http", "azure/triggers/service-bus", "azure/triggers/timer"],
      ...[
        "azure/bindings/blobstorage",
        "azure/blob-container",
        "azure/client",
        "azure/configuration/appconfig",
        "azure/credential",
        "azure/document",
        "azure/inbox",
        "azure/message",
        "azure/retries",
        "azure/service-bus",
      ],
      ...["azure/pubsub/servicebus-topics", "azure/secretstores/keyvault", "azure/state/cosmosdb"],
    ],
  },
  gcp: {
    http: [
      ...[...gcp, "gcp/triggers/http", ...pubsub, "gcp/secretstores/secretmanager", ...firestore],
      ...["gcp/bindings/bucket", "gcp/signed-url", "gcp/signing", "gcp/configuration/parametermanager"],
    ],
    audit: [...gcp, ...pushed, "gcp/triggers/pubsub-push", ...pubsub],
    countOrders: [...gcp, "gcp/identity", "gcp/push", "gcp/triggers/scheduler", ...firestore],
    ship: [...gcp, ...pushed, "gcp/triggers/pubsub-push", ...pubsub, ...firestore],
    summarise: [...gcp, ...pushed, "gcp/triggers/pubsub-push", ...pubsub, ...firestore],
  },
};
