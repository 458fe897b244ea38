// Cross-origin requests: https://fetch.spec.whatwg.org/#http-cors-protocol
import { FaastenError } from "../errors.ts";
import { Response as LazyResponse } from "../runtime/response.ts";

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

/** Throws where the rules contradict each other. */
export function checkCors({ origins, credentials }: Cors): void {
  if (!credentials || !origins.includes("*")) return;
  throw new FaastenError("INVALID", `cors: browsers take no credentials where origins hold "*": name the origins`);
}

/** The reply to a preflight, or `undefined` if the request is none. */
export function preflight(cors: Cors, method: string, request: Request): Response | undefined {
  const asked = request.headers.get("access-control-request-method");
  if (request.method !== "OPTIONS" || asked === null) return undefined;
  const { headers, maxAge = 600 } = cors;
  const allowed = {
    "access-control-allow-methods": method === "*" ? asked : method,
    ...(headers && { "access-control-allow-headers": headers.join(", ") }),
    "access-control-max-age": `${maxAge}`,
  };
  return withCors(
    cors,
    request,
    new LazyResponse(null, { status: 204, ...(mayRead(cors, request) && { headers: allowed }) }),
  );
}

/** The reply with what the caller's browser must know of it, and caches of the caller. */
export function withCors(cors: Cors, request: Request, response: Response): Response {
  const { origins, expose, credentials } = cors;
  const any = origins.includes("*");
  const added: [string, string][] = any ? [] : [["vary", "origin"]];
  if (mayRead(cors, request)) {
    added.push(["access-control-allow-origin", any ? "*" : (request.headers.get("origin") ?? "")]);
    if (credentials) added.push(["access-control-allow-credentials", "true"]);
    if (expose) added.push(["access-control-expose-headers", expose.join(", ")]);
  }
  const open = toOpen(response);
  for (const [name, value] of added) {
    if (name === "vary") open.headers.append(name, value);
    else open.headers.set(name, value);
  }
  return open;
}

function mayRead({ origins }: Cors, request: Request): boolean {
  const origin = request.headers.get("origin");
  return origin !== null && (origins.includes("*") || origins.includes(origin));
}

/** The headers of a redirect and of what `fetch` gave are read-only: then the same reply again, with headers of its own. */
function toOpen(response: Response): Response {
  try {
    response.headers.delete("access-control-allow-origin");
    return response;
  } catch {
    const { status, statusText, body } = response;
    return new LazyResponse(body, { status, statusText, headers: [...response.headers] });
  }
}
