// The host of Cloud Run functions: a handler of two parameters for the functions framework's `http` signature, always. Its
// others convert, refuse and acknowledge before we see anything.
// https://github.com/GoogleCloudPlatform/functions-framework-nodejs
import type { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { createRunner, FaastenError, type Level, once, type Serve } from "../../src/provider.ts";
import type { GoogleTrigger, Message, Service } from "./message.ts";

export type Handler = (message: Message, response: ServerResponse) => Promise<void>;

export const serve: Serve<Handler, GoogleTrigger> = (app) => {
  const runner = createRunner(app, undefined, (level) => ({ severity: severities[level] }));
  const closeAtEnd = once(() => beforeEnd(runner.close));
  const timeout = Number(process.env["CLOUD_RUN_TIMEOUT_SECONDS"] || defaultTimeout) * 1000;
  const tag = Math.random().toString(36).slice(2, 8);
  let calls = 0;
  const run: Service["run"] = (served, payload, message) => {
    closeAtEnd();
    const id = `${tag}-${++calls}`;
    const traceparent = message.headers["traceparent"];
    catchFloating((reason) => runner.uncaught(reason, { function: served.name, invocation: id }));
    return runner.run(served, {
      id,
      payload,
      context: { request: message },
      deadline: Date.now() + timeout,
      ...(typeof traceparent === "string" && { traceparent }),
    });
  };
  const [trigger] = app.functions.flatMap(({ triggers }) => triggers);
  if (!trigger) throw new FaastenError("MISCONFIGURED", `${app.service}: no function of this bundle has a trigger`);
  return trigger.receive({ app, journal: runner.journal, run });
};

/** https://docs.cloud.google.com/logging/docs/structured-logging */
const severities: Readonly<Record<Level, string>> = { debug: "DEBUG", info: "INFO", warn: "WARNING", error: "ERROR" };

/** What the platform gives a function that does not say, in seconds. */
const defaultTimeout = 60;

/**
 * The framework runs each request in a domain of Node's, and what floats ends up there: it would be answered with its own
 * message. https://nodejs.org/api/domain.html
 */
function catchFloating(listener: (reason: unknown) => void): void {
  // Node's types leave it out: it is there only once somebody has imported the module.
  const { domain } = process as { readonly domain?: EventEmitter | null };
  domain?.removeAllListeners("error").on("error", listener);
}

/**
 * When the platform ends an instance, `work` first. The framework's own listener ends the process at once; it is there once
 * the first request comes. https://docs.cloud.google.com/run/docs/container-contract#instance-shutdown
 */
function beforeEnd(work: () => Promise<void>): void {
  const others = process.listeners("SIGTERM");
  process.removeAllListeners("SIGTERM").once("SIGTERM", async (signal) => {
    await work();
    for (const other of others) other(signal);
  });
}
