// Cross-origin requests: https://fetch.spec.whatwg.org/#http-cors-protocol
import { Response } from "../runtime/response.ts";

export interface Cors {
  /** Origins that may call, such as "https://shop.example"; "*" is any. */
  readonly origins: readonly string[];
  /** Request headers that they may send beside the plain ones. */
  readonly headers?: readonly string[];
  /** Reply headers that they may read beside the plain ones. */
  readonly expose?: readonly string[];
  /** Cookies and the like: never together with "*". */
  readonly credentials?: boolean;
  /** Seconds that a browser may remember the answer; 600 if left out. */
  readonly maxAge?: number;
}

/** The reply to a preflight, or `undefined` if the request is none. */
export function preflight(cors: Cors, method: string, request: Request): Response | undefined {
  if (request.method !== "OPTIONS" || !request.headers.has("access-control-request-method")) return undefined;
  const allowed = headersFor(cors, request);
  if (!allowed) return new Response(null, { status: 204, headers: { vary: "origin" } });
  const asked = method === "*" ? (request.headers.get("access-control-request-method") ?? "*") : method;
  return new Response(null, {
    status: 204,
    headers: {
      ...allowed,
      "access-control-allow-methods": asked,
      ...(cors.headers && { "access-control-allow-headers": cors.headers.join(", ") }),
      "access-control-max-age": String(cors.maxAge ?? 600),
    },
  });
}

/** What a reply must carry for this caller; `undefined` if its origin may not read it. */
export function headersFor(
  { origins, expose, credentials }: Cors,
  request: Request,
): Readonly<Record<string, string>> | undefined {
  const origin = request.headers.get("origin");
  if (origin === null) return undefined;
  const any = origins.includes("*");
  if (!any && !origins.includes(origin)) return undefined;
  return {
    "access-control-allow-origin": any ? "*" : origin,
    vary: "origin",
    ...(credentials && !any && { "access-control-allow-credentials": "true" }),
    ...(expose && { "access-control-expose-headers": expose.join(", ") }),
  };
}
