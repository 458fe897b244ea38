// A neutral arrival as AWS's event in, what a Lambda handler made of it as an outcome out.
import type { Invocation } from "../contracts/function.ts";
import type { LambdaEvent, LambdaHttpEvent } from "../contracts/lambda.ts";
import type { EventArrival, Outcome } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import { toRestApiEvent } from "./api-gateway-v1.ts";
import { toHttpApiEvent } from "./api-gateway-v2.ts";
import { toContext } from "./context.ts";
import { toBusEvent, toScheduledEvent } from "./eventbridge.ts";
import { toCallable } from "./handler.ts";
import { toLoadBalancerEvent } from "./load-balancer.ts";
import type { Inbox } from "./message.ts";
import { toResponse, toStreamedResponse } from "./reply.ts";
import { toS3Event } from "./s3.ts";
import { toSnsEvent } from "./sns.ts";
import { toOutcomes, toSqsEvent } from "./sqs.ts";
import { callStreaming, isStreaming } from "./stream.ts";
import { type Asked, type EventBody, toEventBody } from "./web-request.ts";

/** Rejects with what the handler failed with, and with `INTERNAL` for a reply that AWS would refuse. */
export function answering(handler: Function, event: LambdaHttpEvent): (asked: Asked) => Promise<Response> {
  const call = toCallable(handler);
  return async (asked) => {
    const { invocation } = asked;
    const native = toHttpEvent(event, asked, await toEventBody(asked.request, { anyText: event === "apigw.v1" }));
    const context = toContext(invocation);
    if (isStreaming(handler)) return toStreamedResponse(await callStreaming(handler, native, context));
    return toResponse(await call(native, context), event);
  };
}

/**
 * The outcome of each. What cannot be made an event of this shape is dead; of the others, one call for all where the shape
 * has batches, else one for each, of which there must be one alone.
 */
export function settling(
  handler: Function,
  event: Exclude<LambdaEvent, LambdaHttpEvent>,
  inbox: Inbox,
): (arrivals: readonly EventArrival[], invocation: Invocation) => Promise<readonly Outcome[]> {
  const call = toCallable(handler);
  return async (arrivals, invocation) => {
    let native: object;
    try {
      native = toEvent(event, arrivals, inbox, invocation);
    } catch (error) {
      if (error instanceof FaastenError && error.code === "INVALID")
        return arrivals.map(() => ({ kind: "dead", reason: error.message }));
      throw error;
    }
    const result = await call(native, toContext(invocation));
    return event === "sqs" ? toOutcomes(result, arrivals) : arrivals.map(() => ({ kind: "done" }));
  };
}

function toHttpEvent(event: LambdaHttpEvent, asked: Asked, body: EventBody): object {
  switch (event) {
    case "apigw.v1":
      return toRestApiEvent(asked, body);
    case "apigw.v2":
    case "url":
      return toHttpApiEvent(asked, body, { url: event === "url" });
    case "alb":
    case "alb.multi":
      return toLoadBalancerEvent(asked, body, { multi: event === "alb.multi" });
  }
}

function toEvent(
  event: Exclude<LambdaEvent, LambdaHttpEvent>,
  arrivals: readonly EventArrival[],
  inbox: Inbox,
  invocation: Invocation,
): object {
  if (event === "sqs") return toSqsEvent(arrivals, inbox);
  const [only, ...others] = arrivals;
  if (!only || others.length > 0) throw new FaastenError("INTERNAL", `${event} hands over one event at a time`);
  switch (event) {
    case "sns":
      return toSnsEvent(only.event, inbox);
    case "eventbridge":
      return toBusEvent(only.event);
    case "s3":
      return toS3Event(only.event, inbox.name);
    case "scheduled":
      return toScheduledEvent(only.event, invocation.function);
  }
}
