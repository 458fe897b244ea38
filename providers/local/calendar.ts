// When a schedule runs next, and the waiting for it.
import { Cron } from "croner";
import type { Clock } from "../../src/provider.ts";

/** Calls `run` with each planned instant (Unix milliseconds), in the given zone, UTC if none. Gives what ends it. */
export function startClock(
  cron: string,
  timeZone: string | undefined,
  { now, at }: Clock,
  run: (planned: number) => void,
): () => void {
  const every = /^every (\d+) minutes?$/.exec(cron)?.[1];
  const pattern = new Cron(every === undefined ? cron : `*/${every} * * * *`, {
    paused: true,
    timezone: timeZone ?? "UTC",
  });
  let cancel: (() => void) | undefined;
  const wait = (from: Date): void => {
    const next = pattern.nextRun(from);
    if (!next) return;
    cancel = at(next.getTime(), () => {
      run(next.getTime());
      wait(next);
    });
  };
  wait(new Date(now()));
  return () => cancel?.();
}
