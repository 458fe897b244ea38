// A request by Lambda's own `Invoke`, with no front end between: for scripts, for tests, and for other functions.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
import { type Caller, type Trigger, toRequest } from "../../../src/provider.ts";
import { encodedPath, encodeReply, type HttpResult, joinedHeaders, toHttpResult } from "../front.ts";

/** A form of our own: no service of AWS sends it. */
export interface InvocationRequest {
  readonly faasten: "request";
  readonly method: string;
  /** With the query, from the first slash on. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

export const trigger: Trigger<InvocationRequest, HttpResult | Promise<HttpResult>> = {
  name: "aws.invocation",
  accepts: isInvocationRequest,
  decode({ payload }) {
    const [, bare = "/", query = ""] = /^([^?#]*)(\?[^#]*)?/s.exec(payload.path) ?? [];
    const path = encodedPath(bare);
    const request = toRequest({
      method: payload.method,
      url: () => `https://localhost${path}${query}`,
      headers: joinedHeaders(payload.headers, undefined),
      body: payload.body,
      ...(payload.isBase64Encoded && { base64: true }),
    });
    return [{ kind: "request", request, path, caller }];
  },
  encode: (outcomes) => encodeReply(outcomes, toHttpResult),
};

/** Who calls `Invoke` Lambda does not tell, only that IAM lets them. */
const caller: Caller = { kind: "service", subject: "lambda:InvokeFunction", claims: {} };

function isInvocationRequest(payload: unknown): payload is InvocationRequest {
  const { faasten, method, path, headers = {}, body = "" } = (payload ?? {}) as Partial<InvocationRequest>;
  return (
    faasten === "request" &&
    typeof method === "string" &&
    typeof path === "string" &&
    path.startsWith("/") &&
    typeof headers === "object" &&
    headers !== null &&
    typeof body === "string"
  );
}
