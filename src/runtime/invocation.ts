// One run of one function: its deadline, its clients, and what becomes of it if it fails.
import type { Grant, Invocation, Log } from "../contracts/function.ts";
import type { App, Served } from "../contracts/provider.ts";
import type { Call, Outcome } from "../contracts/trigger.ts";
import { FaastenError, notHere } from "../errors.ts";
import type { Components } from "./components.ts";
import { createLog, type Journal } from "./log.ts";
import { here, type Running, type Timed } from "./running.ts";
import { startSpan, traceIdOf } from "./trace.ts";

/** All that the settling of one call needs to know. */
export interface Scope {
  readonly app: App;
  readonly served: Served;
  readonly call: Call<unknown>;
  readonly components: Components;
  readonly journal: Journal;
  readonly running: Running<Run>;
  readonly now: () => number;
}

/** One run of one function, as its definition and its clients see it. */
export class Run implements Invocation, Timed {
  readonly id: string;
  readonly #scope: Scope;
  readonly #parent: string | undefined;
  readonly #started: number = Date.now();
  #traceparent: string | undefined;
  #log: Log | undefined;
  #signal: AbortSignal | undefined;
  #abort: (() => void) | undefined;
  #timeout: FaastenError | undefined;
  #due: number;
  #clients: Map<Grant, unknown> | undefined;
  /** While it is not settled. */
  #fail: ((reason: unknown) => void) | undefined;
  /** While its reply's body is on its way. */
  #stop: ((reason: unknown) => void) | undefined;

  constructor(scope: Scope, id: string, parent: string | undefined) {
    this.#scope = scope;
    this.id = id;
    this.#parent = parent;
    this.#due = this.deadline - this.#margin;
  }

  get due(): number {
    return this.#due;
  }

  /** The signal goes first, with half of the margin left for the handler to end by itself; then the run is given up, in time to answer. */
  ring(): void {
    if (this.#timeout) {
      this.#due = Number.POSITIVE_INFINITY;
      this.fail(this.#timeout);
      return;
    }
    const { name } = this.#scope.served;
    this.#timeout = new FaastenError("TIMEOUT", `${name} did not end within ${this.deadline - this.#started} ms`);
    this.#due = Date.now() + this.#margin / 2;
    this.#abort?.();
  }

  get service(): string {
    return this.#scope.app.service;
  }
  get function(): string {
    return this.#scope.served.name;
  }
  get deadline(): number {
    return this.#scope.call.deadline;
  }
  get now(): () => number {
    return this.#scope.now;
  }
  get native(): Call<unknown> {
    return this.#scope.call;
  }
  get traceparent(): string {
    this.#traceparent ??= startSpan(this.#parent);
    return this.#traceparent;
  }
  get log(): Log {
    this.#log ??= createLog(this.#scope.journal, () => this.#own());
    return this.#log;
  }
  get signal(): AbortSignal {
    if (!this.#signal) {
      const controller = new AbortController();
      this.#signal = controller.signal;
      this.#abort = here(() => controller.abort(this.#timeout));
      if (this.#timeout) this.#abort();
    }
    return this.#signal;
  }

  open<Client>(grant: Grant<Client>): Client {
    this.#clients ??= new Map();
    const known = this.#clients.get(grant);
    if (known !== undefined) return known as Client;
    const { definition, name } = this.#scope.served;
    if (!Object.values(definition.uses).includes(grant) && !definition.needs?.includes(grant)) {
      const what = grant.resource === undefined ? grant.component : `${grant.component} (${grant.resource})`;
      throw new FaastenError("NOT_GRANTED", `${name} may not ${grant.right} ${what}: name it in its \`uses\``);
    }
    const client = grant.open(this.#scope.components.get(grant.component), this);
    this.#clients.set(grant, client);
    return client;
  }

  conceal(secret: string): void {
    this.#scope.journal.conceal(secret);
  }

  redact(text: string): string {
    return this.#scope.journal.redact(text);
  }

  fail(reason: unknown): void {
    const fail = this.#fail ?? this.#stop;
    fail?.(reason);
  }

  hold(stop: (reason: unknown) => void): (...failed: readonly unknown[]) => void {
    if (import.meta.without?.requests) return notHere();
    this.#stop = stop;
    return (...failed) => {
      if (this.#stop !== stop) return;
      this.#stop = undefined;
      if (this.#fail) return;
      this.#scope.running.delete(this);
      if (failed.length > 0) this.log.error("failed", { error: failed[0] });
    };
  }

  /** What `work` gives or, if it throws, is failed, or has used up its time, what `failed` makes of that. */
  settle<Settled extends Outcome | readonly Outcome[]>(
    work: () => Promise<Settled>,
    failed: (error: unknown) => Settled,
  ): Promise<Settled> {
    const { running } = this.#scope;
    return new Promise((resolve) => {
      const end = (settled: Settled | Promise<Settled>): void => {
        this.#fail = undefined;
        if (!this.#stop) running.delete(this);
        resolve(settled);
      };
      this.#fail = (error) => {
        this.#stop?.(error);
        end(this.#failed(error, failed));
      };
      running.add(this);
      work().then(end, (error: unknown) => {
        if (this.#fail) this.#fail(error);
        else this.log.warn("failed after it was given up", { error });
      });
    });
  }

  async #failed<Settled extends Outcome | readonly Outcome[]>(
    error: unknown,
    failed: (error: unknown) => Settled,
  ): Promise<Settled> {
    try {
      return this.#told(error, failed(error));
    } catch {
      // A Proxy, say: whoever looks at it fails.
      const told = new FaastenError("INTERNAL", `${this.function} failed with what cannot be looked at`);
      return this.#told(told, failed(told));
    }
  }

  #told<Settled extends Outcome | readonly Outcome[]>(error: unknown, settled: Settled): Settled {
    if (isRefusal(settled)) this.log.info("refused", { error });
    else this.log.error("failed", { error });
    return settled;
  }

  get #margin(): number {
    return Math.min(1000, (this.deadline - this.#started) / 5);
  }

  #own(): Readonly<Record<string, unknown>> {
    return { function: this.function, invocation: this.id, trace: traceIdOf(this.traceparent) };
  }
}

/** The caller's mistake, and no failure of the function. */
function isRefusal(settled: Outcome | readonly Outcome[]): boolean {
  return "kind" in settled && settled.kind === "reply" && settled.response.status < 500;
}
