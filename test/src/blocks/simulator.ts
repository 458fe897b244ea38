// A machine room in miniature: a virtual clock, processes that pause and die, and a store that loses requests and replies.
// Everything follows from the seed. What runs in it is the shipped code, over the real contract.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Value } from "../../../src/contracts/component.ts";
import type { Condition, StateEntry, StateStore } from "../../../src/contracts/state.ts";
import { FaastenError } from "../../../src/errors.ts";

/** Each of 1 for certain. Times are milliseconds. */
export interface Faults {
  readonly requestLost: number;
  readonly replyLost: number;
  /** A write that seemed lost arrives this much later. */
  readonly late: number;
  readonly stale: number;
  readonly throttled: number;
  readonly pause: number;
  readonly death: number;
}

export const noFaults: Faults = { requestLost: 0, replyLost: 0, late: 0, stale: 0, throttled: 0, pause: 0, death: 0 };

interface Process {
  /** How wrong its clock is. */
  readonly offset: number;
  die(): void;
}

export class Simulator {
  now: number = 1_700_000_000_000;
  readonly random: () => number;
  faults: Faults;
  readonly #queue: { at: number; order: number; run: () => void }[] = [];
  readonly #running = new AsyncLocalStorage<Process>();
  #order = 0;

  constructor(seed: number, faults: Faults) {
    this.random = generator(seed);
    this.faults = faults;
  }

  chance(probability: number): boolean {
    return probability > 0 && this.random() < probability;
  }

  at(time: number, run: () => void): void {
    this.#queue.push({ at: Math.max(time, this.now), order: this.#order++, run });
  }

  /** Runs `work` as a process of its own. "died": so it did, at some `sleep`, and nothing of it goes on. */
  spawn<T>(work: () => Promise<T>): Promise<T | "died"> {
    const { promise, resolve } = Promise.withResolvers<"died">();
    const process: Process = { offset: Math.round((this.random() - 0.5) * 400), die: () => resolve("died") };
    return Promise.race([promise, this.#running.run(process, work)]);
  }

  /** The present process goes on after this time, or later, or never. */
  sleep(milliseconds: number): Promise<void> {
    const process = this.#running.getStore();
    if (process && this.chance(this.faults.death)) {
      process.die();
      return new Promise(() => {});
    }
    const pause = process && this.chance(this.faults.pause) ? 500 + this.random() * 8_500 : 0;
    return new Promise((resolve) => this.at(this.now + milliseconds + pause, resolve));
  }

  /** The present process's own idea of the time. */
  clock(): number {
    return Math.floor(this.now + (this.#running.getStore()?.offset ?? 0));
  }

  /** Until nothing is left to happen. Between two happenings all that can go on does. */
  async run(): Promise<void> {
    await turn();
    while (this.#queue.length > 0) {
      const next = this.#queue.reduce((first, each) =>
        each.at < first.at || (each.at === first.at && each.order < first.order) ? each : first,
      );
      this.#queue.splice(this.#queue.indexOf(next), 1);
      this.now = next.at;
      next.run();
      await turn();
    }
  }
}

/** A store with compare-and-set, reached over a bad network. `ignores`: conditions that it does not look at, as no store may. */
export function storeOn(
  simulator: Simulator,
  ignores: (write: Value | undefined, options: Condition) => boolean = () => false,
): StateStore {
  const entries = new Map<string, StateEntry>();
  const before = new Map<string, StateEntry | undefined>();
  let writes = 0;

  function holds(key: string, options: Condition, value?: Value): boolean {
    if (ignores(value, options)) return true;
    const stored = entries.get(key);
    if (options.ifAbsent) return stored === undefined;
    return options.ifEtag === undefined || stored?.etag === options.ifEtag;
  }

  function put(key: string, entry: StateEntry | undefined): void {
    before.set(key, entries.get(key));
    if (entry) entries.set(key, entry);
    else entries.delete(key);
    writes += 1;
  }

  /** There, the work, and back. */
  async function over<T>(work: () => T): Promise<T> {
    await simulator.sleep(1 + simulator.random() * 20);
    if (simulator.chance(simulator.faults.throttled)) throw new FaastenError("THROTTLED", "slow down");
    if (simulator.chance(simulator.faults.requestLost)) {
      if (simulator.chance(simulator.faults.late))
        simulator.at(simulator.now + simulator.random() * 6_000, () => void work());
      await simulator.sleep(300);
      throw lost(simulator);
    }
    const result = work();
    await simulator.sleep(1 + simulator.random() * 20);
    if (simulator.chance(simulator.faults.replyLost)) {
      await simulator.sleep(300);
      throw lost(simulator);
    }
    return result;
  }

  return {
    get: (key) => over(() => (simulator.chance(simulator.faults.stale) ? before.get(key) : entries.get(key))),
    set: (key, value, options = {}) =>
      over(() => {
        if (!holds(key, options, value)) return undefined;
        const etag = `e${writes}`;
        put(key, { value, etag, ...(options.expiresAt !== undefined && { expiresAt: options.expiresAt }) });
        return etag;
      }),
    delete: (key, options = {}) =>
      over(() => {
        const allowed = holds(key, options);
        if (allowed) put(key, undefined);
        return allowed;
      }),
  };
}

/** A client cannot tell what became of its request, and each library says so in its own words. */
function lost(simulator: Simulator): Error {
  const kinds = [
    new FaastenError("UNAVAILABLE", "no answer"),
    new FaastenError("TIMEOUT", "no answer in time"),
    new FaastenError("INTERNAL", "something broke"),
    new TypeError("fetch failed"),
  ];
  return kinds[Math.floor(simulator.random() * kinds.length)] ?? new Error("lost");
}

function turn(): Promise<void> {
  return new Promise((resume) => setImmediate(resume));
}

/** A xorshift generator: the same seed, the same numbers. */
function generator(seed: number): () => number {
  let state = (seed * 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
