// Schedules as every cloud can keep them.
import { Cron } from "croner";
import { nearest, quoted } from "../manifest/problems.ts";

/** What is wrong with a schedule and its zone, and how to mend it. */
export function cronProblem(cron: string, timeZone: string | undefined): string | undefined {
  return (
    (timeZone === undefined ? undefined : zoneProblem(timeZone)) ?? everyProblem(cron) ?? fieldsProblem(cron, timeZone)
  );
}

/**
 * A schedule of Dapr's `bindings.cron` as every cloud can keep it, where there is such a one; else as it was. Dapr counts
 * `@every` from its start, and here it is counted from the full hour or from midnight.
 */
export function fromDaprSchedule(text: string): string {
  const schedule = text.trim();
  const [, hours = 0, minutes = 0, seconds = 0] =
    /^@every (?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(schedule) ?? [];
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (total > 0 && total % 60 === 0) return everyMinutes(total / 60) ?? schedule;
  return named[schedule] ?? schedule.replace(/^0+\s+(?=\S+(?:\s+\S+){4}$)/, "");
}

function everyMinutes(minutes: number): string | undefined {
  if (minutes < 60) return `every ${minutes} minute${minutes === 1 ? "" : "s"}`;
  const hours = minutes / 60;
  if (24 % hours !== 0) return undefined;
  return hours === 24 ? "0 0 * * *" : `0 */${hours} * * *`;
}

const named: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const every = /^every (\S+) minutes?$/;

function everyProblem(cron: string): string | undefined {
  const minutes = every.exec(cron)?.[1];
  if (minutes === undefined || (/^[1-9]\d?$/.test(minutes) && 60 % Number(minutes) === 0)) return undefined;
  return `${quoted(cron)} cannot be kept: N must divide 60 (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60)`;
}

const months = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC";
const days = "SUN|MON|TUE|WED|THU|FRI|SAT";
/** What may stand in each field: signs such as `L`, `W`, `#` and `?` are not known to every cloud. */
const fieldRules: readonly {
  readonly name: string;
  readonly value: string;
  readonly from: number;
  readonly to: number;
}[] = [
  { name: "minute", value: "\\d+", from: 0, to: 59 },
  { name: "hour", value: "\\d+", from: 0, to: 23 },
  { name: "day of month", value: "\\d+", from: 1, to: 31 },
  { name: "month", value: `\\d+|${months}`, from: 1, to: 12 },
  { name: "day of week", value: `\\d+|${days}`, from: 0, to: 7 },
];

function fieldsProblem(cron: string, timeZone: string | undefined): string | undefined {
  if (every.test(cron)) return undefined;
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) {
    return `${quoted(cron)} has ${fields.length} ${fields.length === 1 ? "field" : "fields"}: write five (minute, hour, day of month, month, day of week), or \`every N minutes\``;
  }
  for (const [index, { name, value, from, to }] of fieldRules.entries()) {
    const item = `(?:\\*|(?:${value})(?:-(?:${value}))?)(?:/\\d+)?`;
    const field = fields[index] ?? "";
    if (!new RegExp(`^${item}(?:,${item})*$`, "i").test(field))
      return `${quoted(cron)}: ${quoted(field)} is no ${name} that every cloud knows: write numbers${/JAN|SUN/.test(value) ? ", names" : ""}, \`*\`, \`,\`, \`-\` and \`/\``;
    const outside = field.match(/(?<!\/)\b\d+/g)?.find((number) => Number(number) < from || Number(number) > to);
    if (outside !== undefined) return `${quoted(cron)} names the ${name} ${outside}: they go from ${from} to ${to}`;
  }
  const [, , dayOfMonth, , dayOfWeek] = fields;
  if (dayOfMonth !== "*" && dayOfWeek !== "*")
    return `${quoted(cron)} gives both day fields, which the clouds read differently: leave one at \`*\``;
  try {
    const next = new Cron(cron, { paused: true, timezone: timeZone ?? "UTC" }).nextRun();
    return next === null ? `${quoted(cron)} never comes: no month has that day` : undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return `${quoted(cron)} is no schedule: ${message.replace(/^CronPattern: /, "")}`;
  }
}

/** Written as the database of zones does, since clouds compare letter for letter. */
function zoneProblem(name: string): string | undefined {
  const zones = Intl.supportedValuesOf("timeZone");
  if (isZone(name)) {
    const written = zones.find((zone) => zone.toLowerCase() === name.toLowerCase());
    return written === undefined || written === name ? undefined : `${quoted(name)} must be written ${quoted(written)}`;
  }
  const meant = nearest(name, zones);
  const hint = meant === undefined ? 'write an IANA name, such as "Europe/Paris"' : `did you mean ${quoted(meant)}?`;
  return `${quoted(name)} is no time zone: ${hint}`;
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}
