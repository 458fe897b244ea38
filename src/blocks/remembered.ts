// A value that was fetched from a component, kept for a while beside it, and asked for once by all who want it at one time.
import type { Component } from "../contracts/component.ts";
import type { Invocation } from "../contracts/function.ts";

export interface Asking<T> {
  readonly invocation: Invocation;
  /** Milliseconds since the value's fetch began, at most; 0: it is fetched again. */
  readonly maxAge: number;
  fetch(signal: AbortSignal): Promise<T>;
}

/**
 * Never older than asked for, whether the store answers or not. A failure is not remembered, and takes nothing away that was
 * kept before. Who waits for another's fetch asks for itself if that one's run ends.
 */
export type Remembered<T> = (component: Component, asking: Asking<T>) => Promise<T>;

export function remembered<T>(): Remembered<T> {
  const memories = new WeakMap<Component, Memory<T>>();
  return async (component, { invocation, maxAge, fetch }) => {
    const memory = memories.get(component) ?? {};
    memories.set(component, memory);
    for (;;) {
      const now = invocation.now();
      const ageOf = ({ since }: { readonly since: number }): number =>
        now < since ? Number.POSITIVE_INFINITY : now - since;
      if (memory.kept && ageOf(memory.kept) < maxAge) return memory.kept.value;
      const { signal } = invocation;
      const joined = memory.asked && ageOf(memory.asked) <= maxAge ? memory.asked : undefined;
      const asked = joined ?? ask(memory, now, signal, fetch);
      try {
        return await until(signal, asked.value);
      } catch (error) {
        if (!joined?.signal.aborted || signal.aborted) throw error;
      }
    }
  };
}

interface Memory<T> {
  kept?: { readonly since: number; readonly value: T };
  asked?: Asked<T> | undefined;
}

interface Asked<T> {
  readonly since: number;
  readonly signal: AbortSignal;
  readonly value: Promise<T>;
}

function ask<T>(
  memory: Memory<T>,
  since: number,
  signal: AbortSignal,
  fetch: (signal: AbortSignal) => Promise<T>,
): Asked<T> {
  const asked: Asked<T> = { since, signal, value: fetch(signal) };
  const over = (): void => {
    if (memory.asked === asked) memory.asked = undefined;
  };
  memory.asked = asked;
  asked.value.then((value) => {
    over();
    if (!memory.kept || memory.kept.since <= since) memory.kept = { since, value };
  }, over);
  return asked;
}

/** Rejects when the run's time is up, whatever becomes of the value. What the store says of that goes first: it names itself. */
function until<T>(signal: AbortSignal, value: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => void setImmediate(reject, signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    value.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
