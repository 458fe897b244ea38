// The host of Lambda: the handler that its runtime calls with an event, and whose result is the reply.
import type { Serve } from "../../src/provider.ts";
import { type LambdaContext, refuse, start, toCall } from "./lambda.ts";

/** Of two parameters: the runtime would take a third for a callback. */
export type Handler = (event: unknown, context: LambdaContext) => Promise<unknown>;

export const serve: Serve<Handler> = (app) => {
  const lambda = start(app);
  const { served, settle } = lambda;
  return async (event, context) => {
    const call = toCall(event, context);
    const { trigger, outcomes } = await settle(call);
    try {
      return await trigger.encode(outcomes, call);
    } catch (error) {
      if (!import.meta.without?.requests && served.definition.on.kind === "http")
        return trigger.encode([{ kind: "reply", response: refuse(lambda, call, error) }], call);
      throw error;
    }
  };
};
