// One planned run of a schedule. EventBridge Scheduler sends whatever input it was given, and fills in what it knows.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
import { Redeliver, type Trigger } from "../../../src/provider.ts";

/** What the stack gives a schedule as its input. */
export const input = {
  schedule: "<aws.scheduler.schedule-arn>",
  time: "<aws.scheduler.scheduled-time>",
  attempt: "<aws.scheduler.attempt-number>",
} as const;

export type PlannedRun = Readonly<Record<keyof typeof input, string>>;

export const trigger: Trigger<PlannedRun, undefined> = {
  name: "aws.scheduler",
  accepts: isPlannedRun,
  decode({ payload: { schedule: source, time: planned, attempt } }) {
    const time = new Date(planned).toISOString();
    const id = `${source}/${time}`;
    const count = Number(attempt);
    return [
      {
        kind: "event",
        event: { specversion: "1.0", id, source, type: "dev.faasten.schedule", time },
        ...(Number.isSafeInteger(count) && count > 0 && { attempt: count }),
      },
    ];
  },
  /** Lambda runs again what failed, as it does with every asynchronous call. */
  encode([outcome]) {
    if (outcome?.kind === "done" || outcome?.kind === "drop") return undefined;
    throw new Redeliver(outcome && "reason" in outcome ? outcome.reason : "the run was not settled");
  },
};

function isPlannedRun(payload: unknown): payload is PlannedRun {
  const { schedule, time } = (payload ?? {}) as Partial<PlannedRun>;
  return typeof schedule === "string" && typeof time === "string" && !Number.isNaN(Date.parse(time));
}
