// Schedules, in their own time zones. What fails is run twice more.
// https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/cloud_scheduler_job
import { type GraphFunction, type StackInput, timetableOf } from "../../../src/provider.ts";
import { addressOf, limitsOf, tokenOf } from "./functions.ts";
import { label, madeBy, physical, type Resources, region } from "./template.ts";

/** Seconds that a job waits for its answer. */
export const mostWait = 1800;
const leastWait = 15;

export function scheduleResources({ name, on }: GraphFunction, input: StackInput): Resources {
  const timetable = timetableOf(on);
  if (!timetable) return {};
  const wait = Math.min(mostWait, Math.max(leastWait, limitsOf(name, input).timeout + 30));
  return {
    google_cloud_scheduler_job: {
      [label(name)]: {
        name: physical(input, name, 500),
        region,
        schedule: expressionOf(timetable.cron),
        time_zone: timetable.timeZone ?? "Etc/UTC",
        attempt_deadline: `${wait}s`,
        // With a longest duration beside it, both would have to be reached.
        retry_config: { retry_count: 2, min_backoff_duration: "10s", max_backoff_duration: "600s", max_doublings: 5 },
        http_target: { uri: addressOf(name), http_method: "POST", oidc_token: tokenOf(name, input) },
        depends_on: [...madeBy("cloudscheduler"), `google_cloud_run_v2_service_iam_member.${label(name, "push")}`],
      },
    },
  };
}

/** https://docs.cloud.google.com/scheduler/docs/configuring/cron-job-schedules */
function expressionOf(cron: string): string {
  const every = /^every (\d+) minutes?$/.exec(cron)?.[1];
  if (every !== undefined) return every === "60" ? "0 * * * *" : `*/${every} * * * *`;
  return cron.trim().split(/\s+/).join(" ");
}
