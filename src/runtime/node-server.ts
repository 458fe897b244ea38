// An app's HTTP functions behind a node:http server: read, route, run, reply. What the local host and Google's share.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Served } from "../contracts/provider.ts";
import type { Caller, Trigger } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import { maxBodyBytes } from "./limits.ts";
import { describe, type Journal } from "./log.ts";
import { fromNode, readBody, writeReply } from "./node-http.ts";
import { problem } from "./problem.ts";
import { type Reply, toReply } from "./response.ts";
import { createRouter } from "./router.ts";

/** The payload of a routed request's call. */
export interface RoutedRequest {
  readonly request: Request;
  readonly path: string;
  readonly caller?: Caller;
}

export interface WebOptions {
  /** Those that are not triggered by HTTP are left out. */
  readonly functions: readonly Served[];
  /** What clients speak to the platform, whatever the platform speaks to us. */
  readonly protocol: "http" | "https";
  /** Left out: read from the message. Of a body that is too large, no more than shows that it is. */
  readonly bodyOf?: (message: IncomingMessage) => Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Gives what the function's trigger, one of `httpTrigger`, has encoded. */
  readonly run: (served: Served, routed: RoutedRequest, message: IncomingMessage) => Promise<unknown>;
}

/** Answers one request: by the function whose route it is, or with 404 or 405. Rejects for what is no proper request. */
export function createWeb({
  functions,
  protocol,
  bodyOf,
  run,
}: WebOptions): (message: IncomingMessage) => Promise<Reply> {
  const routes = functions.flatMap((served) => {
    const { on } = served.definition;
    return on.kind === "http" ? [{ served, method: on.method, path: on.path }] : [];
  });
  const router = createRouter(routes);
  return async (message) => {
    const body = await (bodyOf ? bodyOf(message) : readBody(message, maxBodyBytes));
    const arrived = fromNode(message, body, protocol);
    const found = router.match(arrived.request.method, arrived.path);
    if (!found)
      return toReply(problem({ status: 404, code: "NOT_FOUND", detail: `there is nothing at ${arrived.path}` }));
    if ("allow" in found) {
      const allow = found.allow.join(", ");
      return toReply(
        problem({ status: 405, code: "UNSUPPORTED", detail: `${arrived.path} takes ${allow}` }, { allow }),
      );
    }
    const { served } = routes[found.index] as (typeof routes)[number];
    return (await run(served, arrived, message)) as Reply;
  };
}

/** Sends the reply; what came instead of one, as a problem. Never rejects. */
export async function respond(response: ServerResponse, reply: Promise<Reply>, journal: Journal): Promise<void> {
  try {
    const sent = await reply.catch((error: unknown) => {
      const known = error instanceof FaastenError ? error : new FaastenError("INTERNAL", "the request failed");
      const { status, code, message } = known;
      if (status >= 500) journal.write("error", "the request failed", {}, describe(error));
      return toReply(problem({ status, code, detail: message }));
    });
    await writeReply(response, sent);
  } catch (error) {
    journal.write("warn", "the reply could not be sent whole", {}, describe(error));
    response.destroy();
  }
}

/** The trigger of an HTTP function behind `createWeb`. */
export function httpTrigger(name: string): Trigger<RoutedRequest, Reply> {
  return {
    name,
    accepts: (payload): payload is RoutedRequest =>
      typeof payload === "object" && payload !== null && "request" in payload && "path" in payload,
    decode: ({ payload }) => [{ kind: "request", ...payload }],
    encode([outcome]) {
      if (outcome?.kind === "reply") return toReply(outcome.response);
      return toReply(problem({ status: 500, code: "INTERNAL", detail: "the function gave no reply" }));
    },
  };
}
