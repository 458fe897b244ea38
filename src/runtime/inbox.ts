// Where a function's events wait for it.
import type { ComponentOptions } from "../contracts/component.ts";
import type { Subscription } from "../contracts/inbox.ts";
import type { TriggerSpec } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import { variableOf } from "./names.ts";

/** `undefined`: nothing waits for it, as for what runs by the clock. */
export function subscriptionOf(subscriber: string, on: TriggerSpec): Subscription | undefined {
  if (on.kind === "topic") return { topic: on.topic, subscriber, attempts: on.attempts, ordered: on.ordered };
  if (on.kind !== "binding" || on.cron !== undefined) return undefined;
  return { topic: on.binding, subscriber, attempts: on.attempts, ordered: false };
}

/** The inbox's native address, which its stack has told it. Throws `MISCONFIGURED` where it has not. */
export function inboxOf({ name }: ComponentOptions, { subscriber }: Pick<Subscription, "subscriber">): string {
  const variable = variableOf("inbox", subscriber);
  const address = process.env[variable];
  if (address !== undefined) return address;
  throw new FaastenError(
    "MISCONFIGURED",
    `component "${name}": the environment has no ${variable}; the stack sets it for ${subscriber}`,
  );
}
