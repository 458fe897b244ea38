// The one error class, its closed set of codes, and what a trigger throws to its host.

export type ErrorCode =
  | "INVALID"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "CONFLICT"
  | "TOO_LARGE"
  | "UNAUTHENTICATED"
  | "DENIED"
  | "NOT_GRANTED"
  | "THROTTLED"
  | "TIMEOUT"
  | "UNAVAILABLE"
  | "UNSUPPORTED"
  | "MISCONFIGURED"
  | "INTERNAL";

const statuses: Readonly<Record<ErrorCode, number>> = {
  INVALID: 400,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  CONFLICT: 409,
  TOO_LARGE: 413,
  UNAUTHENTICATED: 401,
  DENIED: 403,
  NOT_GRANTED: 500,
  THROTTLED: 429,
  TIMEOUT: 504,
  UNAVAILABLE: 503,
  UNSUPPORTED: 501,
  MISCONFIGURED: 500,
  INTERNAL: 500,
};
const retryable: readonly ErrorCode[] = ["CONFLICT", "THROTTLED", "TIMEOUT", "UNAVAILABLE", "INTERNAL"];

export interface FaastenErrorOptions extends ErrorOptions {
  /** What a service behind a component said. */
  readonly inner?: true;
}

/**
 * What every part of Faasten throws. The message says what, where (component, operation, function, or file and line) and
 * how to mend it.
 *
 * A write that rejects with `INVALID`, `TOO_LARGE`, `DENIED`, `THROTTLED`, `UNSUPPORTED` or `MISCONFIGURED` has not
 * happened; with any other code it may have.
 */
export class FaastenError extends Error {
  override readonly name: string = "FaastenError";
  readonly code: ErrorCode;
  readonly #inner: boolean;

  constructor(code: ErrorCode, message: string, options?: FaastenErrorOptions) {
    super(message, options);
    this.code = code;
    this.#inner = options?.inner === true;
  }

  /** What a service said to the function: it is for the log, and not for whoever called the function. */
  get inner(): boolean {
    return this.#inner;
  }

  /** The HTTP status that the code stands for. */
  get status(): number {
    return statuses[this.code];
  }

  /** Whether the same call can succeed later. */
  get retryable(): boolean {
    return retryable.includes(this.code);
  }
}

/** Stands where something was left out of a bundle, because no function in it says that it needs it. */
export function notHere(): never {
  throw new FaastenError("MISCONFIGURED", "this was left out of the bundle: no function in it needed it at its build");
}

/** Thrown by a trigger's `encode` where the host knows no other sign than the failure of the whole call. No application sees it. */
export class Redeliver extends Error {
  override readonly name: string = "Redeliver";
}
