// What a function runs by, where it runs by the clock.
import type { TriggerSpec } from "../contracts/trigger.ts";

export interface Timetable {
  readonly cron: string;
  readonly timeZone?: string;
}

/** Of a schedule, or of a binding that is one; `undefined`: something else triggers it. */
export function timetableOf(on: TriggerSpec): Timetable | undefined {
  if (!("cron" in on) || on.cron === undefined) return undefined;
  return { cron: on.cron, ...(on.timeZone !== undefined && { timeZone: on.timeZone }) };
}
