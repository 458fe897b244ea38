// A web request in and a web response out, by the way that a host's go.

import type { Served } from "../contracts/provider.ts";
import type { Caller } from "../contracts/trigger.ts";
import type { RoutedRequest } from "../runtime/node-server.ts";
import { toRequest } from "../runtime/request.ts";
import { createRoutes } from "../runtime/routes.ts";

/** Who calls, as the platform would have proved it. `claims`: those of a user's token; issuer and audience are the ones that the route wants, unless they say otherwise. */
export type As =
  | "service"
  | { readonly kind: "service"; readonly subject: string }
  | { readonly kind: "user"; readonly subject: string; readonly claims?: Readonly<Record<string, unknown>> };

export interface FetchInit extends RequestInit {
  readonly as?: As;
}

/** The request as it arrives. Its address is `http://localhost` where it has only a path. */
export async function arrive(
  input: string | URL | Request,
  { as, ...init }: FetchInit,
  functions: readonly Served[],
): Promise<RoutedRequest> {
  const request = new Request(input instanceof Request ? input : new URL(input, "http://localhost"), init);
  const { host, pathname } = new URL(request.url);
  const body = request.body ? new Uint8Array(await request.arrayBuffer()) : undefined;
  const { method, url } = request;
  const lazy = toRequest({ method, url: () => url, headers: { host, ...Object.fromEntries(request.headers) }, body });
  if (as === undefined) return { request: lazy, path: pathname };
  return { request: lazy, path: pathname, caller: callerOf(as, () => accessOf(functions, lazy, pathname)) };
}

function callerOf(as: As, accessOfRoute: () => object): Caller {
  if (as === "service") return { kind: "service", subject: "test", claims: {} };
  if (as.kind === "service") return { ...as, claims: {} };
  return { ...as, claims: { ...accessOfRoute(), sub: as.subject, ...as.claims } };
}

/** What the claims of a token for this route begin with. */
function accessOf(functions: readonly Served[], request: Request, path: string): object {
  const found = createRoutes(functions)(request, path);
  const on = "definition" in found ? found.definition.on : undefined;
  if (on?.kind !== "http" || typeof on.access !== "object") return {};
  return { iss: on.access.issuer, aud: on.access.audience };
}
