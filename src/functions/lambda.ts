// AWS Lambda handlers, unmodified, on every target.
import type { Definition } from "../contracts/function.ts";
import type { TriggerSpec } from "../contracts/trigger.ts";
import { notHere } from "../errors.ts";
import type { HttpTrigger } from "./http.ts";

/** A handler as AWS documents it, in any of its styles: async, sync, with a callback, or made by `awslambda.streamifyResponse`. */
export type LambdaHandler = (...given: never[]) => unknown;

/** The shape of the event that the handler expects; each is made of what comes on any target. */
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
  | "ses";

/** What triggers it: `http.any("/legacy/*", { access })` or `schedule("…")` without a handler, a topic, a binding. */
export type LambdaTrigger = HttpTrigger | TriggerSpec | { readonly trigger: TriggerSpec };

export interface LambdaOptions {
  /** The function's identity; left out: the export's name. */
  readonly name?: string;
  readonly on: LambdaTrigger;
  readonly event: LambdaEvent;
}

export interface AwsLambdaOptions {
  /** The function's identity; left out: the export's name. */
  readonly name?: string;
  readonly event: AwsEvent;
}

/**
 * An existing Lambda handler as a function. On AWS the handler itself is deployed. Elsewhere it gets an event of the
 * wanted shape and a Lambda context, made of what came, and its result is read as AWS reads it.
 */
/* @__NO_SIDE_EFFECTS__ */
export function lambda(handler: LambdaHandler, options: LambdaOptions | AwsLambdaOptions): Definition {
  const { name, event } = options;
  const on: TriggerSpec = "on" in options ? toSpec(options.on) : { kind: "native", provider: "aws", event };
  return {
    faasten: "function",
    ...(name !== undefined && { name }),
    on,
    uses: {},
    lambda: { handler, event },
    settle: notHere,
    fail: notHere,
  };
}

function toSpec(on: LambdaTrigger): TriggerSpec {
  return "trigger" in on ? on.trigger : on;
}
