// Where a subscriber's events wait for it.
import type { ComponentOptions } from "../contracts/component.ts";
import type { Subscription } from "../contracts/pubsub.ts";
import { FaastenError } from "../errors.ts";
import { variableOf } from "./names.ts";

/** The inbox's native address, which its stack has told it. Throws `MISCONFIGURED` where it has not. */
export function inboxOf({ name }: ComponentOptions, { subscriber }: Pick<Subscription, "subscriber">): string {
  const variable = variableOf("inbox", subscriber);
  const address = process.env[variable];
  if (address !== undefined) return address;
  throw new FaastenError(
    "MISCONFIGURED",
    `pubsub component "${name}": the environment has no ${variable}; the stack sets it for ${subscriber}`,
  );
}
