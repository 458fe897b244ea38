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

/** Each code's HTTP status, and whether the same call can succeed later. */
const codes: Readonly<Record<ErrorCode, { readonly status: number; readonly retryable: boolean }>> = {
  INVALID: { status: 400, retryable: false },
  NOT_FOUND: { status: 404, retryable: false },
  ALREADY_EXISTS: { status: 409, retryable: false },
  CONFLICT: { status: 409, retryable: true },
  TOO_LARGE: { status: 413, retryable: false },
  UNAUTHENTICATED: { status: 401, retryable: false },
  DENIED: { status: 403, retryable: false },
  NOT_GRANTED: { status: 500, retryable: false },
  THROTTLED: { status: 429, retryable: true },
  TIMEOUT: { status: 504, retryable: true },
  UNAVAILABLE: { status: 503, retryable: true },
  UNSUPPORTED: { status: 501, retryable: false },
  MISCONFIGURED: { status: 500, retryable: false },
  INTERNAL: { status: 500, retryable: true },
};

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

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The HTTP status that the code stands for. */
  get status(): number {
    return codes[this.code].status;
  }

  /** Whether the same call can succeed later. */
  get retryable(): boolean {
    return codes[this.code].retryable;
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
