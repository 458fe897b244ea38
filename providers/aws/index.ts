// Amazon Web Services, on one page.
import type { Provider } from "../../src/provider.ts";

/** Whom to call and as whom. Without them, the SDK's own chain decides. */
const connection = ["region", "awsRegion", "endpoint", "accessKey", "secretKey", "sessionToken"] as const;

export const aws: Provider = {
  name: "aws",
  page: import.meta.url,
  defaults: {
    state: "state.aws.dynamodb",
    pubsub: "pubsub.aws.snssqs",
    bindings: "bindings.aws.s3",
    secretstores: "secretstores.aws.secretmanager",
    configuration: "configuration.aws.parameterstore",
    invocation: "invocation.aws.http",
  },
  components: {
    "bindings.aws.dynamodb": { required: ["table"], optional: [...connection], operations: ["create"] },
    "bindings.aws.eventbridge": {
      resource: "eventBusName",
      optional: [...connection, "source", "detailType", "pattern"],
      operations: ["create"],
    },
    "bindings.aws.s3": {
      resource: "bucket",
      optional: [...connection, "forcePathStyle"],
      operations: ["create", "get", "list", "delete", "presign", "createIfAbsent", "replace", "bulkDelete"],
    },
    "bindings.aws.sns": { resource: "topicArn", optional: [...connection], operations: ["create"] },
    "bindings.aws.sqs": { resource: "queueName", optional: [...connection], operations: ["create"] },
    "configuration.aws.parameterstore": { resource: "prefix", optional: [...connection] },
    "invocation.aws.http": { resource: "baseUrl", optional: [...connection, "arn"] },
    "pubsub.aws.snssqs": { resource: "topicPrefix", optional: [...connection] },
    "secretstores.aws.parameterstore": { resource: "prefix", optional: [...connection] },
    "secretstores.aws.secretmanager": {
      resource: "prefix",
      optional: [...connection, "multipleKeyValuesPerSecret"],
    },
    "state.aws.dynamodb": {
      resource: "table",
      optional: [...connection, "partitionKey", "ttlAttributeName", "allowScan", "keyPrefix"],
    },
  },
  triggers: {
    "bindings.aws.eventbridge": ["eventbridge-inbox", "eventbridge"],
    "bindings.aws.s3": ["s3-inbox", "s3-eventbridge", "s3"],
    "bindings.aws.sns": ["sqs", "sns"],
    "bindings.aws.sqs": ["sqs"],
    http: ["http", "rest", "alb", "invocation"],
    "pubsub.aws.snssqs": ["sqs"],
    "pubsub.in-memory": ["sqs"],
    "pubsub.sqlite": ["sqs"],
    schedule: ["scheduler"],
    "bindings.cron": ["scheduler"],
  },
  hosts: { default: "host", stream: "host-stream" },
  inbox: "inbox",
  lambda: ["apigw.v1", "apigw.v2", "url", "sqs", "scheduled"],
  native: ["sqs", "sns", "eventbridge", "s3", "alb", "alb.multi"],
  stack: "stack/emit",
  plan: "plan",
  bundle: { http: "function", event: "function", external: [] },
};
