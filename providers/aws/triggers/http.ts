// A request through an HTTP API or a Function URL, in payload format 2.0.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
import { type Trigger, toRequest } from "../../../src/provider.ts";
import { encodedPath, encodeReply, type HttpResult, toHttpResult } from "../front.ts";

/** Names of headers are lower case, and the values of one name are joined by commas. */
export interface HttpEvent {
  readonly version: "2.0";
  readonly rawPath: string;
  readonly rawQueryString?: string;
  /** Taken out of the headers. */
  readonly cookies?: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly requestContext: {
    readonly domainName: string;
    readonly stage?: string;
    readonly http: { readonly method: string };
    readonly authorizer?: { readonly iam?: { readonly userArn?: string; readonly cognitoIdentity?: unknown } | null };
  };
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  /** Only before an authorizer, whose reply would be another. */
  readonly routeArn?: undefined;
}

export const trigger: Trigger<HttpEvent, HttpResult | Promise<HttpResult>> = {
  name: "aws.http",
  accepts: isHttpEvent,
  decode({ payload }) {
    const { headers, cookies, body, requestContext, rawQueryString } = payload;
    const path = pathOf(payload);
    const query = rawQueryString ? `?${rawQueryString}` : "";
    const request = toRequest({
      method: requestContext.http.method,
      url: () => `https://${requestContext.domainName}${path}${query}`,
      headers: Array.isArray(cookies) && cookies.length > 0 ? { ...headers, cookie: cookies.join("; ") } : headers,
      body: body ?? undefined,
      ...(payload.isBase64Encoded && { base64: true }),
    });
    const { userArn: subject, cognitoIdentity } = requestContext.authorizer?.iam ?? {};
    return [
      {
        kind: "request",
        request,
        path,
        // Whom an identity pool lets in is anybody's user.
        ...(subject && !cognitoIdentity && { caller: { kind: "service", subject, claims: {} } as const }),
      },
    ];
  },
  encode: (outcomes) => encodeReply(outcomes, toHttpResult),
};

function isHttpEvent(payload: unknown): payload is HttpEvent {
  const { version, rawPath, headers, requestContext, routeArn } = (payload ?? {}) as Partial<HttpEvent>;
  return (
    version === "2.0" &&
    typeof rawPath === "string" &&
    typeof headers === "object" &&
    headers !== null &&
    typeof requestContext?.http?.method === "string" &&
    routeArn === undefined
  );
}

/** Without a named stage, which is the first segment of every path behind it. */
function pathOf({ rawPath, requestContext: { stage } }: HttpEvent): string {
  const prefix = `/${stage}`;
  const staged =
    stage !== undefined && stage !== "$default" && (rawPath === prefix || rawPath.startsWith(`${prefix}/`));
  const path = staged ? rawPath.slice(prefix.length) || "/" : rawPath;
  return encodedPath(path);
}
