// What AWS makes of a function's result before the client sees it, by the shape of the event. Written from AWS's pages, beside
// the bridge, and no proof of what AWS does.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#respond-to-load-balancer
import type { LambdaHttpEvent } from "../../src/contracts/lambda.ts";
import type { Answer } from "./lambda-runtime-api.ts";

export interface ClientReply {
  readonly status: number;
  /** Lower-case names, without `set-cookie`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: Uint8Array;
}

/** `undefined`: the function failed, or its result is none that AWS sends on. */
export async function toClientReply(shape: LambdaHttpEvent, answer: Answer): Promise<ClientReply | undefined> {
  const parts: Buffer[] = [];
  for await (const part of answer.body as AsyncIterable<Buffer>) parts.push(part);
  const sent = Buffer.concat(parts);
  if (!answer.ok || answer.body.trailers["lambda-runtime-function-error-type"] !== undefined) return undefined;
  return answer.streaming ? streamed(sent, answer.body.headers["content-type"]) : whole(shape, JSON.parse(`${sent}`));
}

/** With a prelude: JSON, eight bytes of nothing, and the body. */
function streamed(sent: Buffer, type = ""): ClientReply {
  if (type !== "application/vnd.awslambda.http-integration-response")
    return { status: 200, headers: { "content-type": type }, cookies: [], body: sent };
  const end = sent.indexOf(Buffer.alloc(8));
  const { statusCode = 200, headers, cookies = [] } = JSON.parse(`${sent.subarray(0, end)}`) as Result;
  const fields = { "content-type": "application/octet-stream", ...lowered(Object.entries(headers ?? {})) };
  return { status: Number(statusCode), headers: fields, cookies, body: sent.subarray(end + 8) };
}

interface Result {
  readonly statusCode?: number | string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly unknown[]>>;
  readonly cookies?: readonly string[];
  readonly body?: unknown;
  readonly isBase64Encoded?: boolean;
}

function whole(shape: LambdaHttpEvent, result: Result | string | null): ClientReply | undefined {
  const two = shape === "apigw.v2" || shape === "url";
  if (result === null || typeof result !== "object" || result.statusCode === undefined) {
    if (!two) return undefined;
    const text = typeof result === "string" ? result : JSON.stringify(result);
    return { status: 200, headers: { "content-type": "application/json" }, cookies: [], body: Buffer.from(text) };
  }
  const { statusCode, headers = {}, multiValueHeaders = {}, cookies = [], body = "", isBase64Encoded } = result;
  if (body !== null && typeof body !== "string") return undefined;
  const single = shape === "alb.multi" ? {} : lowered(Object.entries(headers));
  const many = two || shape === "alb" ? {} : lowered(Object.entries(multiValueHeaders));
  const { "set-cookie": _, ...named } = { ...single, ...many };
  const type = { "apigw.v1": "application/json", "apigw.v2": "text/plain;charset=UTF-8", url: "application/json" };
  const missing = shape === "alb" || shape === "alb.multi" || !body ? {} : { "content-type": type[shape] };
  return {
    status: Number(statusCode),
    headers: { ...missing, ...named },
    cookies: two ? cookies : cookiesIn(headers, multiValueHeaders, shape),
    body: Buffer.from(body ?? "", isBase64Encoded ? "base64" : "utf8"),
  };
}

function cookiesIn(
  single: Readonly<Record<string, unknown>>,
  many: Readonly<Record<string, readonly unknown[]>>,
  shape: LambdaHttpEvent,
): readonly string[] {
  const of = (headers: Readonly<Record<string, unknown>>): readonly string[] =>
    Object.entries(headers).flatMap(([name, value]) =>
      name.toLowerCase() === "set-cookie" ? [value].flat().map(String) : [],
    );
  const lists = shape === "alb" ? [] : of(many);
  return lists.length > 0 || shape === "alb.multi" ? lists : of(single);
}

/** Values of one name as a client of Node.js reads them. */
function lowered(headers: readonly (readonly [string, unknown])[]): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), [value].flat().join(", ")]));
}
