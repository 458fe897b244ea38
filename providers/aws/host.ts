// The host of Lambda: the handler that its runtime calls with an event, and whose result is the reply.
import type { Serve, Trigger } from "../../src/provider.ts";
import { type LambdaContext, refuse, report, start, toCall } from "./lambda.ts";

/** Of two parameters: the runtime would take a third for a callback. */
export type Handler = (event: unknown, context: LambdaContext) => Promise<unknown>;

export const serve: Serve<Handler> = (app) => {
  const lambda = start(app);
  const { served, settle } = lambda;
  return async (event, context) => {
    const call = toCall(event, context);
    let known: Trigger | undefined;
    try {
      const { trigger, outcomes } = await settle(call);
      known = trigger;
      return await trigger.encode(outcomes, call);
    } catch (error) {
      if (!import.meta.without?.requests && known && served.definition.on.kind === "http")
        return known.encode([{ kind: "reply", response: refuse(lambda, call, error) }], call);
      if (!known) report(lambda, call, "the call could not be taken", error);
      throw error;
    }
  };
};
