// How long the platform lets a function run.
// https://learn.microsoft.com/azure/azure-functions/functions-host-json#functiontimeout

/** The app setting that overrides `functionTimeout` of host.json: it tells the platform and us. */
export const timeoutSetting = "AzureFunctionsJobHost__functionTimeout";

/** Milliseconds, from .NET's `[days.]hours:minutes:seconds`, or `-1` for no limit. Without one: what host.json has. */
export function toTimeout(text: string | undefined): number {
  if (text === "-1") return Number.POSITIVE_INFINITY;
  const [, days = 0, hours, minutes, seconds] = /^(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(text ?? "") ?? [];
  if (seconds === undefined) return inHostJson;
  return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

/** The other way: `hh:mm:ss`, with days before it where there are any. */
export function toTimeSpan(seconds: number): string {
  if (seconds >= 86_400) return `${Math.floor(seconds / 86_400)}.${toTimeSpan(seconds % 86_400)}`;
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

const inHostJson = 30_000;
