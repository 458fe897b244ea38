// What a Lambda handler answers a request with, read as AWS reads it.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.response
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#respond-to-load-balancer
import type { LambdaHttpEvent } from "../contracts/lambda.ts";
import { FaastenError } from "../errors.ts";
import { Response } from "../runtime/response.ts";
import type { Prelude, StreamedReply } from "./stream.ts";

/** Throws `INTERNAL` for what AWS would refuse to send. */
export function toResponse(result: unknown, event: LambdaHttpEvent): globalThis.Response {
  const json = result === undefined ? "null" : JSON.stringify(result);
  const whole = isRecord(result) ? result : {};
  if (whole["statusCode"] === undefined) {
    if (event !== "apigw.v2" && event !== "url") throw refused("the reply lacks its `statusCode`");
    const headers = { "content-type": "application/json" };
    return new Response(typeof result === "string" ? result : json, { headers });
  }
  const { statusCode, body, isBase64Encoded } = whole;
  if (body !== undefined && body !== null && typeof body !== "string")
    throw refused(`the reply's \`body\` is text, and not ${Array.isArray(body) ? "a list" : `of type ${typeof body}`}`);
  const status = toStatus(statusCode);
  const headers = headersOf(whole, event);
  if (!body || status === 204 || status === 205 || status === 304) return new Response(null, { status, headers });
  const typed = headers.some(([name]) => name.toLowerCase() === "content-type");
  const type = defaultTypes[event];
  if (!typed && type !== undefined) headers.push(["content-type", type]);
  // To text, a web response would add a media type where there is none.
  const asText = isBase64Encoded !== true && (typed || type !== undefined);
  return new Response(asText ? body : bytesOf(body, isBase64Encoded === true), { status, headers });
}

export function toStreamedResponse({ prelude, body }: StreamedReply): globalThis.Response {
  const status = prelude.statusCode === undefined ? 200 : toStatus(prelude.statusCode);
  const headers = [...fieldsOf(prelude.headers, "headers"), ...cookiesOf(prelude)];
  if (!headers.some(([name]) => name.toLowerCase() === "content-type"))
    headers.push(["content-type", "application/octet-stream"]);
  if (status !== 204 && status !== 205 && status !== 304) return new Response(body, { status, headers });
  void body.cancel();
  return new Response(null, { status, headers });
}

/** Of a reply that names none. */
const defaultTypes: Readonly<Partial<Record<LambdaHttpEvent, string>>> = {
  "apigw.v1": "application/json",
  "apigw.v2": "text/plain;charset=UTF-8",
  url: "application/json",
};

type Fields = [name: string, value: string][];

/** Lists count where the event had lists; cookies where cookies were apart. Of one name in both, the list holds. */
function headersOf(reply: Readonly<Record<string, unknown>>, event: LambdaHttpEvent): Fields {
  const single = event === "alb.multi" ? [] : fieldsOf(reply["headers"], "headers");
  if (event === "apigw.v2" || event === "url") return [...single, ...cookiesOf(reply)];
  const lists = event === "alb" ? [] : listsOf(reply["multiValueHeaders"]);
  const named = new Set(lists.map(([name]) => name.toLowerCase()));
  return [...single.filter(([name]) => !named.has(name.toLowerCase())), ...lists];
}

function cookiesOf({ cookies }: Prelude): Fields {
  if (cookies === undefined || cookies === null) return [];
  if (!Array.isArray(cookies)) throw refused("the reply's `cookies` are a list of texts");
  return cookies.map((cookie: unknown) => ["set-cookie", String(cookie)]);
}

function fieldsOf(headers: unknown, name: string): Fields {
  return membersOf(headers, name).flatMap(([key, value]): Fields => {
    if (value === undefined || value === null) return [];
    return [[key, Array.isArray(value) ? value.join(",") : String(value)]];
  });
}

function listsOf(headers: unknown): Fields {
  return membersOf(headers, "multiValueHeaders").flatMap(([key, values]): Fields => {
    if (values === undefined || values === null) return [];
    return (Array.isArray(values) ? values : [values]).map((value: unknown) => [key, String(value)]);
  });
}

function membersOf(headers: unknown, name: string): readonly (readonly [string, unknown])[] {
  if (headers === undefined || headers === null) return [];
  if (!isRecord(headers)) throw refused(`the reply's \`${name}\` are an object of names and values`);
  return Object.entries(headers);
}

function toStatus(given: unknown): number {
  const status = typeof given === "number" || typeof given === "string" ? Number(given) : Number.NaN;
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw refused(`the reply's \`statusCode\` is a whole number from 200 to 599, and not ${JSON.stringify(given)}`);
}

function bytesOf(body: string, base64: boolean): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(body, base64 ? "base64" : "utf8"));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refused(what: string): FaastenError {
  return new FaastenError("INTERNAL", `${what}: AWS would answer with an error of its own`);
}
