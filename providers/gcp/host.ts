// The host of Cloud Run functions: a handler of two parameters for the functions framework's `http` signature, always. Its
// others convert, refuse and acknowledge before we see anything.
// https://github.com/GoogleCloudPlatform/functions-framework-nodejs
import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type App,
  createRunner,
  createWeb,
  FaastenError,
  maxBodyBytes,
  type Reply,
  type Runner,
  readBody,
  respond,
  type Serve,
  type Served,
} from "../../src/provider.ts";
import type { Push } from "./push.ts";

/** The framework has read every body that has a content type; the others are still in the stream. */
export type Message = IncomingMessage & { readonly rawBody?: Uint8Array };
export type Handler = (message: Message, response: ServerResponse) => Promise<void>;

export const serve: Serve<Handler> = (app) => {
  const runner = createRunner(app);
  const call = calling(runner);
  const answer = app.functions.some(({ definition }) => definition.on.kind === "http")
    ? createWeb({ functions: app.functions, protocol: "https", bodyOf, run: call })
    : receive(app, call);
  return (message, response) => respond(response, answer(message), runner.journal);
};

type Calling = (served: Served, payload: unknown, message: Message) => Promise<unknown>;

function calling(runner: Runner): Calling {
  const tag = Math.random().toString(36).slice(2, 8);
  const timeout = Number(process.env["CLOUD_RUN_TIMEOUT_SECONDS"] || defaultTimeout) * 1000;
  let calls = 0;
  return (served, payload, message) => {
    const id = `${tag}-${++calls}`;
    const traceparent = message.headers["traceparent"];
    catchFloating((reason) => runner.rejected(reason, { function: served.name, invocation: id }));
    return runner.run(served, {
      id,
      payload,
      context: { request: message },
      deadline: Date.now() + timeout,
      ...(typeof traceparent === "string" && { traceparent }),
    });
  };
}

/** What the platform gives a function that does not say. */
const defaultTimeout = 60;

/** The service of one event function. Its callers have proved themselves to the platform, which lets nobody else in. */
function receive({ service, functions }: App, call: Calling): (message: Message) => Promise<Reply> {
  const [served, ...others] = functions;
  if (!served || others.length > 0)
    throw new FaastenError(
      "MISCONFIGURED",
      `${service}: a service of events serves one function, not ${functions.length}`,
    );
  return async (message) => {
    if (message.method !== "POST") return { status: 405, headers: [["allow", "POST"]], cookies: [], body: undefined };
    const body = (await bodyOf(message, maxPushBytes)) ?? new Uint8Array();
    const push: Push = { service, function: served.name, headers: message.headers, body };
    return (await call(served, push, message)) as Reply;
  };
}

/** A message of Pub/Sub's 10 MB, in base64, and its attributes. */
const maxPushBytes = 16 * 1024 * 1024;

async function bodyOf(message: Message, limit: number = maxBodyBytes): Promise<Uint8Array | undefined> {
  const { rawBody } = message;
  if (!rawBody) return readBody(message, limit);
  if (message.headers["content-encoding"] !== undefined) {
    // The framework has decoded it, so these are no longer true of it.
    delete message.headers["content-encoding"];
    delete message.headers["content-length"];
  }
  return rawBody.length > 0 ? rawBody : undefined;
}

/**
 * The framework runs each request in a domain of Node's, and what floats ends up there: it would be answered with its own
 * message. https://nodejs.org/api/domain.html
 */
function catchFloating(listener: (reason: unknown) => void): void {
  // Node's types leave it out: it is there only once somebody has imported the module.
  const { domain } = process as { readonly domain?: EventEmitter | null };
  domain?.removeAllListeners("error").on("error", listener);
}
