// Handlers without a library, for the runtimes that know promises alone.
import { gzipSync } from "node:zlib";

/** What a handler may read of any target's event. */
export const seen = async (event) => ({
  statusCode: 200,
  headers: { "content-type": "application/json", "x-number": 7, "x-yes": true },
  body: JSON.stringify({
    method: event.httpMethod ?? event.requestContext.http.method,
    path: event.path ?? event.rawPath,
    params: event.pathParameters ?? null,
    query: event.queryStringParameters ?? null,
    queries: event.multiValueQueryStringParameters ?? null,
    raw: event.rawQueryString ?? null,
    cookies: event.cookies ?? null,
    cookie: event.headers?.cookie ?? event.multiValueHeaders?.cookie ?? null,
    named: event.headers?.["x-named"] ?? event.multiValueHeaders?.["x-named"] ?? null,
    resource: event.resource ?? event.routeKey ?? null,
    body: event.body ?? null,
    base64: event.isBase64Encoded,
  }),
});
export const sync = () => ({ statusCode: 202, body: "at once" });
export const shorthand = async ({ queryStringParameters: { of } }) =>
  ({ object: { message: "é" }, list: [1, { a: 2 }], text: "as it is", number: 7, nothing: undefined })[of];
export const bytes = async ({ body, isBase64Encoded }) => ({
  statusCode: 200,
  headers: { "Content-Type": "application/octet-stream" },
  body: Buffer.from(body ?? "", isBase64Encoded ? "base64" : "utf8").toString("base64"),
  isBase64Encoded: true,
});
export const zipped = async () => ({
  statusCode: 200,
  headers: { "content-type": "text/plain", "content-encoding": "gzip", vary: "accept-encoding" },
  body: gzipSync("zipped ".repeat(100)).toString("base64"),
  isBase64Encoded: true,
});
export const cookies = async ({ queryStringParameters }) => ({
  statusCode: 200,
  cookies: queryStringParameters?.odd
    ? ["odd=a=b&c; Path=/", "order=1; SameSite=Lax; Secure; HttpOnly"]
    : ["one=1; HttpOnly; Secure; SameSite=Lax", "two=2; Max-Age=60; Path=/a"],
  body: "cookies",
});
export const lists = async () => ({
  statusCode: 200,
  headers: { "X-Once": "1", "X-Both": "single" },
  multiValueHeaders: { "Set-Cookie": ["a=1", "b=2; Path=/"], "X-Both": ["1", "2"], "Content-Type": ["text/plain"] },
  body: "lists",
});
export const bare = async () => ({ statusCode: "204" });
export const untyped = async () => ({ statusCode: 200, body: '{"a": 1}' });
export const throws = async () => {
  throw new Error("an inner matter");
};
export const unreadable = async () => ({ statusCode: 200, body: { an: "object" } });
export const written = async ({ headers }) => ({
  statusCode: 200,
  body: JSON.stringify({ type: headers["X-Named"] ?? null }),
});
export const twice = async ({ headers, multiValueHeaders }) => ({
  statusCode: 200,
  body: JSON.stringify({ one: headers["x-named"], all: multiValueHeaders["x-named"] }),
});
export const timed = async (_event, context) => {
  const left = context.getRemainingTimeInMillis();
  context.callbackWaitsForEmptyEventLoop = false;
  const body = { left: left > 0 && left < 900_000, id: typeof context.awsRequestId, version: context.functionVersion };
  return { statusCode: 200, body: JSON.stringify(body) };
};
