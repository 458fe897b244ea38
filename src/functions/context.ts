// What every handler gets beside its arrival: its grants' clients, by name, and what one run knows of itself.
import type { Clients, Grant, Invocation, Log, Uses } from "../contracts/function.ts";
import { traceIdOf } from "../runtime/trace.ts";

/** Packages of a provider add theirs by declaration merging: what `context.native` holds on it. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface NativeCalls {}

/** The untouched native payload and context: the escape hatch, never needed. */
export type Native =
  | { readonly [Name in keyof NativeCalls]: { readonly provider: Name } & NativeCalls[Name] }[keyof NativeCalls]
  | UnknownNative;
export interface UnknownNative {
  readonly payload: unknown;
  readonly context: unknown;
}

export interface Context {
  /** Aborts shortly before the invocation's time is up. Pass it on to whatever you wait for. */
  readonly signal: AbortSignal;
  /** When the host ends this run, in Unix milliseconds. */
  readonly deadline: number;
  /** What time it is, in Unix milliseconds: `Date.now()`, but for a test's own clock. */
  readonly now: () => number;
  readonly log: Log;
  readonly trace: { readonly id: string; readonly traceparent: string };
  readonly native: Native;
}

/** Names that a use may not take. */
export type Reserved = keyof Context | "params" | "body" | "caller";
export type Checked<U> = U & { readonly [Name in keyof U & Reserved]: "the context has this name already" };
export type WithUses<U extends Uses> = Context & Clients<U>;

/** A class a function: each use is a getter that opens its client with the invocation at hand, so what is not used is never made. */
export function contextOf(uses: Uses): new (invocation: Invocation) => Context {
  class HandlerContext implements Context {
    readonly #invocation: Invocation;
    constructor(invocation: Invocation) {
      this.#invocation = invocation;
    }
    static open(context: HandlerContext, grant: Grant): unknown {
      return context.#invocation.open(grant);
    }
    get signal(): AbortSignal {
      return this.#invocation.signal;
    }
    get deadline(): number {
      return this.#invocation.deadline;
    }
    get now(): () => number {
      return this.#invocation.now;
    }
    get log(): Log {
      return this.#invocation.log;
    }
    get trace(): Context["trace"] {
      const { traceparent } = this.#invocation;
      return { id: traceIdOf(traceparent), traceparent };
    }
    get native(): Native {
      return this.#invocation.native;
    }
  }
  for (const [name, grant] of Object.entries(uses)) {
    Object.defineProperty(HandlerContext.prototype, name, {
      get(this: HandlerContext) {
        return HandlerContext.open(this, grant);
      },
      enumerable: true,
    });
  }
  return HandlerContext;
}
