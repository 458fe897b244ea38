// A web request becomes AWS's event, and an independent reader of AWS's documented format reads the same request out of it.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type HttpEvent as NativeEvent, trigger } from "../../../providers/aws/triggers/http.ts";
import { eventOf, type HttpEvent, httpEvents, type WebRequest } from "./capture.ts";

/** One request as a reader of events knows it. */
interface Read {
  readonly method: string;
  readonly path: string;
  /** Name → values, in their order. */
  readonly query: Readonly<Record<string, readonly string[]>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Fields = Readonly<Record<string, unknown>>;
type Texts = Readonly<Record<string, string>>;
type Lists = Readonly<Record<string, readonly string[]>>;

/**
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
 */
const readers: Readonly<Record<HttpEvent, (event: Fields) => Read>> = {
  "apigw.v1": (event) => ({
    method: event["httpMethod"] as string,
    path: event["path"] as string,
    query: (event["multiValueQueryStringParameters"] ?? {}) as Lists,
    headers: event["headers"] as Texts,
    body: bodyIn(event),
  }),
  "apigw.v2": (event) => readTwo(event),
  url: (event) => readTwo(event),
  alb: (event) => ({
    method: event["httpMethod"] as string,
    path: event["path"] as string,
    query: decodedLists(
      Object.entries(event["queryStringParameters"] as Texts).map(([name, value]) => [name, [value]]),
    ),
    headers: event["headers"] as Texts,
    body: bodyIn(event),
  }),
  "alb.multi": (event) => ({
    method: event["httpMethod"] as string,
    path: event["path"] as string,
    query: decodedLists(Object.entries(event["multiValueQueryStringParameters"] as Lists)),
    headers: Object.fromEntries(
      Object.entries(event["multiValueHeaders"] as Lists).map(([name, values]) => [name, values.join(", ")]),
    ),
    body: bodyIn(event),
  }),
};

function readTwo(event: Fields): Read {
  const { http } = event["requestContext"] as { readonly http: { readonly method: string } };
  const query = new Map<string, string[]>();
  for (const part of String(event["rawQueryString"]).split("&").filter(Boolean)) {
    const [name = "", ...rest] = part.split("=").map(decodeURIComponent);
    query.set(name, [...(query.get(name) ?? []), rest.join("=")]);
  }
  const cookies = event["cookies"] as readonly string[] | undefined;
  return {
    method: http.method,
    path: event["rawPath"] as string,
    query: Object.fromEntries(query),
    headers: { ...(event["headers"] as Texts), ...(cookies && { cookie: cookies.join("; ") }) },
    body: bodyIn(event),
  };
}

function decodedLists(lists: readonly (readonly [string, readonly string[]])[]): Lists {
  return Object.fromEntries(lists.map(([name, values]) => [decodeURIComponent(name), values.map(decodeURIComponent)]));
}

/** In hex. */
function bodyIn({ body, isBase64Encoded }: Fields): string {
  if (body === undefined || body === null || body === "") return "";
  return Buffer.from(body as string, isBase64Encoded ? "base64" : "utf8").toString("hex");
}

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((one) => one.isWellFormed());
/** "." and ".." are no segments that arrive. */
const segment = text.filter((one) => !/^\.{1,2}$/.test(one)).map(encodeURIComponent);
/** Some come twice. */
const name = fc.oneof(
  text.filter((one) => one !== "__proto__"),
  fc.constantFrom("a", "b"),
);
const pairs = fc.array(fc.tuple(name, fc.oneof(text, fc.constant(""))), { maxLength: 5 });
const headers = fc.dictionary(
  fc.stringMatching(/^x-[a-z0-9]{1,8}$/),
  fc.stringMatching(/^[!-~](?:[ -~]{0,10}[!-~])?$/),
  { maxKeys: 4 },
);
const types = [
  "application/json",
  "text/html; charset=utf-8",
  "application/xml",
  "application/octet-stream",
  "image/png",
];
const requests = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE"),
  segments: fc.array(segment, { maxLength: 4 }),
  pairs,
  headers,
  cookies: fc.array(fc.stringMatching(/^[a-z]{1,5}=[!#-+\--:<-~]{1,8}$/), { maxLength: 3 }),
  type: fc.option(fc.constantFrom(...types, "application/x-www-form-urlencoded")),
  body: fc.oneof(fc.constant(undefined), text, fc.uint8Array({ minLength: 1, maxLength: 20 })),
});

interface Made extends WebRequest {
  readonly path: string;
  readonly pairs: readonly (readonly [string, string])[];
  readonly sent: Uint8Array;
}

const made = requests.map(({ method, segments, pairs, headers, cookies, type, body }): Made => {
  const query = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
  const path = `/${segments.join("/")}`;
  return {
    method,
    path,
    pairs,
    target: query === "" ? path : `${path}?${query}`,
    headers: {
      ...headers,
      ...(cookies.length > 0 && { cookie: cookies.join("; ") }),
      ...(type !== null && { "content-type": type }),
    },
    body,
    sent: method === "GET" || body === undefined ? new Uint8Array() : Buffer.from(body as string),
  };
});

describe.each(httpEvents)("a request as %s", (shape) => {
  test("is the same request to whoever reads the documented format", async () => {
    await fc.assert(
      fc.asyncProperty(made, async (request) => {
        const read = readers[shape](await eventOf(shape, request));
        const values = new Map<string, string[]>();
        for (const [name, value] of request.pairs) values.set(name, [...(values.get(name) ?? []), value]);
        // With one value of each, the last one counts.
        if (shape === "alb") for (const [name, all] of values) values.set(name, all.slice(-1));
        expect(read.method).toBe(request.method);
        // An HTTP API hands the path over decoded.
        expect(read.path).toBe(shape === "apigw.v2" ? decodeURIComponent(request.path) : request.path);
        expect(read.query).toEqual(Object.fromEntries(values));
        expect(read.headers).toEqual({ ...added, ...request.headers });
        expect(read.body).toBe(Buffer.from(request.sent).toString("hex"));
      }),
      { numRuns: 300 },
    );
  });
});

/** What stands before every function on AWS adds these. */
const added = {
  host: "api.example",
  "x-forwarded-for": "127.0.0.1",
  "x-forwarded-port": "443",
  "x-forwarded-proto": "https",
};

describe("the HTTP trigger of AWS", () => {
  test.each(["apigw.v2", "url"] as const)("takes %s for the request that it was", async (shape) => {
    await fc.assert(
      fc.asyncProperty(made, async (request) => {
        const payload = (await eventOf(shape, request)) as unknown as NativeEvent;
        expect(trigger.accepts(payload)).toBe(true);
        const [arrival] = await trigger.decode({ id: "1", payload, context: {}, deadline: 0 });
        if (arrival?.kind !== "request") throw new Error("no request");
        expect(arrival.request.method).toBe(request.method);
        if (shape === "url") expect(arrival.path).toBe(request.path);
        const { searchParams } = new URL(arrival.request.url);
        expect([...searchParams]).toEqual(request.pairs.map((pair) => [...pair]));
        expect(Object.fromEntries(arrival.request.headers)).toEqual({ ...added, ...request.headers });
        expect(Buffer.from(await arrival.request.arrayBuffer()).toString("hex")).toBe(
          Buffer.from(request.sent).toString("hex"),
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe("what else an event says", () => {
  const request: WebRequest = {
    method: "POST",
    target: "/orders/a%20b/files/x/y%2Fz?a=1&a=2",
    route: "/orders/:id/files/*",
    headers: {
      "user-agent": "curl/8",
      "x-forwarded-for": "6.6.6.6, 192.0.2.7:51000",
      "content-type": "application/json",
    },
    body: '{"é":1}',
    caller: { kind: "user", subject: "ann", claims: { sub: "ann", groups: ["a", "b"], exp: 7, scope: "read write" } },
  };

  test("apigw.v2", async () => {
    expect(await eventOf("apigw.v2", request)).toMatchObject({
      version: "2.0",
      routeKey: "ANY /orders/{id}/files/{proxy+}",
      rawPath: "/orders/a b/files/x/y/z",
      queryStringParameters: { a: "1,2" },
      pathParameters: { id: "a b", proxy: "x/y/z" },
      requestContext: {
        accountId: "000000000000",
        domainName: "api.example",
        domainPrefix: "api",
        requestId: expect.stringMatching(/^call-\d+$/),
        stage: "$default",
        authorizer: {
          jwt: { claims: { sub: "ann", groups: "[a b]", exp: "7", scope: "read write" }, scopes: ["read", "write"] },
        },
        http: { method: "POST", sourceIp: "192.0.2.7", userAgent: "curl/8", protocol: "HTTP/1.1" },
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        timeEpoch: expect.any(Number),
      },
      body: '{"é":1}',
      isBase64Encoded: false,
    });
  });

  test("url: no route, and the path as it came", async () => {
    const event = await eventOf("url", { ...request, caller: { kind: "service", subject: "arn:x", claims: {} } });
    expect(event).toMatchObject({
      routeKey: "$default",
      rawPath: "/orders/a%20b/files/x/y%2Fz",
      requestContext: { authorizer: { iam: { userArn: "arn:x" } } },
    });
    expect(event).not.toHaveProperty("pathParameters");
  });

  test("apigw.v1: path and parameters of it as they came; what is not there is null", async () => {
    expect(await eventOf("apigw.v1", request)).toMatchObject({
      resource: "/orders/{id}/files/{proxy+}",
      path: "/orders/a%20b/files/x/y%2Fz",
      pathParameters: { id: "a%20b", proxy: "x/y%2Fz" },
      queryStringParameters: { a: "2" },
      multiValueQueryStringParameters: { a: ["1", "2"] },
      multiValueHeaders: { "user-agent": ["curl/8"] },
      stageVariables: null,
      requestContext: {
        resourcePath: "/orders/{id}/files/{proxy+}",
        authorizer: { principalId: "ann", claims: { sub: "ann" } },
        identity: { sourceIp: "192.0.2.7", userAgent: "curl/8", cognitoIdentityId: null },
      },
    });
    const bare = { method: "GET", target: "/", headers: {}, body: undefined };
    expect(await eventOf("apigw.v1", bare)).toMatchObject({
      body: null,
      isBase64Encoded: false,
      pathParameters: null,
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      requestContext: { identity: { sourceIp: "127.0.0.1" } },
    });
  });

  test("alb: its target group, and one form of headers alone", async () => {
    const [one, all] = [await eventOf("alb", request), await eventOf("alb.multi", request)];
    expect(one["requestContext"]).toEqual({ elb: { targetGroupArn: expect.stringMatching(/^arn:aws:elastic/) } });
    expect(one).not.toHaveProperty("multiValueHeaders");
    expect(one["queryStringParameters"]).toEqual({ a: "2" });
    expect(one["path"]).toBe("/orders/a%20b/files/x/y%2Fz");
    expect(all).not.toHaveProperty("headers");
    expect(all["multiValueQueryStringParameters"]).toEqual({ a: ["1", "2"] });
  });

  const forms = [
    ["apigw.v2", "application/x-www-form-urlencoded", true],
    ["apigw.v2", "application/json; charset=utf-8", false],
    ["apigw.v2", "application/jsonlines", true],
    ["apigw.v2", undefined, true],
    ["url", "text/plain", false],
    ["alb", "application/javascript", false],
    ["alb.multi", "image/svg+xml", true],
    ["apigw.v1", "application/x-www-form-urlencoded", false],
    ["apigw.v1", undefined, false],
  ] as const;
  test.each(forms)("%s: a body of %s in base64: %s", async (shape, type, base64) => {
    const headers = type === undefined ? {} : { "content-type": type };
    const { isBase64Encoded } = await eventOf(shape, {
      method: "POST",
      target: "/",
      headers,
      body: Buffer.from("a=1"),
    });
    expect(isBase64Encoded).toBe(base64);
  });

  test("a name such as __proto__ is a name", async () => {
    const event = await eventOf("url", { method: "GET", target: "/?__proto__=1", headers: {}, body: undefined });
    expect(Object.keys(event["queryStringParameters"] as object)).toEqual(["__proto__"]);
  });
});

test("the rest of a path has the route's own name, and `$default` has no parameters", async () => {
  const request: WebRequest = { method: "GET", target: "/v1/1/a%20b/c", headers: {}, body: undefined };
  const named = { ...request, route: "/v1/:id/*", on: { rest: "key" } } as const;
  expect(await eventOf("apigw.v2", named)).toMatchObject({
    routeKey: "ANY /v1/{id}/{key+}",
    pathParameters: { id: "1", key: "a b/c" },
  });
  expect(await eventOf("apigw.v1", named)).toMatchObject({
    resource: "/v1/{id}/{key+}",
    pathParameters: { id: "1", key: "a%20b/c" },
  });
  const everything = await eventOf("apigw.v2", { ...request, on: { fallback: true } });
  expect(everything).toMatchObject({ routeKey: "$default", requestContext: { routeKey: "$default" } });
  expect(everything).not.toHaveProperty("pathParameters");
  expect(await eventOf("apigw.v1", { ...request, on: { fallback: true } })).toMatchObject({
    resource: "$default",
    pathParameters: null,
  });
});
