// One planned run of a Cloud Scheduler job that posts to the function.
// https://docs.cloud.google.com/scheduler/docs/creating
import type { Arrival, Outcome } from "../../../src/provider.ts";
import type { GoogleTrigger } from "../message.ts";
import { header, type Push, pushed } from "../push.ts";

export const trigger: GoogleTrigger<Push> = {
  ...pushed,
  name: "gcp.scheduler",
  decode: ({ payload }) => [toArrival(payload)],
  /** What is dead was logged, and would be no less dead the next time. */
  encode: (outcomes, call) =>
    pushed.encode(
      outcomes.map((outcome): Outcome => (outcome.kind === "dead" ? { kind: "done" } : outcome)),
      call,
    ),
};

/** The planned instant is the same however often a run is repeated; the present is not. */
function toArrival(push: Push): Arrival {
  const planned = new Date(header(push, "x-cloudscheduler-scheduletime") ?? "");
  if (Number.isNaN(planned.getTime())) {
    const reason = "no planned instant was posted: X-CloudScheduler-ScheduleTime is missing, or no time";
    return { kind: "malformed", reason, raw: { bytes: push.body } };
  }
  const time = planned.toISOString();
  const id = `${push.function}/${time}`;
  return {
    kind: "event",
    event: { specversion: "1.0", id, source: push.service, type: "dev.faasten.schedule", time },
  };
}
