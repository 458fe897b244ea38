// What both hosts are made of: the one function of the bundle, its runner, and an invocation of Lambda's as a call.
import {
  type App,
  type Call,
  createRunner,
  FaastenError,
  problem,
  type Runner,
  type Served,
  type Settled,
} from "../../src/provider.ts";

/** Of what the runtime hands over beside the event, what is read here. https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
export interface LambdaContext {
  readonly awsRequestId: string;
  /** Left out by the older runtimes, which set `_X_AMZN_TRACE_ID` instead. */
  readonly xRayTraceId?: string;
  getRemainingTimeInMillis(): number;
}

export interface Lambda {
  readonly served: Served;
  readonly runner: Runner;
  settle(call: Call<unknown>): Promise<Settled>;
}

export function start(app: App): Lambda {
  const [served, ...others] = app.functions;
  if (!served || others.length > 0)
    throw new FaastenError(
      "MISCONFIGURED",
      `a Lambda function serves one function of the app, and this bundle has ${app.functions.length}`,
    );
  // Lines of JSON as they are: the runtime's own console would wrap each in another line.
  const runner = createRunner(app, (line) => void process.stdout.write(`${line}\n`));
  const { AsyncLocalStorage } = process.getBuiltinModule("node:async_hooks");
  const calls = new AsyncLocalStorage<Call<unknown>>();
  const uncaught = (error: unknown): void => {
    const call = calls.getStore();
    runner.uncaught(error, call && { function: served.name, invocation: call.id });
  };
  // The older runtimes have a listener of their own, which ends the process.
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", uncaught);
  // Of what no promise held, only the log can tell: the process ends.
  process.on("uncaughtExceptionMonitor", uncaught);
  return {
    served,
    runner,
    settle: (call) => calls.run(call, () => runner.settle(served, call)),
  };
}

/** What is answered in place of a reply that cannot be sent. */
export function refuse(lambda: Lambda, call: Call<unknown>, error: unknown): Response {
  report(lambda, call, "the reply cannot be sent", error);
  return problem({ status: 500, code: "INTERNAL", detail: "the request failed", instance: call.id });
}

/** For the log: what fails without a run that would tell. */
export function report({ runner, served }: Lambda, { id }: Call<unknown>, message: string, error: unknown): void {
  runner.journal.write("error", message, { function: served.name, invocation: id }, { error });
}

export function toCall(payload: unknown, context: LambdaContext): Call<unknown> {
  return {
    id: context.awsRequestId,
    payload,
    context,
    deadline: Date.now() + context.getRemainingTimeInMillis(),
    traceparent: traceparentOf(context.xRayTraceId ?? process.env["_X_AMZN_TRACE_ID"] ?? ""),
  };
}

/**
 * X-Ray's `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`, as W3C writes it. Of anything else
 * comes what no span can be started from.
 */
function traceparentOf(header: string): string {
  const root = header.indexOf("Root=1-") + 7;
  const parent = header.indexOf("Parent=") + 7;
  const trace = header.slice(root, root + 8) + header.slice(root + 9, root + 33);
  return `00-${trace}-${header.slice(parent, parent + 16)}-${header.includes("Sampled=1") ? "01" : "00"}`;
}
