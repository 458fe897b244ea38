// Which of an app's functions answers a request, and what is answered where none does or the one that does has failed.
import type { Served } from "../contracts/provider.ts";
import { FaastenError } from "../errors.ts";
import type { Journal } from "./log.ts";
import { problem } from "./problem.ts";
import { createRouter } from "./router.ts";

/** The function that answers a request, or the reply that there is none. Throws `INVALID` if the path's percent-encoding is broken. */
export type Routes<S extends Served> = (request: Asking, path: string) => S | Response;

/** As much of a request as its way asks for. */
export interface Asking {
  readonly method: string;
  readonly headers: Pick<Headers, "get">;
}

/** Functions that are not triggered by HTTP are left out. */
export function createRoutes<S extends Served>(functions: readonly S[]): Routes<S> {
  const routes = functions.flatMap((served) => {
    const { on } = served.definition;
    return on.kind === "http" ? [{ served, method: on.method, path: on.path }] : [];
  });
  const router = createRouter(routes);
  const find = (method: string, path: string): S | { readonly allow: readonly string[] } | undefined => {
    const found = router.match(method, path);
    return found && "index" in found ? routes[found.index]?.served : found;
  };

  return (request, path) => {
    const { method } = request;
    // A preflight is answered by the function of the method that it asks for, where that one says who may ask.
    const asked = method === "OPTIONS" ? request.headers.get("access-control-request-method") : null;
    const wanted = asked === null ? undefined : find(asked, path);
    if (wanted && "definition" in wanted && hasCors(wanted)) return wanted;
    const found = unanswerable.has(method) ? { allow: [] } : find(method, path);
    if (!found) return problem({ status: 404, code: "NOT_FOUND", detail: `there is nothing at ${path}` });
    if ("definition" in found) return found;
    const allow = found.allow.join(", ");
    return problem({ status: 405, code: "UNSUPPORTED", detail: `${path} takes ${allow || `no ${method}`}` }, { allow });
  };
}

/** No web Request can be of these: https://fetch.spec.whatwg.org/#forbidden-method */
const unanswerable: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

function hasCors({ definition: { on } }: Served): boolean {
  return on.kind === "http" && on.cors !== undefined;
}

/** What came instead of a reply, as a problem. What is no fault of the caller's is logged, and not told. `name`: of the function that was to answer. */
export function toProblem(error: unknown, journal: Journal, name?: string): Response {
  const ours = error instanceof FaastenError && error.status < 500;
  if (!ours) journal.write("error", "the request failed", { function: name }, { error });
  const { status, code, message } = ours ? error : new FaastenError("INTERNAL", "the request failed");
  return problem({ status, code, detail: message });
}
