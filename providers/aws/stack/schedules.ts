// Schedules, in their own time zones. What fails is run twice more, and then lies among the function's dead letters.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-scheduler-schedule.html
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
import { type GraphFunction, type StackInput, timetableOf } from "../../../src/provider.ts";
import type { PlannedRun } from "../triggers/scheduler.ts";
import { queueName } from "./locations.ts";
import { retries } from "./sources.ts";
import { deadQueue } from "./stores.ts";
import { attribute, logical, physical, type Resources, ref } from "./template.ts";

export function scheduleResources({ name, on, lambda }: GraphFunction, input: StackInput): Resources {
  const timetable = timetableOf(on);
  if (!timetable) return {};
  const [dead, role] = [logical(name, "InboxDead"), logical(name, "ScheduleRole")];
  const Input: PlannedRun = {
    service: input.graph.service,
    function: name,
    time: "<aws.scheduler.scheduled-time>",
    attempt: "<aws.scheduler.attempt-number>",
  };
  return {
    [dead]: deadQueue(queueName(name, { dead: true, ordered: false }, input), false),
    [role]: {
      Type: "AWS::IAM::Role",
      Properties: {
        AssumeRolePolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Principal: { Service: "scheduler.amazonaws.com" },
              Action: "sts:AssumeRole",
              Condition: { StringEquals: { "aws:SourceAccount": ref("AWS::AccountId") } },
            },
          ],
        },
        Policies: [
          {
            PolicyName: "invoke",
            PolicyDocument: {
              Version: "2012-10-17",
              Statement: [
                {
                  Effect: "Allow",
                  Action: ["lambda:InvokeFunction"],
                  Resource: attribute(logical(name, "Function"), "Arn"),
                },
                { Effect: "Allow", Action: ["sqs:SendMessage"], Resource: attribute(dead, "Arn") },
              ],
            },
          },
        ],
      },
    },
    [logical(name, "Schedule")]: {
      Type: "AWS::Scheduler::Schedule",
      Properties: {
        Name: physical(input, name),
        ScheduleExpression: expressionOf(timetable.cron),
        ScheduleExpressionTimezone: timetable.timeZone ?? "UTC",
        FlexibleTimeWindow: { Mode: "OFF" },
        State: "ENABLED",
        Target: {
          Arn: attribute(logical(name, "Function"), "Arn"),
          RoleArn: attribute(role, "Arn"),
          Input: JSON.stringify(lambda === "scheduled" ? scheduled : Input),
          RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600 },
          DeadLetterConfig: { Arn: attribute(dead, "Arn") },
        },
      },
    },
    // Scheduler only hands over; what the function then throws is Lambda's to repeat.
    [logical(name, "Retries")]: retries(name),
  };
}

/** What a rule of EventBridge sends: a Lambda handler that is run as it is knows nothing of ours. */
const scheduled = {
  version: "0",
  id: "<aws.scheduler.execution-id>",
  "detail-type": "Scheduled Event",
  source: "aws.events",
  time: "<aws.scheduler.scheduled-time>",
  resources: ["<aws.scheduler.schedule-arn>"],
  detail: {},
} as const;

/** Five fields as six, of which one day field must be `?`; days of the week count from 1, a Sunday. */
export function expressionOf(cron: string): string {
  const every = /^every (\d+) minutes?$/.exec(cron)?.[1];
  if (every !== undefined) return every === "60" ? "cron(0 * * * ? *)" : `cron(0/${every} * * * ? *)`;
  const [minute, hour, dayOfMonth, month, dayOfWeek = "*"] = cron.trim().split(/\s+/);
  const days = dayOfWeek === "*" ? [dayOfMonth, month, "?"] : ["?", month, shifted(dayOfWeek)];
  return `cron(${[minute, hour, ...days, "*"].join(" ")})`.toUpperCase().replace("CRON", "cron");
}

function shifted(days: string): string {
  return days
    .split(",")
    .map((item) => {
      const [range = "", step] = item.split("/");
      const moved = range.replaceAll(/\d+/g, (day) => String((Number(day) % 7) + 1));
      // From a day to a Sunday that is called 7: through the week's end.
      return step === undefined ? moved : `${moved}/${step}`;
    })
    .join(",");
}
