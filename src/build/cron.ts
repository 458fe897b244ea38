// Schedules as every cloud can keep them.
import { Cron } from "croner";
import { quoted } from "../manifest/problems.ts";

/** What is wrong with a schedule and its zone, and how to mend it. */
export function cronProblem(cron: string, timeZone: string | undefined): string | undefined {
  if (timeZone !== undefined && !isZone(timeZone))
    return `${quoted(timeZone)} is no time zone: write an IANA name, such as "Europe/Paris"`;
  const every = /^every (\S+) minutes?$/.exec(cron)?.[1];
  if (every !== undefined) {
    const minutes = Number(every);
    const divides = Number.isInteger(minutes) && minutes > 0 && 60 % minutes === 0;
    return divides
      ? undefined
      : `${quoted(cron)} cannot be kept: N must divide 60 (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60)`;
  }
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) {
    return `${quoted(cron)} has ${fields.length} fields: write five (minute, hour, day of month, month, day of week), or \`every N minutes\``;
  }
  if (!fields.every((field) => /^[\dA-Za-z*,/-]+$/.test(field)))
    return `${quoted(cron)} holds signs that not every cloud knows: digits, names, \`*\`, \`,\`, \`-\` and \`/\` are known`;
  const [, , dayOfMonth, , dayOfWeek] = fields;
  if (dayOfMonth !== "*" && dayOfWeek !== "*")
    return `${quoted(cron)} gives both day fields, which the clouds read differently: leave one at \`*\``;
  try {
    const next = new Cron(cron, { paused: true, timezone: timeZone ?? "UTC" }).nextRun();
    return next === null ? `${quoted(cron)} never comes` : undefined;
  } catch (error) {
    return `${quoted(cron)} is no schedule: ${error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error)}`;
  }
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}
