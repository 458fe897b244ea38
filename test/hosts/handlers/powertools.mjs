// Powertools for AWS Lambda: its logger, its batches and its idempotency with DynamoDB.
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { LogFormatter, Logger, LogItem } from "@aws-lambda-powertools/logger";

/** Powertools' own way to write a line by other rules: by none here, it only keeps what each says. */
class Keeping extends LogFormatter {
  kept = [];
  formatAttributes({ logLevel, message, serviceName, lambdaContext }, others) {
    const { coldStart, awsRequestId } = lambdaContext ?? {};
    const attributes = { logLevel, message, serviceName, coldStart, request: typeof awsRequestId, ...others };
    this.kept.push(attributes);
    return new LogItem({ attributes });
  }
}
const logFormatter = new Keeping();
const log = new Logger({ serviceName: "orders", logLevel: "INFO", logFormatter });
export const logger = async (event, context) => {
  log.addContext(context);
  log.appendKeys({ path: event.rawPath });
  log.info("asked", { query: event.rawQueryString });
  log.debug("left out");
  log.resetKeys();
  return { statusCode: 200, body: JSON.stringify(logFormatter.kept.splice(0)) };
};

const processor = new BatchProcessor(EventType.SQS);
export const batch = async (event, context) =>
  processPartialResponse(
    event,
    async ({ body }) => {
      if (JSON.parse(body).fail) throw new Error("this one fails");
    },
    processor,
    { context },
  );

let runs = 0;
const run = async ({ body }) => {
  runs += 1;
  return {
    statusCode: 201,
    headers: { "x-runs": String(runs) },
    body: JSON.stringify({ order: JSON.parse(body).order, runs }),
  };
};
let guarded;
export const idempotent = async (event, context) => {
  guarded ??= makeIdempotent(run, {
    persistenceStore: new DynamoDBPersistenceLayer({ tableName: process.env.IDEMPOTENCY_TABLE }),
    config: new IdempotencyConfig({ eventKeyJmesPath: 'headers."idempotency-key"', throwOnNoIdempotencyKey: true }),
  });
  return guarded(event, context);
};
