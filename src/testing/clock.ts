// A clock that moves only when it is told to.
import type { Clock } from "../contracts/component.ts";

export interface VirtualClock extends Clock {
  /** Moves to the next call that is due by then, and makes it; `false`: there is none, and it stands where it stood. */
  step(until: number): boolean;
  moveTo(time: number): void;
}

interface Waiting {
  readonly time: number;
  readonly ring: () => void;
}

export function createClock(start: number): VirtualClock {
  let present = start;
  /** By time, and among equals in the order of asking. */
  const queue: Waiting[] = [];
  return {
    now: () => present,
    at(time, ring) {
      const waiting = { time, ring };
      const later = queue.findIndex((other) => other.time > time);
      queue.splice(later < 0 ? queue.length : later, 0, waiting);
      return () => {
        const place = queue.indexOf(waiting);
        if (place >= 0) queue.splice(place, 1);
      };
    },
    step(until) {
      const [next] = queue;
      if (!next || next.time > until) return false;
      queue.shift();
      present = Math.max(present, next.time);
      next.ring();
      return true;
    },
    moveTo(time) {
      present = Math.max(present, time);
    },
  };
}
