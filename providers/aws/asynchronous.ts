// What Lambda is told of a call that nobody waits for: it succeeded, or it is to come again, whole.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
import { type Outcome, Redeliver } from "../../src/provider.ts";

/** Lambda runs what fails twice more, and hands it then to the function's destination for failures. */
export function acknowledge(outcomes: readonly Outcome[], arrivals: number): undefined {
  for (let at = 0; at < arrivals; at++) {
    const outcome = outcomes[at];
    if (outcome?.kind === "done" || outcome?.kind === "drop") continue;
    throw new Redeliver(outcome && "reason" in outcome ? outcome.reason : "what arrived was not settled");
  }
  return undefined;
}
