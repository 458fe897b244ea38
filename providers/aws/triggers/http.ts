// A request through an HTTP API or a Function URL, in payload format 2.0.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
import {
  FaastenError,
  isOfConnection,
  type Reply,
  type Trigger,
  toBuffered,
  toPath,
  toReply,
  toRequest,
} from "../../../src/provider.ts";

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
    readonly authorizer?: { readonly iam?: { readonly userArn?: string } | null };
  };
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
}

/** The whole shape, always: of a reply without a status the platform makes another one. */
export interface HttpResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
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
      headers: cookies?.length ? { ...headers, cookie: cookies.join("; ") } : headers,
      body: body ?? undefined,
      ...(payload.isBase64Encoded && { base64: true }),
    });
    const subject = requestContext.authorizer?.iam?.userArn;
    return [
      { kind: "request", request, path, ...(subject && { caller: { kind: "service", subject, claims: {} } as const }) },
    ];
  },
  encode([outcome]) {
    if (outcome?.kind !== "reply") throw new FaastenError("INTERNAL", "a request is answered with a reply");
    const reply = toReply(outcome.response);
    const body = toBuffered(reply.body);
    return body instanceof Promise ? body.then((whole) => toResult(reply, whole)) : toResult(reply, body);
  },
};

function isHttpEvent(payload: unknown): payload is HttpEvent {
  const { version, rawPath, headers, requestContext } = (payload ?? {}) as Partial<HttpEvent>;
  return (
    version === "2.0" &&
    typeof rawPath === "string" &&
    typeof headers === "object" &&
    headers !== null &&
    typeof requestContext?.http?.method === "string"
  );
}

/** Without a named stage, which is the first segment of every path behind it. */
function pathOf({ rawPath, requestContext: { stage } }: HttpEvent): string {
  const prefix = `/${stage}`;
  const staged =
    stage !== undefined && stage !== "$default" && (rawPath === prefix || rawPath.startsWith(`${prefix}/`));
  const path = staged ? rawPath.slice(prefix.length) || "/" : rawPath;
  return toPath(isEncoded.test(path) ? path : path.toWellFormed().replace(unencoded, encodeURIComponent));
}

/**
 * An HTTP API hands the path over percent-decoded, a Function URL as it came. What can be no part of an encoded path is
 * encoded, and the rest is left alone: a slash or a percent sign that the client had encoded is not to be told any more.
 */
const isEncoded = /^(?:[\w\-.~!$&'()*+,;=:@/]|%[\da-f]{2})*$/i;
const unencoded = /%(?![\da-f]{2})|[^\w\-.~!$&'()*+,;=:@/%]+/gi;

function toResult({ status, headers, cookies }: Reply, body: string | Uint8Array | undefined): HttpResult {
  const bytes = body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : undefined;
  const own: Record<string, string> = {};
  for (const [name, value] of headers) if (!isOfConnection(name)) own[name] = value;
  return {
    statusCode: status,
    headers: own,
    ...(cookies.length > 0 && { cookies }),
    body: bytes ? bytes.toString("base64") : ((body as string | undefined) ?? ""),
    isBase64Encoded: bytes !== undefined,
  };
}
