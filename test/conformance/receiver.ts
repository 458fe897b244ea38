// A receiver of the cases as the function that a host calls.
import type { Receiver } from "../../src/conformance/cases.ts";
import type { Definition } from "../../src/contracts/function.ts";

export function definitionOf({ subscription: { topic, attempts, ordered }, handle }: Receiver): Definition {
  return {
    faasten: "function",
    on: { kind: "topic", topic, pubsub: "pubsub", attempts, ordered },
    uses: {},
    settle: async (arrival) =>
      arrival.kind === "event" ? await handle(arrival) : { kind: "dead", reason: "no event" },
    fail: (error) => ({ kind: "retry", reason: String(error) }),
  };
}
