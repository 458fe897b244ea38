// Which schedules every cloud can keep.
import { expect, test } from "vitest";
import { cronProblem } from "../../../src/build/cron.ts";

test.each([
  "0 3 * * *",
  "*/15 8-18 * * MON-FRI",
  "0 0 1,15 * *",
  "0 0 29 2 *",
  "5 4 * jan,Jun sun",
  "every 1 minute",
  "every 15 minutes",
  "every 60 minutes",
])("%s is kept", (cron) => {
  expect(cronProblem(cron, undefined)).toBeUndefined();
});

test.each([
  ["every 7 minutes", "N must divide 60"],
  ["every 0 minutes", "N must divide 60"],
  ["every 1e1 minutes", "N must divide 60"],
  ["every five minutes", "N must divide 60"],
  ["every 120 minutes", "N must divide 60"],
  ["every  15  minutes", "write five"],
  ["* * * *", "has 4 fields: write five"],
  ["0 0 3 * * *", "has 6 fields: write five"],
  ["@daily", "has 1 field: write five"],
  ["", "has 1 field: write five"],
  ["0 3 1 * MON", "gives both day fields"],
  ["0 3 */2 * 1", "gives both day fields"],
  ["0 3 L * *", "`L` is no day of month"],
  ["0 3 15W * *", "`15W` is no day of month"],
  ["0 3 * * 5#2", "`5#2` is no day of week"],
  ["0 3 ? * 1", "`?` is no day of month"],
  ["0 3 * MON *", "`MON` is no month"],
  ["JAN 3 * * *", "`JAN` is no minute"],
  ["H 3 * * *", "`H` is no minute"],
  ["60 3 * * *", "they go from"],
  ["0 24 * * *", "they go from"],
  ["0 3 0 * *", "they go from"],
  ["0 3 * 13 *", "they go from"],
  ["*/0 3 * * *", "is no schedule"],
  ["0 3 31 2 *", "never comes"],
])("%s is told", (cron, why) => {
  expect(cronProblem(cron, undefined)).toContain(why);
});

test.each([
  ["Europe/Pariss", "did you mean `Europe/Paris`?"],
  ["europe/paris", "must be written `Europe/Paris`"],
  ["+02:00", "is no time zone"],
  ["Middle/Earth", 'write an IANA name, such as "Europe/Paris"'],
  ["", "is no time zone"],
])("the zone %o is told", (zone, why) => {
  expect(cronProblem("0 3 * * *", zone)).toContain(why);
});

test.each(["Europe/Paris", "UTC", "America/Argentina/Buenos_Aires", "Asia/Kolkata"])("the zone %s is kept", (zone) => {
  expect(cronProblem("0 3 * * *", zone)).toBeUndefined();
});
