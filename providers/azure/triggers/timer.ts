// A planned run of a schedule. Azure's timers know UTC alone, so for a zone they ring at every time of UTC that may be meant,
// and here only what is an instant of the schedule goes on.
// https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer
import type { Timer } from "@azure/functions";
import { Cron } from "croner";
import { type Arrival, Redeliver, timetableOf } from "../../../src/provider.ts";
import { type AzureTrigger, type Invoked, isInvokedBy } from "../invoked.ts";
import { toNcrontab } from "../ncrontab.ts";

/** Azure's own, of which all but the type is true: without a monitor there is no status. */
export type TimerInput = { readonly scheduleStatus?: Partial<Timer["scheduleStatus"]> | null } | null | undefined;

export const trigger: AzureTrigger<Invoked<TimerInput>, undefined> = {
  name: "azure.timer",
  binding({ definition: { on } }) {
    const { cron, timeZone } = timetableOf(on) ?? { cron: "", timeZone: undefined };
    return {
      trigger: { type: "timerTrigger", schedule: toNcrontab(cron, timeZone), useMonitor: true },
      // A timer that fails is not rung again by itself.
      retry: {
        strategy: "fixedDelay",
        maxRetryCount: on.kind === "binding" ? on.attempts - 1 : 2,
        delayInterval: { seconds: 30 },
      },
    };
  },
  accepts: (payload): payload is Invoked<TimerInput> =>
    isInvokedBy("schedule", payload) || isInvokedBy("binding", payload),
  decode({ payload }) {
    const planned = plannedInstant(payload);
    return planned === undefined ? [] : [toArrival(payload, planned)];
  },
  encode(outcomes) {
    // What is dead was logged, and would be no less dead the next time.
    const failed = outcomes.find(({ kind }) => kind !== "done" && kind !== "drop" && kind !== "dead");
    if (failed) throw new Redeliver("reason" in failed ? failed.reason : "the run was not settled");
    return undefined;
  },
};

function toArrival({ service, function: name, context }: Invoked, planned: Date): Arrival {
  const time = planned.toISOString();
  const attempt = (context.retryContext?.retryCount ?? 0) + 1;
  return {
    kind: "event",
    event: { specversion: "1.0", id: `${name}/${time}`, source: service, type: "dev.faasten.schedule", time },
    attempt,
  };
}

/**
 * The last instant of the schedule that has come since the timer rang before. While a call runs, `next` is still the time that
 * it was due; it may be past by long, and the clock that rang may be a little ahead of ours.
 */
function plannedInstant({ on, input, at }: Invoked<TimerInput>): Date | undefined {
  const clock = timetableOf(on);
  if (!clock) return undefined;
  const { last, next } = input?.scheduleStatus ?? {};
  const due = toTime(next) ?? at - (at % minute);
  const before = Math.max(toTime(last) ?? 0, due - hour);
  const every = /^every (\d+) minutes?$/.exec(clock.cron)?.[1];
  const pattern = new Cron(every === undefined ? clock.cron : `*/${every} * * * *`, {
    paused: true,
    timezone: clock.timeZone ?? "UTC",
  });
  const [planned] = pattern.previousRuns(1, new Date(Math.max(due, at) + 1));
  return planned && planned.getTime() > before ? planned : undefined;
}

const minute = 60_000;
/** What falls into a gap of the zone's clock comes at its end, and so up to an hour before the timer rings for it. */
const hour = 60 * minute;

/** A status that was never written holds the year 1. */
function toTime(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? "");
  return time > 0 ? time : undefined;
}
