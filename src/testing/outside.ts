// The test's own hand: opens any grant, though it is no run of a function.
import type { Grant, Invocation } from "../contracts/function.ts";
import { createLog } from "../runtime/log.ts";
import type { Runner } from "../runtime/run.ts";
import { startSpan } from "../runtime/trace.ts";

export function outside(service: string, { component, journal }: Runner, now: () => number): Invocation {
  const name = "test";
  const deadline = Number.POSITIVE_INFINITY;
  const invocation: Invocation = {
    service,
    function: name,
    id: name,
    deadline,
    now,
    signal: new AbortController().signal,
    traceparent: startSpan(undefined),
    log: createLog(journal, () => ({ function: name })),
    native: { id: name, payload: undefined, context: undefined, deadline },
    open: <Client>(grant: Grant<Client>) => grant.open(component(grant.component), invocation),
    hold: () => () => undefined, // it never ends
    conceal: journal.conceal,
    redact: journal.redact,
  };
  return invocation;
}
