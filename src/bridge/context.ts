// What Lambda hands a handler beside the event.
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
import type { Invocation } from "../contracts/function.ts";
import { arn, memoryLimitInMB } from "./placeholders.ts";

/** The old ways to end, `done`, `succeed` and `fail`, are added where the handler is called. */
export interface LambdaContext {
  /** May be set, to no effect: a call ends when its reply is there, and what else runs goes on. */
  callbackWaitsForEmptyEventLoop: boolean;
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  /** A number, as text. */
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly clientContext: undefined;
  readonly identity: undefined;
  getRemainingTimeInMillis(): number;
}

export function toContext({ id, function: name, deadline }: Invocation): LambdaContext {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: name,
    functionVersion: "$LATEST",
    invokedFunctionArn: arn("lambda", `function:${name}`),
    memoryLimitInMB,
    awsRequestId: id,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: "[$LATEST]",
    clientContext: undefined,
    identity: undefined,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}
