// The runs that have not ended, under one timer: a timer for each would cost every call a microsecond.

export interface Timed {
  /** In Unix milliseconds; `Infinity`: never. */
  readonly due: number;
  /** Called once it is due, and makes it due later or never. */
  ring(): void;
}

/** Keeps the process alive while it has any. */
export class Running<Run extends Timed> extends Set<Run> {
  #timer: NodeJS.Timeout | undefined;
  #next: number = Number.POSITIVE_INFINITY;

  override add(run: Run): this {
    super.add(run);
    if (run.due < this.#next) this.#set(run.due);
    else this.#timer?.ref();
    return this;
  }

  /** The timer stays as it is: most runs end long before it rings, and the next one needs it later. */
  override delete(run: Run): boolean {
    const known = super.delete(run);
    if (this.size === 0) this.#timer?.unref();
    return known;
  }

  #set(due: number): void {
    clearTimeout(this.#timer);
    const left = due - Date.now();
    const fits = left <= longestTimer;
    this.#next = fits ? due : Number.POSITIVE_INFINITY;
    this.#timer = fits ? setTimeout(this.#look, Math.max(0, left)) : undefined;
  }

  readonly #look: () => void = here(() => {
    const now = Date.now();
    for (const run of this) if (run.due <= now) run.ring();
    this.#set(Math.min(...[...this].map(({ due }) => due)));
  });
}

/** In the async context that is current now, and not in that of the run which happened to set the timer. */
export function here(work: () => void): () => void {
  return process.getBuiltinModule("node:async_hooks").AsyncLocalStorage.bind(work);
}

/** One of more than 24.8 days would ring at once. */
export const longestTimer: number = 2 ** 31 - 1;
