// AWS's events, by the names that `lambda()` knows them by.

/** The shape of the event that a handler expects; each is made of what comes on any target. */
export type LambdaEvent =
  /** API Gateway: a REST API, or an HTTP API of payload format 1.0. */
  | "apigw.v1"
  /** API Gateway: an HTTP API of payload format 2.0. */
  | "apigw.v2"
  /** An Application Load Balancer; `alb.multi`: its target group has multi-value headers. */
  | "alb"
  | "alb.multi"
  /** A Function URL. */
  | "url"
  | "sqs"
  | "sns"
  | "eventbridge"
  | "s3"
  | "scheduled";

/** Those that are made of a web request. */
export type LambdaHttpEvent = Extract<LambdaEvent, `apigw.${string}` | `alb${string}` | "url">;

/** Events that only AWS has: the handler gets them there as they are, and a build for another target fails. */
export type AwsEvent =
  | "dynamodb"
  | "kinesis"
  | "firehose"
  | "kafka"
  | "mq"
  | "websocket"
  | "cognito"
  | "iot"
  | "alexa"
  | "cloudfront"
  | "logs"
  | "ses"
  /** No event at all: it is called by its name. */
  | "invoke";
