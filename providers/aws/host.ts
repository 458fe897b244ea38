// The host of Lambda: the handler that its runtime calls with an event, and whose result is the reply.
import type { Serve } from "../../src/provider.ts";
import { type LambdaContext, start, toCall } from "./lambda.ts";

/** Of two parameters: the runtime would take a third for a callback. */
export type Handler = (event: unknown, context: LambdaContext) => Promise<unknown>;

export const serve: Serve<Handler> = (app) => {
  const { served, settle, refuse } = start(app);
  return async (event, context) => {
    const call = toCall(event, context);
    const { trigger, outcomes } = await settle(call);
    try {
      return await trigger.encode(outcomes, call);
    } catch (error) {
      if (served.definition.on.kind !== "http") throw error;
      return trigger.encode([{ kind: "reply", response: refuse(call, error) }], call);
    }
  };
};
