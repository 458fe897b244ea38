// How events are settled, whatever brought them: shared by subscribers and schedules.
import { idempotency, type Keep } from "../blocks/idempotency.ts";
import type { Invocation } from "../contracts/function.ts";
import type { Outcome } from "../contracts/trigger.ts";

/** Without a key, the work as it is. What was handled before has its outcome again; what is being handled comes again later. */
export async function settleOnce(
  key: string | null | undefined,
  invocation: Invocation,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  if (!import.meta.without?.idempotency && key !== null && key !== undefined) {
    const answer = await invocation.open(idempotency).once({ key, keep }, work);
    if (answer.kind === "answer") return answer.value;
    const until = answer.kind === "busy" ? { notBefore: answer.until } : {};
    return { kind: "retry", ...until, reason: `another run with the key ${key} is going on` };
  }
  return work();
}

/** What failed comes again. */
export function again(error: unknown): Outcome {
  try {
    return { kind: "retry", reason: error instanceof Error ? `${error.message}` : String(error) };
  } catch {
    return { kind: "retry", reason: "what was thrown has no text" };
  }
}

const keep: Keep<Outcome> = {
  /** One that is to come again was not handled, nor was a dead one: it may be sent back. */
  write: (outcome) => (outcome.kind === "done" || outcome.kind === "drop" ? JSON.stringify(outcome) : undefined),
  read: (text) => JSON.parse(text) as Outcome,
  lost: () => ({ kind: "done" }),
};
