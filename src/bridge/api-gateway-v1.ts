// A request as a REST API hands it over, and an HTTP API in payload format 1.0.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
import type { Caller } from "../contracts/trigger.ts";
import { accountId, protocol, stage } from "./placeholders.ts";
import {
  type Asked,
  addressOf,
  claimsOf,
  type EventBody,
  gatewayContext,
  headersOf,
  logTime,
  parametersOf,
  pathParametersOf,
  queryOf,
  resourceOf,
} from "./web-request.ts";

export function toRestApiEvent(asked: Asked, { body, isBase64Encoded }: EventBody): object {
  const { request, path, caller } = asked;
  const headers = headersOf(asked);
  const parameters = parametersOf(queryOf(request), true);
  const resource = resourceOf(asked);
  const now = new Date();
  return {
    resource,
    path,
    httpMethod: request.method,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: parameters
      ? Object.fromEntries([...parameters].map(([name, values]) => [name, values.at(-1) ?? ""]))
      : null,
    multiValueQueryStringParameters: parameters ? Object.fromEntries(parameters) : null,
    pathParameters: pathParametersOf(asked, { decode: false }) ?? null,
    stageVariables: null,
    requestContext: {
      ...gatewayContext(asked),
      ...(caller && { authorizer: authorizerOf(caller) }),
      extendedRequestId: asked.invocation.id,
      httpMethod: request.method,
      identity: {
        ...nobody,
        sourceIp: addressOf(asked),
        userAgent: request.headers.get("user-agent"),
        ...(caller?.kind === "service" && { accountId, userArn: caller.subject, user: caller.subject }),
      },
      path,
      protocol,
      requestTime: logTime(now),
      requestTimeEpoch: now.getTime(),
      resourceId: resource,
      resourcePath: resource,
      stage,
    },
    body: body ?? null,
    isBase64Encoded,
  };
}

function authorizerOf(caller: Caller): object {
  return { principalId: caller.subject, ...(caller.kind === "user" && { claims: claimsOf(caller) }) };
}

const nobody = {
  accessKey: null,
  accountId: null,
  caller: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  user: null,
  userArn: null,
} as const;
