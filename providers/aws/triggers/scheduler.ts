// One planned run of a schedule. EventBridge Scheduler sends the input that it was given, and fills in what it knows.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
import type { Trigger } from "../../../src/provider.ts";
import { acknowledge } from "../asynchronous.ts";

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
  /** What is dead was logged, and would be no less dead the next time. */
  encode: (outcomes) => (outcomes[0]?.kind === "dead" ? undefined : acknowledge(outcomes, 1)),
};

function isPlannedRun(payload: unknown): payload is PlannedRun {
  const { service, function: name, time } = (payload ?? {}) as Partial<PlannedRun>;
  return typeof service === "string" && typeof name === "string" && !Number.isNaN(Date.parse(`${time}`));
}
