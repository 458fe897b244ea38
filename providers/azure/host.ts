// The host of Azure Functions: every function of the app is registered with Azure's own library, and what is exported counts
// for nothing. https://learn.microsoft.com/azure/azure-functions/functions-reference-node
import { AsyncLocalStorage } from "node:async_hooks";
import { app as azure, type HttpRequest, type InvocationContext, output, trigger } from "@azure/functions";
import {
  type App,
  type Call,
  createRoutes,
  createRunner,
  type Origin,
  type Runner,
  type Serve,
  type Served,
  toProblem,
} from "../../src/provider.ts";
import type { AzureTrigger, Binding, Invoked } from "./invoked.ts";
import { timeoutSetting, toTimeout } from "./timeout.ts";

export const serve: Serve<void, AzureTrigger> = (app) => {
  const started = start(app);
  if (!import.meta.without?.requests) serveHttp(app, started);
  if (import.meta.without?.events) return;
  for (const served of app.functions) {
    if (served.definition.on.kind === "http") continue;
    for (const one of served.triggers)
      register(served.name, one.binding(served), (input, context) => started.run(served, input, context));
  }
};

type Handler<Input> = (input: Input, context: InvocationContext) => Promise<unknown>;

function register<Input>(name: string, binding: Binding, handler: Handler<Input>): void {
  azure.generic(name, {
    trigger: trigger.generic({ ...binding.trigger }),
    ...(binding.return && { return: output.generic({ ...binding.return }) }),
    ...(binding.retry && { retry: binding.retry }),
    handler,
  });
}

/** A name that no function of the app can have. */
const httpName = "http-functions";

/**
 * All HTTP functions behind one that Azure knows: its own routes ignore case and decode, and ours are the same everywhere.
 * Always streaming: otherwise the host hands on no body whose length was not announced.
 */
function serveHttp({ functions }: App<AzureTrigger>, { run, refuse }: Started): void {
  const web = functions.filter(({ definition }) => definition.on.kind === "http");
  const [first] = web;
  const http = first?.triggers[0];
  if (!first || !http) return;
  const find = createRoutes(web);

  azure.setup({ enableHttpStream: true });
  register(httpName, http.binding(first), async (request: HttpRequest, context) => {
    const call: Call<unknown> = { id: context.invocationId, payload: request, context, deadline: 0 };
    const send = (response: Response) => http.encode([{ kind: "reply", response }], call);
    let own: string | undefined;
    try {
      const found = find(request, new URL(request.url).pathname);
      if (!("definition" in found)) return send(found);
      own = found.name;
      return await run(found, request, context);
    } catch (error) {
      return send(refuse(error, own));
    }
  });
}

interface Started {
  run(served: Served, input: unknown, context: InvocationContext): Promise<unknown>;
  /** What is answered in place of a reply, which the function of that name was to give. */
  refuse(error: unknown, name: string | undefined): Response;
}

function start(app: App): Started {
  let runner: Runner | undefined;
  let timeout = 0;
  // Not while this module loads: the environment is the app's own only once the worker starts the app.
  const running = (): Runner => {
    if (runner) return runner;
    timeout = toTimeout(process.env[timeoutSetting]);
    runner = createRunner(app);
    return runner;
  };
  azure.hook.appStart(() => void running());
  azure.hook.appTerminate(() => runner?.close());
  /** Within these listeners it holds what it held where the promise was made: so a stray one finds its run among many. */
  const origins = new AsyncLocalStorage<Origin>();
  const uncaught = (error: unknown): void => running().uncaught(error, origins.getStore());
  // Without a listener, the worker's process ends at the first one.
  process.on("unhandledRejection", uncaught);
  // Of what no promise held, only the log can tell: the process ends.
  process.on("uncaughtExceptionMonitor", uncaught);

  return {
    run(served, input, context) {
      const { name, definition } = served;
      const known = running();
      const at = Date.now();
      const payload: Invoked = { service: app.service, function: name, on: definition.on, input, context, at };
      const longest = definition.on.kind === "http" ? Math.min(timeout, longestHttp) : timeout;
      const traceparent = context.traceContext?.traceParent;
      const id = context.invocationId;
      const call = { id, payload, context, deadline: at + longest, ...(traceparent && { traceparent }) };
      return origins.run({ function: name, invocation: id }, () => known.run(served, call));
    },
    refuse: (error, name) => toProblem(error, running().journal, name),
  };
}

/** Then the load balancer in front gives up. https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout */
const longestHttp = 230_000;
