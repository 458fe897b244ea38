// Which of an app's functions answers a request, and what is answered where none does or the one that does has failed.
import type { Served } from "../contracts/provider.ts";
import { FaastenError } from "../errors.ts";
import { describe, type Journal } from "./log.ts";
import { problem } from "./problem.ts";
import { createRouter } from "./router.ts";

/** The function of a method and a path, or the reply that there is none. Throws `INVALID` if the path's percent-encoding is broken. */
export type Routes<S extends Served> = (method: string, path: string) => S | Response;

/** Functions that are not triggered by HTTP are left out. */
export function createRoutes<S extends Served>(functions: readonly S[]): Routes<S> {
  const routes = functions.flatMap((served) => {
    const { on } = served.definition;
    return on.kind === "http" ? [{ served, method: on.method, path: on.path }] : [];
  });
  const router = createRouter(routes);
  return (method, path) => {
    const found = router.match(method, path);
    if (!found) return problem({ status: 404, code: "NOT_FOUND", detail: `there is nothing at ${path}` });
    if (!("allow" in found)) return (routes[found.index] as (typeof routes)[number]).served;
    const allow = found.allow.join(", ");
    return problem({ status: 405, code: "UNSUPPORTED", detail: `${path} takes ${allow}` }, { allow });
  };
}

/** What came instead of a reply, as a problem. What is no fault of the caller's is logged, and not told. */
export function toProblem(error: unknown, journal: Journal): Response {
  const ours = error instanceof FaastenError && error.status < 500;
  if (!ours) journal.write("error", "the request failed", {}, describe(error));
  const { status, code, message } = ours ? error : new FaastenError("INTERNAL", "the request failed");
  return problem({ status, code, detail: message });
}
