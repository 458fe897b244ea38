// When a schedule runs next, and the waiting for it.
import { Cron } from "croner";

export interface Clock {
  stop(): void;
}

/** Calls `run` with each planned instant (Unix milliseconds), in the given zone, UTC if none. */
export function startClock(cron: string, timeZone: string | undefined, run: (planned: number) => void): Clock {
  const every = /^every (\d+) minutes?$/.exec(cron)?.[1];
  const pattern = new Cron(every === undefined ? cron : `*/${every} * * * *`, {
    paused: true,
    timezone: timeZone ?? "UTC",
  });
  let timer: NodeJS.Timeout | undefined;
  const wait = (from: Date): void => {
    const next = pattern.nextRun(from);
    if (!next) return;
    const tick = (): void => {
      const left = next.getTime() - Date.now();
      if (left > 0) {
        timer = setTimeout(tick, Math.min(left, longestTimer));
        return;
      }
      run(next.getTime());
      wait(next);
    };
    tick();
  };
  wait(new Date());
  return {
    stop() {
      clearTimeout(timer);
    },
  };
}

/** A timer of more than 24.8 days would ring at once; and a machine that slept must notice. */
const longestTimer = 60_000;
