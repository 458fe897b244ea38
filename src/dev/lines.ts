// A worker's log, sent in batches: under load, what nobody could read is counted instead.
import type { Done } from "../../providers/local/host.ts";

export interface Lines {
  add(line: string): void;
  done(done: Done): void;
  flush(): void;
}

/** `send` takes the lines of the last moment, and how many more there were. */
export function createLines(send: (lines: readonly string[], left: number) => void): Lines {
  let batch: string[] = [];
  let left = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (batch.length === 0 && left === 0) return;
    send(batch, left);
    batch = [];
    left = 0;
  };
  const add = (line: string): void => {
    batch.push(line);
    timer ??= setTimeout(flush, moment);
  };
  return {
    add,
    done(done) {
      if (batch.length >= most) left++;
      else
        add(
          JSON.stringify({
            time: new Date().toISOString(),
            level: "info",
            message: "invoked",
            ...done,
            milliseconds: Math.round(done.milliseconds * 10) / 10,
          }),
        );
    },
    flush,
  };
}

/** Milliseconds, and lines in them. */
const moment = 20;
const most = 10;
