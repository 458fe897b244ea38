// Cross-origin requests: https://fetch.spec.whatwg.org/#http-cors-protocol
import type { Cors } from "../contracts/trigger.ts";
import { Response as LazyResponse } from "../runtime/response.ts";

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
