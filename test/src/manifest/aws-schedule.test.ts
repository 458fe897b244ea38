// AWS's schedules as those that every target keeps.
import { describe, expect, test } from "vitest";
import { cronProblem } from "../../../src/build/cron.ts";
import { fromAwsSchedule } from "../../../src/manifest/aws-schedule.ts";

describe("kept", () => {
  test.each([
    ["rate(1 minute)", "every 1 minute"],
    ["rate(15 minutes)", "every 15 minutes"],
    ["rate(60 minutes)", "0 * * * *"],
    ["rate(1 hour)", "0 * * * *"],
    ["rate(6 hours)", "0 */6 * * *"],
    ["rate(24 hours)", "0 0 * * *"],
    ["rate(1 day)", "0 0 * * *"],
    ["cron(0 10 * * ? *)", "0 10 * * *"],
    ["cron(15 12 * * ? *)", "15 12 * * *"],
    ["cron(0 18 ? * MON-FRI *)", "0 18 * * MON-FRI"],
    ["cron(0 8 1 * ? *)", "0 8 1 * *"],
    ["cron(0/15 * * * ? *)", "0-59/15 * * * *"],
    ["cron(0/10 8-17 ? * 2-6 *)", "0-59/10 8-17 * * 1-5"],
    ["cron(0 0 ? JUL,JAN 1,7 *)", "0 0 * JUL,JAN 0,6"],
    ["cron(*/5 * ? * * *)", "*/5 * * * *"],
    ["cron(0 0 1/2 * ? *)", "0 0 1-31/2 * *"],
  ])("%s", (text, cron) => {
    expect(fromAwsSchedule(text)).toEqual({ cron });
    expect(cronProblem(cron, undefined)).toBeUndefined();
  });
});

describe("refused", () => {
  test.each([
    ["rate(7 minutes)", "must divide an hour"],
    ["rate(90 minutes)", "must divide an hour"],
    ["rate(5 hours)", "the hours a day"],
    ["rate(2 days)", "use `cron(…)`"],
    ["rate(0 minutes)", "is no rate"],
    ["rate(5 seconds)", "is no rate"],
    ["cron(0 10 * * *)", "has 5 fields"],
    ["cron(0 10 * * ? 2026)", "names the year 2026"],
    ["cron(0 10 L * ? *)", "has `L`"],
    ["cron(0 10 15W * ? *)", "has `W`"],
    ["cron(0 10 LW * ? *)", "has `W`"],
    ["cron(0 10 ? * 6#3 *)", "has `#`"],
    ["cron(0 10 ? * 6L *)", "has `L`"],
    ["at(2026-11-20T13:00:00)", "runs once"],
    ["0 10 * * *", "is no schedule"],
  ])("%s", (text, why) => {
    expect(fromAwsSchedule(text)).toEqual({ problem: expect.stringContaining(why) });
  });
});
