// A receiver of the cases as the function that a host calls.
import type { BindingReceiver, Receiver } from "../../src/conformance/cases.ts";
import type { Definition } from "../../src/contracts/function.ts";

export function definitionOf({ subscription: { topic, attempts, ordered }, handle }: Receiver): Definition {
  return settledBy({ kind: "topic", topic, pubsub: "pubsub", attempts, ordered }, handle);
}

export function inputDefinitionOf({ input: { attempts }, handle }: BindingReceiver): Definition {
  return settledBy({ kind: "binding", binding: "binding", attempts }, handle);
}

function settledBy(on: Definition["on"], handle: Receiver["handle"]): Definition {
  return {
    faasten: "function",
    on,
    uses: {},
    settle: async (arrival) =>
      arrival.kind === "event" ? await handle(arrival) : { kind: "dead", reason: "no event" },
    fail: (error) => ({ kind: "retry", reason: String(error) }),
  };
}
