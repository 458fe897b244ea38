// A request as an HTTP API hands it over in payload format 2.0, and a Function URL.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
import type { Caller } from "../contracts/trigger.ts";
import { accountId, protocol, stage } from "./placeholders.ts";
import {
  type Asked,
  addressOf,
  claimsOf,
  decodedPath,
  type EventBody,
  gatewayContext,
  headersOf,
  logTime,
  parametersOf,
  pathParametersOf,
  queryOf,
  resourceOf,
} from "./web-request.ts";

/** An HTTP API hands the path over percent-decoded; a Function URL, which has no routes, as it came. */
export function toHttpApiEvent(asked: Asked, body: EventBody, { url }: { readonly url: boolean }): object {
  const { request, path, route, caller } = asked;
  const { cookie, ...headers } = headersOf(asked);
  const query = queryOf(request);
  const parameters = parametersOf(query, true);
  const pathParameters = url ? undefined : pathParametersOf(asked, { decode: true });
  const rawPath = url ? path : decodedPath(path);
  const routeKey =
    url || route.fallback ? "$default" : `${route.method === "*" ? "ANY" : route.method} ${resourceOf(asked)}`;
  const now = new Date(asked.invocation.now());
  return {
    version: "2.0",
    routeKey,
    rawPath,
    rawQueryString: query,
    ...(cookie !== undefined && { cookies: cookie.split(/; */) }),
    headers,
    ...(parameters && {
      queryStringParameters: Object.fromEntries([...parameters].map(([name, values]) => [name, values.join(",")])),
    }),
    requestContext: {
      ...gatewayContext(asked),
      ...(caller && { authorizer: authorizerOf(caller) }),
      http: {
        method: request.method,
        path: rawPath,
        protocol,
        sourceIp: addressOf(asked),
        userAgent: request.headers.get("user-agent") ?? "",
      },
      routeKey,
      stage,
      time: logTime(now),
      timeEpoch: now.getTime(),
    },
    ...(pathParameters && { pathParameters }),
    ...(body.body !== undefined && { body: body.body }),
    isBase64Encoded: body.isBase64Encoded,
  };
}

function authorizerOf(caller: Caller): object {
  if (caller.kind === "service") return { iam: { accountId, userArn: caller.subject, userId: caller.subject } };
  const { scope } = caller.claims;
  return { jwt: { claims: claimsOf(caller), scopes: typeof scope === "string" ? scope.split(" ") : null } };
}
