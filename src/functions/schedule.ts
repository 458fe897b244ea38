// Functions that run by the clock.
import { idempotency } from "../blocks/idempotency.ts";
import type { Definition, Invocation, Uses } from "../contracts/function.ts";
import type { Outcome } from "../contracts/trigger.ts";
import { type Checked, contextOf, type WithUses } from "./context.ts";
import { given } from "./given.ts";
import { again, settleOnce } from "./settle-once.ts";

/** One planned run. */
export interface Tick {
  /** The function and the planned instant: the same however often it is delivered. */
  readonly id: string;
  /** The planned instant, not the present. */
  readonly time: Date;
}

export type TickHandler<U extends Uses> = (tick: Tick, context: WithUses<U>) => void | Promise<void>;

export interface ScheduleTrigger {
  readonly kind: "schedule";
  readonly cron: string;
  readonly timeZone?: string;
}

export interface ScheduleOptions<U> {
  /** The function's identity; left out: the export's name. */
  readonly name?: string;
  /** An IANA zone, such as "Europe/Paris"; UTC if left out. */
  readonly timeZone?: string;
  readonly uses?: Checked<U>;
  /** Run once for each key; `null` runs unguarded. Claims lie in the state component `idempotency`. */
  readonly idempotent?: (tick: Tick) => string | null;
}

/**
 * Runs at the given times, at least once each. Five fields (minute, hour, day of month, month, day of week; not both day
 * fields), or `every N minutes` for an N that divides 60. A run that throws is tried again, as the platform does it.
 */
export function schedule(cron: string, handler: TickHandler<{}>): Definition;
/** The clock alone, for a handler that is declared elsewhere: `lambda(handler, { on: schedule("0 3 * * *") })`. */
export function schedule(cron: string, options?: Pick<ScheduleOptions<{}>, "timeZone">): ScheduleTrigger;
export function schedule<const U extends Uses = {}>(
  cron: string,
  options: ScheduleOptions<U>,
  handler: TickHandler<U>,
): Definition;
/* @__NO_SIDE_EFFECTS__ */
export function schedule(cron: string, ...all: readonly unknown[]): Definition | ScheduleTrigger {
  const [first = {}] = all;
  if (!import.meta.without?.bridge && all.length < 2 && typeof first === "object")
    return { kind: "schedule", cron, ...(first as Pick<ScheduleTrigger, "timeZone">) };
  const [options, handler] = given<ScheduleOptions<Uses>, TickHandler<Uses>>(all, cron);
  const { name, timeZone, uses = {}, idempotent } = options;
  const Handled = contextOf(uses);
  const run = async (tick: Tick, invocation: Invocation): Promise<Outcome> => {
    await handler(tick, new Handled(invocation) as WithUses<Uses>);
    return { kind: "done" };
  };
  return {
    faasten: "function",
    ...(name !== undefined && { name }),
    on: { kind: "schedule", cron, ...(timeZone !== undefined && { timeZone }) },
    uses,
    ...(idempotent && !import.meta.without?.idempotency && { needs: [idempotency] }),
    async settle(arrival, invocation) {
      if (arrival.kind !== "event") return { kind: "dead", reason: "this function runs by the clock" };
      const { id, time } = arrival.event;
      const tick: Tick = { id, time: new Date(time ?? invocation.now()) };
      return settleOnce(idempotent?.(tick), invocation, () => run(tick, invocation));
    },
    fail: again,
  };
}
