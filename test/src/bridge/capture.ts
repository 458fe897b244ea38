// Runs a Lambda handler behind a trigger, as a host would, and says what it was handed and what came of it.

import type { Caller, Outcome } from "../../../src/contracts/trigger.ts";
import type { LambdaEvent } from "../../../src/index.ts";
import { http, lambda } from "../../../src/index.ts";
import { toRequest } from "../../../src/runtime/request.ts";
import { calling } from "../functions/calling.ts";

export interface WebRequest {
  readonly method: string;
  /** Path and query, as on the wire. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The same, in turn, as the client wrote them. */
  readonly written?: readonly string[];
  readonly body: string | Uint8Array | undefined;
  readonly caller?: Caller;
  readonly route?: `/${string}`;
  /** What else the route says. */
  readonly on?: { readonly rest?: string; readonly fallback?: true };
}

export const httpEvents = ["apigw.v1", "apigw.v2", "alb", "alb.multi", "url"] as const satisfies readonly LambdaEvent[];
export type HttpEvent = (typeof httpEvents)[number];

/** The event as a handler of this shape gets it, through JSON as in AWS. */
export async function eventOf(shape: HttpEvent, request: WebRequest): Promise<Readonly<Record<string, unknown>>> {
  const seen: string[] = [];
  const handler = (event: unknown): object => {
    seen.push(JSON.stringify(event));
    return { statusCode: 204 };
  };
  const response = await answer(shape, handler, request);
  if (response.status !== 204 || seen.length !== 1)
    throw new Error(`status ${response.status}: ${await response.text()}`);
  return JSON.parse(seen[0] ?? "");
}

/** What is answered to a GET of "/" by a handler that gives this. */
export async function replyTo(shape: HttpEvent, result: unknown): Promise<Response> {
  return answer(shape, async () => result, { method: "GET", target: "/", headers: {}, body: undefined });
}

export async function answer(
  shape: HttpEvent,
  handler: Function,
  request: WebRequest,
  timeout?: number,
): Promise<Response> {
  const { method, target, headers, written, body, caller, route = "/*", on } = request;
  const definition = lambda(handler as never, {
    on: { ...http.any(route, { access: "public" }), ...on },
    event: shape,
  });
  const lazy = toRequest({
    method,
    url: () => `https://api.example${target}`,
    headers,
    ...(written && { written }),
    body,
  });
  const path = target.split("?")[0] ?? "";
  const { deliver } = calling(definition, {}, timeout);
  const [outcome] = await deliver({ kind: "request", request: lazy, path, ...(caller && { caller }) });
  return responseOf(outcome);
}

function responseOf(outcome: Outcome | undefined): Response {
  if (outcome?.kind !== "reply") throw new Error(`no reply, but ${outcome?.kind}`);
  return outcome.response;
}
