// An HTTP API before Lambda functions, and a Function URL before one: requests become events of payload format 2.0, results
// become replies. Written from AWS's own description, and no proof of what AWS does.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRouter, readBody } from "../../src/provider.ts";
import { type Answer, text } from "./lambda-runtime-api.ts";
import type { SignedRequest } from "./sigv4.ts";

export interface HttpApi {
  readonly url: string;
  close(): void;
}

/** A route of the API, and the function behind it. */
export interface HttpRoute {
  readonly method: string;
  readonly path: string;
  /** Behind a Function URL, which hands on the path as it came; an HTTP API decodes it. */
  readonly functionUrl?: boolean;
  /** Asks for IAM: the ARN of whoever signed the request; `undefined`: it is not signed. Left out: it lets everybody in. */
  readonly callerOf?: (request: SignedRequest) => string | undefined;
  invoke(event: unknown): Promise<Answer>;
}

export async function startHttpApi(routes: readonly HttpRoute[]): Promise<HttpApi> {
  const router = createRouter(routes);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, 10 * 1024 * 1024);
    const [path = "/"] = (request.url ?? "/").split("?");
    const found = router.match(request.method ?? "GET", path);
    const route = found && "index" in found ? routes[found.index] : undefined;
    if (!route) return refuse(response, 404, "Not Found");
    const { method = "", url = "" } = request;
    const signed = { method, url, headers: request.headers, body: body ?? new Uint8Array() };
    const userArn = route.callerOf?.(signed);
    if (route.callerOf && userArn === undefined) return refuse(response, 403, "Forbidden");
    const event = toHttpEvent(request, body, { rawPath: route.functionUrl ? path : decoded(path), userArn });
    const params = Object.entries((found && "params" in found && found.params) || {});
    const pathParameters = Object.fromEntries(params.map(([name, value]) => [name === "*" ? "proxy" : name, value]));
    const known = params.length > 0 && !route.functionUrl;
    const reply = await route.invoke({ ...event, ...(known && { pathParameters }) });
    if (reply.streaming) return stream(reply.body, response);
    const result = await text(reply.body);
    if (!reply.ok) return refuse(response, 500, "Internal Server Error");
    const { statusCode, headers, cookies, body: sent, isBase64Encoded } = JSON.parse(result) as Result;
    writeHead(response, { statusCode, ...(headers && { headers }), ...(cookies && { cookies }) });
    response.end(Buffer.from(sent, isBase64Encoded ? "base64" : "utf8"));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.headersSent || refuse(response, 400, "Bad Request"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Prelude {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
}

interface Result extends Prelude {
  readonly body: string;
  readonly isBase64Encoded?: boolean;
}

function toHttpEvent(
  request: IncomingMessage,
  body: Uint8Array | undefined,
  { rawPath, userArn }: { readonly rawPath: string; readonly userArn: string | undefined },
): object {
  const { cookie, ...others } = request.headersDistinct;
  const headers = Object.fromEntries(Object.entries(others).map(([name, values = []]) => [name, values.join(",")]));
  const [, rawQueryString = ""] = /\?(.*)$/s.exec(request.url ?? "") ?? [];
  const plain = body !== undefined && isText(headers["content-type"] ?? "") && isUtf8(body);
  const domainName = "0123456789.execute-api.eu-west-1.amazonaws.com";
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath,
    rawQueryString,
    ...(rawQueryString !== "" && { queryStringParameters: queryOf(rawQueryString) }),
    ...(cookie && { cookies: cookie.flatMap((line) => line.split("; ")) }),
    headers: { ...headers, host: domainName, "x-forwarded-proto": "https" },
    requestContext: {
      accountId: "123456789012",
      apiId: "0123456789",
      ...(userArn !== undefined && {
        authorizer: { iam: { accountId: "123456789012", cognitoIdentity: null, userArn } },
      }),
      domainName,
      domainPrefix: "0123456789",
      http: { method: request.method, path: rawPath, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "test" },
      requestId: "JKJaXmPLvHcESHA=",
      routeKey: "$default",
      stage: "$default",
      time: "20/Nov/2026:10:00:00 +0000",
      timeEpoch: 1795168800000,
    },
    ...(body && { body: Buffer.from(body).toString(plain ? "utf8" : "base64") }),
    isBase64Encoded: body !== undefined && !plain,
  };
}

/** What comes twice is joined by commas. */
function queryOf(raw: string): Readonly<Record<string, string>> {
  const query = new URLSearchParams(raw);
  return Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name).join(",")]));
}

function isText(mediaType: string): boolean {
  return /^(?:text\/|application\/(?:json|javascript|xml|x-www-form-urlencoded)|[^;]+\+(?:json|xml))/.test(mediaType);
}

function isUtf8(bytes: Uint8Array): boolean {
  return Buffer.from(Buffer.from(bytes).toString("utf8")).equals(bytes);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The status and the headers, eight bytes of nothing, and then the body as it is made. */
async function stream(body: IncomingMessage, response: ServerResponse): Promise<void> {
  let head = Buffer.alloc(0);
  let begun = false;
  for await (const part of body as AsyncIterable<Buffer>) {
    if (begun) {
      response.write(part);
      continue;
    }
    head = Buffer.concat([head, part]);
    const end = head.indexOf(Buffer.alloc(8));
    if (end < 0) continue;
    begun = true;
    writeHead(response, JSON.parse(head.subarray(0, end).toString()) as Prelude);
    response.flushHeaders();
    if (head.length > end + 8) response.write(head.subarray(end + 8));
  }
  if (body.trailers["lambda-runtime-function-error-type"] !== undefined || !begun) response.destroy();
  else response.end();
}

function writeHead(response: ServerResponse, { statusCode, headers = {}, cookies = [] }: Prelude): void {
  response.statusCode = statusCode;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (cookies.length > 0) response.setHeader("set-cookie", cookies);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ message }));
}
