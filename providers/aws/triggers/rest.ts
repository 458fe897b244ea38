// A request through a REST API, or through an HTTP API in payload format 1.0.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
import { type Trigger, toRequest } from "../../../src/provider.ts";
import { encodedPath, encodeReply, hostIn, joinedHeaders, type ResultBody, sentHeaders } from "../front.ts";

type Single = Readonly<Record<string, string>> | null;
type Lists = Readonly<Record<string, readonly string[]>> | null;

export interface RestEvent {
  /** Left out by REST APIs. */
  readonly version?: "1.0";
  readonly httpMethod: string;
  readonly path: string;
  /** The last value of each name; `null`: none, as in a test from the console. */
  readonly headers: Single;
  readonly multiValueHeaders?: Lists;
  /** Percent-decoded. */
  readonly queryStringParameters?: Single;
  readonly multiValueQueryStringParameters?: Lists;
  readonly requestContext: {
    readonly stage: string;
    readonly domainName?: string;
    readonly path?: string;
    readonly identity?: { readonly userArn?: string | null; readonly cognitoIdentityId?: string | null } | null;
    /** Of load balancers. */
    readonly elb?: undefined;
    /** Of web sockets. */
    readonly connectionId?: undefined;
  };
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  /** Only before an authorizer, whose reply would be another. */
  readonly methodArn?: undefined;
}

export interface RestResult extends ResultBody {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: { readonly "set-cookie": readonly string[] };
}

export const trigger: Trigger<RestEvent, RestResult | Promise<RestResult>> = {
  name: "aws.rest",
  accepts: isRestEvent,
  decode({ payload }) {
    const { requestContext, httpMethod, body, multiValueHeaders } = payload;
    const headers = joinedHeaders(payload.headers, multiValueHeaders);
    const path = pathOf(payload);
    const request = toRequest({
      method: httpMethod,
      url: () => `https://${requestContext.domainName ?? hostIn(headers)}${path}${queryOf(payload)}`,
      headers,
      body: body ?? undefined,
      ...(payload.isBase64Encoded && { base64: true }),
    });
    const { userArn: subject, cognitoIdentityId } = requestContext.identity ?? {};
    return [
      {
        kind: "request",
        request,
        path,
        // Whom an identity pool lets in is anybody's user.
        ...(subject && !cognitoIdentityId && { caller: { kind: "service", subject, claims: {} } as const }),
      },
    ];
  },
  encode: (outcomes) =>
    encodeReply(outcomes, ({ status, headers, cookies }, body) => ({
      statusCode: status,
      headers: sentHeaders(headers),
      ...(cookies.length > 0 && { multiValueHeaders: { "set-cookie": cookies } }),
      ...body,
    })),
};

function isRestEvent(payload: unknown): payload is RestEvent {
  const { version, httpMethod, path, headers, requestContext, methodArn } = (payload ?? {}) as Partial<RestEvent>;
  return (
    (version === undefined || version === "1.0") &&
    typeof httpMethod === "string" &&
    typeof path === "string" &&
    path.startsWith("/") &&
    typeof headers === "object" &&
    typeof requestContext?.stage === "string" &&
    requestContext.elb === undefined &&
    requestContext.connectionId === undefined &&
    methodArn === undefined
  );
}

/** A REST API takes the stage off by itself, and says in its context what was asked for; an HTTP API leaves it in both. */
function pathOf({ version, path, requestContext }: RestEvent): string {
  const prefix = `/${requestContext.stage}`;
  const staged =
    version === "1.0" && requestContext.path === path && (path === prefix || path.startsWith(`${prefix}/`));
  return encodedPath(staged ? path.slice(prefix.length) || "/" : path);
}

function queryOf({ queryStringParameters, multiValueQueryStringParameters }: RestEvent): string {
  const lists = multiValueQueryStringParameters ?? queryStringParameters ?? {};
  const pairs = Object.entries(lists).flatMap(([name, values]) =>
    [values].flat().map((value) => `${encoded(name)}=${encoded(value)}`),
  );
  return pairs.length > 0 ? `?${pairs.join("&")}` : "";
}

function encoded(text: unknown): string {
  return encodeURIComponent(String(text).toWellFormed());
}
