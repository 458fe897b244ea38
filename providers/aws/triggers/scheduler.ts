// One planned run of a schedule. EventBridge Scheduler sends the input that it was given, and fills in what it knows.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
import { Redeliver, type Trigger } from "../../../src/provider.ts";

/** The input that a schedule is given, its placeholders filled in. */
export interface PlannedRun {
  readonly service: string;
  readonly function: string;
  /** `<aws.scheduler.scheduled-time>`: the planned instant, not the present. */
  readonly time: string;
  /** `<aws.scheduler.attempt-number>` */
  readonly attempt: string;
}

export const trigger: Trigger<PlannedRun, undefined> = {
  name: "aws.scheduler",
  accepts: isPlannedRun,
  decode({ payload }) {
    const time = new Date(payload.time).toISOString();
    const id = `${payload.function}/${time}`;
    const attempt = Number(payload.attempt);
    return [
      {
        kind: "event",
        event: { specversion: "1.0", id, source: payload.service, type: "dev.faasten.schedule", time },
        ...(Number.isSafeInteger(attempt) && attempt > 0 && { attempt }),
      },
    ];
  },
  /** What fails, Lambda runs twice more, as it does with every asynchronous call. What is dead was logged, and would be no less dead the next time. */
  encode([outcome]) {
    if (outcome?.kind === "done" || outcome?.kind === "drop" || outcome?.kind === "dead") return undefined;
    throw new Redeliver(outcome && "reason" in outcome ? outcome.reason : "the run was not settled");
  },
};

function isPlannedRun(payload: unknown): payload is PlannedRun {
  const { service, function: name, time } = (payload ?? {}) as Partial<PlannedRun>;
  return typeof service === "string" && typeof name === "string" && !Number.isNaN(Date.parse(`${time}`));
}
