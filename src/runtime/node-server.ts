// An app's HTTP functions behind a node:http server: read, route, run, reply. What the local host and Google's share.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Served } from "../contracts/provider.ts";
import type { Caller, Trigger } from "../contracts/trigger.ts";
import { maxBodyBytes } from "./limits.ts";
import type { Journal } from "./log.ts";
import { fromNode, readBody, writeReply } from "./node-http.ts";
import { problem } from "./problem.ts";
import { type Reply, toReply } from "./response.ts";
import { createRoutes, toProblem } from "./routes.ts";

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
  readonly journal: Journal;
}

/** Answers one request: by the function whose route it is, else by a problem. Never rejects. */
export function createWeb(options: WebOptions): (message: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { functions, protocol, bodyOf = readWhole, run, journal } = options;
  const find = createRoutes(functions);
  return async (message, response) => {
    let own: string | undefined;
    async function answer(): Promise<Reply> {
      const arrived = fromNode(message, await bodyOf(message), protocol);
      const found = find(arrived.request, arrived.path);
      if (!("definition" in found)) return toReply(found);
      own = found.name;
      return (await run(found, arrived, message)) as Reply;
    }
    const reply = await answer().catch((error: unknown) => toReply(toProblem(error, journal, own)));
    await respond(response, reply, journal, own);
  };
}

/** Sends the reply, or as much of it as can be sent. Never rejects. `name`: of the function whose it is. */
export async function respond(response: ServerResponse, reply: Reply, journal: Journal, name?: string): Promise<void> {
  try {
    await writeReply(response, reply);
  } catch (error) {
    journal.write("warn", "the reply could not be sent whole", { function: name }, { error });
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

function readWhole(message: IncomingMessage): Promise<Uint8Array | undefined> {
  return readBody(message, maxBodyBytes);
}
