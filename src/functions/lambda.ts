// AWS Lambda handlers, unmodified, on every target.
import { answering, settling } from "../bridge/bridge.ts";
import type { Inbox } from "../bridge/message.ts";
import { isStreaming } from "../bridge/stream.ts";
import type { Definition } from "../contracts/function.ts";
import type { AwsEvent, LambdaEvent, LambdaHttpEvent } from "../contracts/lambda.ts";
import type { TriggerSpec } from "../contracts/trigger.ts";
import { FaastenError, notHere } from "../errors.ts";
import { answeredBy, type HttpTrigger, toSpec } from "./answered.ts";
import { again } from "./settle-once.ts";

/** A handler as AWS documents it, in any of its styles: async, sync, with a callback, or made by `awslambda.streamifyResponse`. */
export type LambdaHandler = (...given: never[]) => unknown;

/** What triggers it: `http.any("/legacy/*", { access })` or `schedule("…")` without a handler, a topic, a binding. */
export type LambdaTrigger = HttpTrigger | EventTrigger | { readonly trigger: EventTrigger };
type EventTrigger = Exclude<TriggerSpec, { readonly kind: "http" | "native" }>;

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
  checkTrigger(options);
  return {
    faasten: "function",
    ...(options.name !== undefined && { name: options.name }),
    uses: {},
    lambda: { handler, event: options.event },
    ...("on" in options ? bridged(handler, options) : nativeAlone(options.event)),
  };
}

/** Its types say so too, but an existing handler is mostly plain JavaScript. */
function checkTrigger(options: Partial<LambdaOptions> | AwsLambdaOptions | undefined): void {
  const { event, on } = { event: undefined, on: undefined, ...options };
  const known = typeof on === "object" && on !== null && ("kind" in on || "trigger" in on);
  if (known || (on === undefined && event !== undefined && !isMade(event))) return;
  const whole = typeof on === "object" && on !== null && "faasten" in on;
  const what = whole ? "is a whole function, leave out its handler" : on === undefined ? "is missing" : "is no trigger";
  const mend = 'write `on: http.any("/legacy/*", { access: "public" })`, a topic, a binding or a schedule';
  throw new FaastenError("INVALID", `the \`on\` of \`lambda()\` ${what}: ${mend}`);
}

type Settling = Pick<Definition, "on" | "settle" | "settleMany" | "fail">;

function bridged(handler: Function, { on, event }: LambdaOptions): Settling {
  const trigger = "trigger" in on ? on.trigger : on;
  if (trigger.kind === "http") return requests(handler, trigger, event);
  const batches = event === "sqs" && trigger.kind === "topic";
  const spec: TriggerSpec = batches ? { ...trigger, many: true } : trigger;
  // What does not fit together is told by the build.
  if (import.meta.without?.bridge || isHttp(event) || typeof handler !== "function") return { on: spec, ...leftOut };
  const settle = settling(handler, event, inboxOf(trigger));
  return {
    on: spec,
    async settle(arrival, invocation) {
      if (arrival.kind !== "event") return { kind: "dead", reason: "this function takes events" };
      const [outcome] = await settle([arrival], invocation);
      return outcome ?? notHere();
    },
    ...(batches && { settleMany: settle }),
    fail: again,
  };
}

function requests(handler: Function, trigger: HttpTrigger, event: LambdaEvent): Settling {
  const known = typeof handler === "function";
  const streamed: HttpTrigger = known && isStreaming(handler) ? { ...trigger, stream: true } : trigger;
  if (import.meta.without?.bridge || !isHttp(event) || !known) return { on: toSpec(streamed), ...leftOut };
  const answer = answering(handler, event);
  return answeredBy(streamed, ({ arrival: { request, path }, params, caller, invocation }) =>
    answer({ request, path, route: trigger, params, caller, invocation }),
  );
}

function nativeAlone(event: AwsEvent): Settling {
  return { on: { kind: "native", provider: "aws", event }, ...leftOut };
}

const leftOut: Pick<Definition, "settle" | "fail"> = { settle: notHere, fail: notHere };

function isMade(event: LambdaEvent | AwsEvent): boolean {
  return isHttp(event) || ["sqs", "sns", "eventbridge", "s3", "scheduled"].includes(event);
}

function isHttp(event: LambdaEvent | AwsEvent): event is LambdaHttpEvent {
  return event === "url" || event.startsWith("apigw.") || event.startsWith("alb");
}

function inboxOf(trigger: EventTrigger): Inbox {
  switch (trigger.kind) {
    case "topic":
      return { name: trigger.topic, ordered: trigger.ordered, raw: trigger.raw === true };
    case "binding":
      return { name: trigger.binding, ordered: false, raw: true };
    case "schedule":
      return { name: "schedule", ordered: false, raw: true };
  }
}
