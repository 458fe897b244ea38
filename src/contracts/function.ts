// A function as data, what it may use, and one run of it.
import type { Block, Component } from "./component.ts";
import type { AwsEvent, LambdaEvent } from "./lambda.ts";
import type { Call, EventArrival, Outcome, RequestArrival, TriggerSpec } from "./trigger.ts";

export type Right = "read" | "readWrite" | "list" | "publish" | "output" | "call";

/** One entry of `uses`: data for the build, and how the client is opened. `resource`: the topic, the secret or the service; left out: the whole component. */
export interface Grant<Client = unknown> {
  readonly block: Block;
  readonly component: string;
  readonly right: Right;
  readonly resource?: string;
  /** Of a configuration store, the only ones that are read. */
  readonly keys?: readonly string[];
  /** Of `output`: those that may be called. */
  readonly operations?: readonly string[];
  /** The topic has an order. */
  readonly ordered?: true;
  open(component: () => Component | Promise<Component>, invocation: Invocation): Client;
}

export type Uses = Readonly<Record<string, Grant>>;
export type Clients<U extends Uses> = { readonly [K in keyof U]: U[K] extends Grant<infer Client> ? Client : never };

/** One line each, as JSON. Fields of the caller's never overwrite the runtime's own. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** One run of one function. `functions/` makes the handler's context from it. `signal` aborts shortly before `deadline`. */
export interface Invocation {
  readonly service: string;
  readonly function: string;
  readonly id: string;
  /** Unix milliseconds. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** Unix milliseconds, of the clock by which blocks count: the machine's, unless a test has its own. `deadline` is always the machine's. */
  readonly now: () => number;
  /** W3C trace context of this run: the trace that it is part of, and a span of its own. */
  readonly traceparent: string;
  readonly log: Log;
  readonly native: Call<unknown>;
  /** The client of one grant of this function; throws `NOT_GRANTED` for any other. */
  open<Client>(grant: Grant<Client>): Client;
  /**
   * The run goes on though it is settled, until what this gives back is called, with the error if there was one; only the first call counts. `stop` is
   * called if it fails before that: its time is up, or it left a rejection alone.
   */
  hold(stop: (reason: unknown) => void): (...failed: readonly unknown[]) => void;
  /** From now on this value is found in no log line and no error of this process. */
  conceal(secret: string): void;
  /** The text without any concealed value. */
  redact(text: string): string;
}

/** What a kind of function brings: http, topic, schedule, lambda… each settles its own arrivals, so the runtime knows no kind and a bundle holds only its own. */
export interface Definition {
  readonly faasten: "function";
  /** Left out: the export's name. */
  readonly name?: string;
  readonly on: TriggerSpec;
  readonly uses: Uses;
  /** Grants of the runtime's own: the claims of `idempotent`. */
  readonly needs?: readonly Grant[];
  /** May reject: then `fail` says what becomes of the arrival. */
  settle(arrival: RequestArrival | EventArrival, invocation: Invocation): Promise<Outcome>;
  /** What becomes of an arrival whose handling failed: it threw, was given up at the deadline, or left a rejection alone. */
  fail(error: unknown, invocation: Invocation, arrival: RequestArrival | EventArrival): Outcome;
  /** Milliseconds that it may run; left out: what the app says. */
  readonly timeout?: number;
  /** An AWS Lambda handler that is wrapped: a host that runs such handlers as they are is handed this one. */
  readonly lambda?: { readonly handler: Function; readonly event: LambdaEvent | AwsEvent };
  settleMany?(arrivals: readonly EventArrival[], invocation: Invocation): Promise<readonly Outcome[]>;
}

/** An HTTP function, as the types of its callers know it. `accepts` is of the type alone: what its body's schema takes. */
export interface HttpDefinition<Method extends string = string, Path extends string = string, Body = unknown>
  extends Definition {
  readonly on: Extract<TriggerSpec, { readonly kind: "http" }> & { readonly method: Method; readonly path: Path };
  readonly accepts?: Body;
}
