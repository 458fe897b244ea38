// A request as a REST API hands it over, and an HTTP API in payload format 1.0.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
import type { Caller } from "../contracts/trigger.ts";
import { writtenHeadersOf } from "../runtime/request.ts";
import { accountId, protocol, stage } from "./placeholders.ts";
import {
  type Asked,
  addressOf,
  claimsOf,
  type EventBody,
  gatewayContext,
  headersOf,
  type Lists,
  logTime,
  parametersOf,
  pathParametersOf,
  queryOf,
  resourceOf,
  type Texts,
} from "./web-request.ts";

export function toRestApiEvent(asked: Asked, { body, isBase64Encoded }: EventBody): object {
  const { request, path, caller } = asked;
  const headers = Object.entries(listsOf(asked));
  const parameters = parametersOf(queryOf(request), true);
  const resource = resourceOf(asked);
  const now = new Date(asked.invocation.now());
  return {
    resource,
    path,
    httpMethod: request.method,
    headers: Object.fromEntries(headers.map(([name, values]) => [name, values.at(-1) ?? ""])),
    multiValueHeaders: Object.fromEntries(headers),
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

/** As the client wrote them, where the host knows it; else in lower case, one that came twice joined. */
function listsOf(asked: Asked): Lists {
  const headers = Object.entries(headersOf(asked));
  const written = writtenHeadersOf(asked.request);
  if (!written) return Object.fromEntries(headers.map(([name, value]) => [name, [value]]));
  const found = new Map<string, [name: string, values: string[]]>();
  for (let index = 0; index < written.length; index += 2) {
    const [name = "", value = ""] = written.slice(index, index + 2);
    const before = found.get(name.toLowerCase());
    if (before) before[1].push(value);
    else found.set(name.toLowerCase(), [name, [value]]);
  }
  return Object.fromEntries(headers.map(([name, value]) => found.get(name) ?? [added[name] ?? name, [value]]));
}

/** As a REST API itself writes those that it adds. */
const added: Texts = {
  host: "Host",
  "x-forwarded-for": "X-Forwarded-For",
  "x-forwarded-port": "X-Forwarded-Port",
  "x-forwarded-proto": "X-Forwarded-Proto",
};

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
