// Web requests as AWS hands them to a function: what a recording of each shape holds, with the parts that a case tells. Written
// from AWS's pages by hand and beside the bridge, of which nothing is used here.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
import type { LambdaHttpEvent } from "../../src/contracts/lambda.ts";

/** The parts, as they stand in an event of the shape. */
export interface Recording {
  readonly method: string;
  readonly path: string;
  /** As API Gateway writes its routes: `/orders/{id}`. */
  readonly resource: string;
  readonly params?: Readonly<Record<string, string>>;
  /** Of a load balancer: as they came, percent-encoded; else decoded. */
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly rawQuery?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Where a shape has them apart. */
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly base64?: boolean;
}

export function recorded(shape: LambdaHttpEvent, recording: Recording): object {
  switch (shape) {
    case "apigw.v1":
      return restApi(recording);
    case "apigw.v2":
      return payloadTwo(recording, `ANY ${recording.resource}`);
    case "url":
      return payloadTwo({ ...recording, params: undefined }, "$default");
    case "alb":
    case "alb.multi":
      return loadBalancer(recording, shape === "alb.multi");
  }
}

type Parts = Omit<Recording, "params"> & { readonly params?: Recording["params"] | undefined };

function restApi({ method, path, resource, params, query, headers, body, base64 }: Recording): object {
  const all = { ...headers, ...added };
  return {
    resource,
    path,
    httpMethod: method,
    headers: all,
    multiValueHeaders: lists(Object.entries(all)),
    queryStringParameters: query ? Object.fromEntries(query) : null,
    multiValueQueryStringParameters: query ? lists(query) : null,
    pathParameters: params ?? null,
    stageVariables: null,
    requestContext: {
      resourceId: "123456",
      resourcePath: resource,
      httpMethod: method,
      extendedRequestId: "JJbxmplHYosFVYQ=",
      requestTime: "20/Nov/2026:10:00:00 +0000",
      path: `/prod${path}`,
      accountId: "123456789012",
      protocol: "HTTP/1.1",
      stage: "prod",
      domainPrefix: "70ixmpl4fl",
      requestTimeEpoch: 1795168800000,
      requestId: "e66d90e1-37c2-4fe5-83e8-f5db3e0a9e36",
      identity: { sourceIp: "192.0.2.1", userAgent: null, accountId: null, caller: null, user: null, userArn: null },
      domainName: added.host,
      apiId: "70ixmpl4fl",
    },
    body: body ?? null,
    isBase64Encoded: base64 === true,
  };
}

function payloadTwo(parts: Parts, routeKey: string): object {
  const { method, path, params, query, rawQuery = "", headers, cookies, body, base64 } = parts;
  const { cookie: _, ...others } = headers;
  return {
    version: "2.0",
    routeKey,
    rawPath: path,
    rawQueryString: rawQuery,
    ...(cookies && { cookies }),
    headers: { ...others, ...added },
    ...(query && {
      queryStringParameters: Object.fromEntries(
        Object.entries(lists(query)).map(([name, values]) => [name, values.join(",")]),
      ),
    }),
    requestContext: {
      accountId: "123456789012",
      apiId: "r3pmxmplak",
      domainName: added.host,
      domainPrefix: "r3pmxmplak",
      http: { method, path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "curl/8" },
      requestId: "JKJaXmPLvHcESHA=",
      routeKey,
      stage: "$default",
      time: "20/Nov/2026:10:00:00 +0000",
      timeEpoch: 1795168800000,
    },
    ...(params && { pathParameters: params }),
    ...(body !== undefined && { body }),
    isBase64Encoded: base64 === true,
  };
}

function loadBalancer({ method, path, query = [], headers, body = "", base64 }: Recording, multi: boolean): object {
  const all = { ...headers, ...added };
  return {
    requestContext: {
      elb: {
        targetGroupArn: "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/lambda/49e9d65c45c6791a",
      },
    },
    httpMethod: method,
    path,
    ...(multi
      ? { multiValueQueryStringParameters: lists(query), multiValueHeaders: lists(Object.entries(all)) }
      : { queryStringParameters: Object.fromEntries(query), headers: all }),
    body,
    isBase64Encoded: base64 === true,
  };
}

const added = {
  host: "r3pmxmplak.execute-api.us-east-2.amazonaws.com",
  "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
  "x-forwarded-for": "192.0.2.1",
  "x-forwarded-port": "443",
  "x-forwarded-proto": "https",
} as const;

function lists(pairs: readonly (readonly [string, string])[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const [name, value] of pairs) found[name] = [...(found[name] ?? []), value];
  return found;
}
