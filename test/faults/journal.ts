// What the killed app has noted of its deliveries, and what may not be found in it.
import { closeSync, openSync, readSync } from "node:fs";

interface Delivery {
  readonly pid: number;
  readonly id: string;
  readonly attempt: number;
}

export interface Journal {
  /** Deliveries of this process that have begun and not ended. */
  running(pid: number): number;
  /** Messages of which a delivery was ended by the handler. */
  handled(): ReadonlySet<string>;
  /** What breaks a promise of the broker's, in words. */
  wrongs(attempts: number): readonly string[];
  close(): void;
}

/** Reads on, each time it is asked, what was added to the file. */
export function openJournal(file: string): Journal {
  const descriptor = openSync(file, "a+");
  const buffer = Buffer.alloc(64 * 1024);
  const events: Event[] = [];
  const open = new Map<string, Delivery>();
  let rest = "";

  function readOn(): readonly Event[] {
    for (let size = readSync(descriptor, buffer); size > 0; size = readSync(descriptor, buffer)) {
      const lines = (rest + buffer.toString("latin1", 0, size)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) add(line);
    }
    return events;
  }

  function add(line: string): void {
    const [kind = "", pid, id = "", attempt] = line.split(" ");
    const event = { kind, pid: Number(pid), id, attempt: Number(attempt) };
    events.push(event);
    if (kind === "begin") open.set(keyOf(event), event);
    else open.delete(keyOf(event));
  }

  return {
    running(pid) {
      readOn();
      return [...open.values()].filter((delivery) => delivery.pid === pid).length;
    },
    handled: () => new Set(readOn().flatMap(({ kind, id }) => (kind === "end" ? [id] : []))),
    wrongs: (attempts) => [...wrongAttempts(readOn(), attempts), ...wrongOrder(readOn())],
    close: () => closeSync(descriptor),
  };
}

type Event = Delivery & { readonly kind: string };

function keyOf({ pid, id, attempt }: Delivery): string {
  return `${pid} ${id} ${attempt}`;
}

/** Each delivery is another attempt, and none is beyond the last. */
function* wrongAttempts(events: readonly Event[], attempts: number): Iterable<string> {
  const last = new Map<string, number>();
  for (const { kind, id, attempt } of events) {
    if (kind !== "begin") continue;
    if (attempt > attempts) yield `${id} was delivered for the ${attempt}th time`;
    if (attempt <= (last.get(id) ?? 0)) yield `attempt ${attempt} of ${id} came after attempt ${last.get(id)}`;
    last.set(id, attempt);
  }
}

/** In a lane, none begins before the one published before it has ended, and none comes again after a later one. */
function* wrongOrder(events: readonly Event[]): Iterable<string> {
  const latest = new Map<string, { readonly number: number; ended: boolean }>();
  for (const { kind, id } of events) {
    const [lane = "", text] = id.split(".");
    if (!lane.includes("-")) continue;
    const number = Number(text);
    const before = latest.get(lane);
    if (kind === "end") {
      if (before?.number === number) before.ended = true;
      continue;
    }
    if (before && number < before.number) yield `${id} came again after ${lane}.${before.number}`;
    if (before && number > before.number && !before.ended)
      yield `${id} began before ${lane}.${before.number} had ended`;
    if (before?.number !== number) latest.set(lane, { number, ended: false });
  }
}
