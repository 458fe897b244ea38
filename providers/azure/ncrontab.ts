// A schedule as Azure's timers take it: six fields, in UTC.
// https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions

/** With a time zone, all times of UTC that the schedule may mean, and some more. The pattern is one that the build has checked. */
export function toNcrontab(cron: string, timeZone: string | undefined): string {
  const every = /^every (\d+) minutes?$/.exec(cron)?.[1];
  const pattern = every === undefined ? cron : `*/${every} * * * *`;
  const [minute = "*", hour = "*", day = "*", month = "*", weekday = "*"] = pattern.trim().split(/\s+/);
  const days = [day, month, weekday === "*" ? "*" : list(weekdaysOf(weekday))];
  if (timeZone === undefined) return ["0", minute, hour, ...days].join(" ");

  const times = valuesOf(hour, 23).flatMap((h) => valuesOf(minute, 59).map((m) => h * 60 + m));
  const shifted = times.flatMap((time) => offsetsOf(timeZone).map((offset) => time - offset));
  const sameDay = shifted.every((time) => time >= 0 && time < 1440);
  const minutes = list(shifted.map((time) => modulo(time, 60)));
  const hours = list(shifted.map((time) => Math.floor(modulo(time, 1440) / 60)));
  return ["0", minutes, hours, ...(sameDay ? days : ["*", "*", "*"])].join(" ");
}

/** Minutes by which the zone's clocks are ahead of UTC, in all of these years: the same list in every process. */
function offsetsOf(timeZone: string): readonly number[] {
  const format = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
  const offsets = new Set<number>();
  for (let year = 2024; year <= 2035; year++) {
    for (let half = 0; half < 24; half++) {
      const name = format.format(new Date(Date.UTC(year, half >> 1, half % 2 ? 16 : 1)));
      const [, sign, hours = 0, minutes = 0] = /GMT(?:([+-])(\d+):(\d+))?/.exec(name) ?? [];
      offsets.add((Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1));
    }
  }
  return [...offsets];
}

/** Of one field: `*`, `5`, `1-5`, several of these with commas, each with or without `/step`. */
function valuesOf(field: string, most: number): readonly number[] {
  return field.split(",").flatMap((part) => {
    const [range = "*", step] = part.split("/");
    const [first = 0, last = step === undefined ? first : most] =
      range === "*" ? [0, most] : range.split("-").map(Number);
    const values: number[] = [];
    for (let value = first; value <= last; value += Number(step ?? 1)) values.push(value);
    return values;
  });
}

/** From 0, which is Sunday; as the 7 that it may be as well, Azure does not know it. */
function weekdaysOf(field: string): readonly number[] {
  const numbers = field.replace(/[A-Za-z]+/g, (name, at) => {
    const number = weekdays.indexOf(name.slice(0, 3).toUpperCase());
    return String(number === 0 && field[at - 1] === "-" ? 7 : number);
  });
  return valuesOf(numbers, 7).map((value) => value % 7);
}

const weekdays: readonly string[] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

function list(values: readonly number[]): string {
  return [...new Set(values)].sort((a, b) => a - b).join(",");
}

function modulo(value: number, of: number): number {
  return ((value % of) + of) % of;
}
