// What every component is, and how one is made.

/** Anything a function reaches through. Connects to nothing until it is first used. */
export interface Component {
  /** Lets go of sockets and timers. Called once, when the process ends. */
  close?(): Promise<void>;
}

/** As a component's type begins. Gains a member with each contract. */
export type Block = "state" | "pubsub" | "bindings" | "secretstores" | "configuration" | "invocation";

/** What time it is, and a call when it comes. */
export interface Clock {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Calls back once, not before that time and not before it has returned. Gives what calls it off. */
  readonly at: (time: number, ring: () => void) => () => void;
}

/**
 * Strings only: variables and secrets are resolved. `service` is Dapr's app id. The clock is a test's own, and left out
 * everywhere else: then it is the machine's, as it stays for what lies outside of the process.
 */
export interface ComponentOptions extends Partial<Clock> {
  readonly name: string;
  readonly service: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a component module exports as `create`. */
export type Create<C extends Component = Component> = (options: ComponentOptions) => C | Promise<C>;

/** Every call that leaves the process takes the invocation's signal: that is its deadline. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Data as it crosses the seam, unparsed: JSON text, or bytes. */
export type Value = { readonly json: string } | { readonly bytes: Uint8Array };
