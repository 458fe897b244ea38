// The machine's clock, where no other is given.
import type { Clock } from "../../src/provider.ts";

/** The one that is given, or what it lacks of the machine's. */
export function clockOf({ now = machine.now, at = machine.at }: Partial<Clock>): Clock {
  return { now, at };
}

const machine: Clock = {
  now: () => Date.now(),
  at(time, ring) {
    if (time <= Date.now()) {
      const soon = setImmediate(ring);
      return () => clearImmediate(soon);
    }
    const wait = (): NodeJS.Timeout => setTimeout(look, Math.min(time - Date.now(), longestTimer));
    const look = (): void => {
      if (time <= Date.now()) ring();
      else timer = wait();
    };
    let timer = wait();
    return () => clearTimeout(timer);
  },
};

/** A timer of more than 24.8 days would ring at once; and a machine that slept must notice. */
const longestTimer = 60_000;
