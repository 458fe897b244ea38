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

export interface AskOptions<Context> {
  /** Those that are not triggered by HTTP are left out. */
  readonly functions: readonly Served[];
  /** Gives what the function's trigger, one of `httpTrigger`, has encoded. */
  readonly run: (served: Served, routed: RoutedRequest, context: Context) => Promise<unknown>;
  readonly journal: Journal;
}

export interface WebOptions extends AskOptions<IncomingMessage> {
  /** What clients speak to the platform, whatever the platform speaks to us. */
  readonly protocol: "http" | "https";
  /** Left out: read from the message. Of a body that is too large, no more than shows that it is. */
  readonly bodyOf?: (message: IncomingMessage) => Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/** A reply, and the name of the function that gave it, or failed to. */
export interface Answered {
  readonly reply: Reply;
  readonly name?: string;
}

/** Answers one request, once it has arrived: by the function whose route it is, else by a problem. Never rejects. */
export type Ask<Context> = (
  arrive: () => RoutedRequest | Promise<RoutedRequest>,
  context: Context,
) => Promise<Answered>;

export function createAsk<Context>({ functions, run, journal }: AskOptions<Context>): Ask<Context> {
  const find = createRoutes(functions);
  return async (arrive, context) => {
    let name: string | undefined;
    try {
      const arrived = await arrive();
      const found = find(arrived.request, arrived.path);
      if (!("definition" in found)) return { reply: toReply(found) };
      name = found.name;
      return { reply: (await run(found, arrived, context)) as Reply, name };
    } catch (error) {
      const reply = toReply(toProblem(error, journal, name));
      return name === undefined ? { reply } : { reply, name };
    }
  };
}

/** The same for what comes over a connection, to which it replies. */
export function createWeb(options: WebOptions): (message: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { protocol, bodyOf = readWhole, journal } = options;
  const ask = createAsk(options);
  return async (message, response) => {
    const { reply, name } = await ask(async () => fromNode(message, await bodyOf(message), protocol), message);
    await respond(response, reply, journal, name);
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
