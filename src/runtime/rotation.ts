// A component that is made of secrets: where its service takes them no longer, they are read again and it is made anew.
import type { Component } from "../contracts/component.ts";
import { FaastenError } from "../errors.ts";

type Metadata = Readonly<Record<string, string>>;

export interface Rotating {
  readonly component: Component;
  /** What it was made of. */
  readonly metadata: Metadata;
  /** The same as it is now. */
  resolve(signal: AbortSignal): Promise<Metadata>;
  make(metadata: Metadata): Promise<Component>;
  /** It could not be made anew, or an old one could not be closed. */
  failed(error: unknown): void;
}

/**
 * A call that rejects with `UNAUTHENTICATED` is repeated once on a component of fresh secrets, where they are others. All
 * that were refused at one time share it. The old one is closed when its calls have ended.
 */
export function rotating({ component, metadata, resolve, make, failed }: Rotating): Component {
  let live: Live = { component, metadata, calls: 0 };
  const old = new Set<Live>();
  /** Calls that left something behind, such as `consume`: the next component is told the same. */
  const told: (readonly [method: PropertyKey, given: readonly unknown[]])[] = [];
  let renewing: Promise<void> | undefined;
  let closed = false;

  async function renew(from: Live): Promise<void> {
    try {
      const fresh = await resolve(AbortSignal.timeout(patience));
      if (Object.keys(fresh).every((key) => fresh[key] === from.metadata[key])) return;
      const made = await make(fresh);
      if (closed) return void (await made.close?.());
      for (const [method, given] of told) apply(made, method, given);
      live = { component: made, metadata: fresh, calls: 0 };
      old.add(from);
      leave(from, 0);
    } catch (error) {
      failed(error);
    }
  }

  function leave(from: Live, calls = 1): void {
    from.calls -= calls;
    if (from.calls === 0 && old.delete(from)) from.component.close?.().catch(failed);
  }

  /** On what to try again, if anything. */
  async function after(error: unknown, from: Live, given: readonly unknown[]): Promise<Live | undefined> {
    if (!(error instanceof FaastenError) || error.code !== "UNAUTHENTICATED") return undefined;
    if (live === from) {
      renewing ??= renew(from).finally(() => {
        renewing = undefined;
      });
      await renewing;
    }
    return live === from || given.some(isSpent) ? undefined : live;
  }

  async function answered(
    from: Live,
    method: PropertyKey,
    given: readonly unknown[],
    answer: unknown,
  ): Promise<unknown> {
    let next: Live | undefined;
    try {
      return await answer;
    } catch (error) {
      next = await after(error, from, given);
      if (!next) throw error;
      next.calls++;
    } finally {
      leave(from);
    }
    try {
      return await apply(next.component, method, given);
    } finally {
      leave(next);
    }
  }

  /** What has been handed out is not handed out again: then it ends with the error. */
  async function* listed(method: PropertyKey, given: readonly unknown[]): AsyncGenerator<unknown> {
    let begun = false;
    let next: Live | undefined = live;
    for (let round = 0; next; round++) {
      const from: Live = next;
      from.calls++;
      try {
        for await (const item of apply(from.component, method, given) as AsyncIterable<unknown>) {
          begun = true;
          yield item;
        }
        return;
      } catch (error) {
        next = begun || round > 0 ? undefined : await after(error, from, given);
        if (!next) throw error;
      } finally {
        leave(from);
      }
    }
  }

  function call(method: PropertyKey, given: readonly unknown[]): unknown {
    const from = live;
    const answer = apply(from.component, method, given);
    if (answer instanceof Promise) {
      from.calls++;
      return answered(from, method, given, answer);
    }
    if (typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer) return listed(method, given);
    if (answer === undefined) told.push([method, given]);
    return answer;
  }

  async function close(): Promise<void> {
    closed = true;
    const open = [live, ...old];
    old.clear();
    await Promise.all(open.map(({ component }) => component.close?.()));
  }

  return new Proxy<Component>(
    {},
    {
      has: (_target, name) => name in live.component,
      get(_target, name) {
        if (name === "close") return close;
        const value: unknown = Reflect.get(live.component, name);
        return typeof value === "function" ? (...given: readonly unknown[]) => call(name, given) : value;
      },
    },
  );
}

/** Milliseconds. */
const patience = 10_000;

interface Live {
  readonly component: Component;
  readonly metadata: Metadata;
  calls: number;
}

function apply(component: Component, method: PropertyKey, given: readonly unknown[]): unknown {
  return Reflect.apply(Reflect.get(component, method), component, given);
}

/** A stream within it was read by the first call. */
function isSpent(given: unknown): boolean {
  return Object.values(Object(given)).some((value) => value instanceof ReadableStream);
}
