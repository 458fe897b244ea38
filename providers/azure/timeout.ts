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

const inHostJson = 30_000;
