// AWS's `rate(…)` and six-field `cron(…)` as schedules that every target keeps.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html

export type Converted = { readonly cron: string } | { readonly problem: string };

/** A problem says what cannot be kept, and what would do. */
export function fromAwsSchedule(text: string): Converted {
  const [, kind, inside = ""] = /^\s*(rate|cron|at)\((.*)\)\s*$/s.exec(text) ?? [];
  if (kind === "rate") return fromRate(inside.trim());
  if (kind === "cron") return fromCron(inside.trim());
  if (kind === "at") return { problem: "runs once, and no other target has such schedules: use `cron(…)`" };
  return { problem: "is no schedule: write `rate(5 minutes)` or `cron(0 3 * * ? *)`" };
}

const units: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 1440 };

function fromRate(text: string): Converted {
  const [, count = "", unit = ""] = /^([1-9]\d*) (minute|hour|day)s?$/.exec(text) ?? [];
  const minutes = Number(count) * (units[unit] ?? Number.NaN);
  if (Number.isNaN(minutes))
    return { problem: "is no rate: write `rate(5 minutes)`, `rate(2 hours)` or `rate(1 day)`" };
  if (minutes < 60 && 60 % minutes === 0) return { cron: `every ${minutes} minute${minutes === 1 ? "" : "s"}` };
  const hours = minutes / 60;
  if (hours === 1) return { cron: "0 * * * *" };
  if (hours === 24) return { cron: "0 0 * * *" };
  if (Number.isInteger(hours) && hours < 24 && 24 % hours === 0) return { cron: `0 */${hours} * * *` };
  return {
    problem: "cannot be kept on every target: the minutes must divide an hour, or the hours a day; or use `cron(…)`",
  };
}

interface Field {
  readonly name: string;
  readonly most: number;
}

const fields: readonly Field[] = [
  { name: "minutes", most: 59 },
  { name: "hours", most: 23 },
  { name: "day-of-month", most: 31 },
  { name: "month", most: 12 },
  { name: "day-of-week", most: 6 },
];

function fromCron(text: string): Converted {
  const parts = text.split(/\s+/);
  if (parts.length !== 6) {
    const what = "minutes, hours, day-of-month, month, day-of-week, year";
    return { problem: `has ${parts.length} fields, and AWS's cron has six: ${what}` };
  }
  const year = parts[5];
  if (year !== "*") return { problem: `names the year ${year}, which no other target can: write \`*\` there` };
  const converted: string[] = [];
  for (const [index, field] of fields.entries()) {
    const part = parts[index] ?? "";
    const sign = /(?<![A-Z])L(?![A-Z])|(?<=\d)[LW]|(?<=L)W|#/i.exec(part)?.[0];
    if (sign !== undefined)
      return { problem: `has \`${sign}\` in its ${field.name}, which no other target knows: write the days out` };
    converted.push(
      part === "?"
        ? "*"
        : part
            .split(",")
            .map((item) => convertItem(item, field))
            .join(","),
    );
  }
  return { cron: converted.join(" ") };
}

/** AWS counts days of the week from 1, Sunday; `a/n` begins at `a` and goes on to the field's end. */
function convertItem(item: string, { name, most }: Field): string {
  const [range = "", step] = item.split("/");
  const days = name === "day-of-week";
  const numbered = days ? range.replace(/\d+/g, (day) => String(Number(day) - 1)) : range;
  if (step === undefined) return numbered;
  return `${numbered === "*" || numbered.includes("-") ? numbered : `${numbered}-${most}`}/${step}`;
}
