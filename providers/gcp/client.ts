// How the services of Google are called: their documented REST APIs, each call within the invocation.
// https://docs.cloud.google.com/apis/design/errors
// https://google.aip.dev/194
import { type CallOptions, type ComponentOptions, type ErrorCode, FaastenError, setting } from "../../src/provider.ts";
import { createTokens, type Tokens } from "./credentials.ts";
import { createTransport, type Received, type Sent } from "./transport.ts";

export interface GoogleCallOptions extends CallOptions {
  /** A lost reply must not be followed by the same call: its own first effect would look like somebody else's. */
  readonly once?: boolean;
}

export interface Client {
  /** JSON in and out: a POST if there is a body. Rejects with a `FaastenError` that names component, operation and attempts; its `cause` is a `GoogleError`. */
  call<Output>(operation: string, path: string, body?: object, options?: GoogleCallOptions): Promise<Output>;
  /** The same, as it is sent and received. */
  send(operation: string, sent: Sent, options?: GoogleCallOptions): Promise<Received>;
  /** Where all of it goes. */
  readonly origin: string;
  close(): void;
}

/** What a service answers instead of what was asked for. */
export class GoogleError extends Error {
  override readonly name: string = "GoogleError";
  /** As HTTP has it. */
  readonly status: number;
  /** As google.rpc.Code has it, where the service says it: `FAILED_PRECONDITION`. */
  readonly code: string | undefined;
  /** Milliseconds to wait, where it says so. */
  readonly retryAfter: number | undefined;

  constructor({ status, headers, body }: Received) {
    const { message, code, reason, delay } = detailsOf(body);
    // What is said of a token may quote it.
    super(status === 401 ? "the token was not taken" : (message ?? `HTTP ${status}`));
    this.status = status;
    this.code = code ?? reason;
    const after = delay ?? Number(headers["retry-after"]);
    this.retryAfter = after > 0 ? after * 1000 : undefined;
  }
}

/** A component's `endpoint` without TLS is an emulator: it is sent no token but the one that all emulators take. */
export function createClient(component: ComponentOptions, service: string, tokens?: Tokens): Client {
  const endpoint = endpointOf(component) ?? `https://${service}`;
  const getToken = tokens ?? (endpoint.startsWith("http:") ? async () => "owner" : createTokens(component));
  const transport = createTransport(endpoint);

  async function send(operation: string, sent: Sent, { signal, once = false }: GoogleCallOptions = {}) {
    const what = `component "${component.name}": ${operation}`;
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      try {
        const token = await getToken({ ...(signal && { signal }), renew: renewed });
        const headers = { "user-agent": "faasten", ...sent.headers, authorization: `Bearer ${token}` };
        const reply = await transport.send({ ...sent, headers }, signal);
        if (reply.status < 400) return reply;
        throw new GoogleError(reply);
      } catch (error) {
        const stale = error instanceof GoogleError && error.status === 401 && !renewed;
        const again = stale || (attempt < maxAttempts && (isUndone(error) || (!once && isPassing(error))));
        if (!again || signal?.aborted) throw toFaastenError(error, what, attempt, signal);
        if (stale) renewed = true;
        else await pause(attempt, error, signal).catch(() => undefined);
      }
    }
  }

  return {
    origin: new URL(endpoint).origin,
    send,
    async call<Output>(operation: string, path: string, body?: object, options?: GoogleCallOptions) {
      const sent: Sent = body
        ? { method: "POST", path, headers: { "content-type": "application/json" }, body: JSON.stringify(body) }
        : { method: "GET", path, headers: {} };
      const { body: reply } = await send(operation, sent, options);
      return JSON.parse(reply.toString() || "{}") as Output;
    },
    close: () => transport.close(),
  };
}

/** `undefined` where the service says by one of these codes that there is none. */
export async function absentIf<T>(asked: Promise<T>, ...codes: readonly string[]): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    const code = error instanceof FaastenError && error.cause instanceof GoogleError ? error.cause.code : undefined;
    if (code !== undefined && codes.includes(code)) return undefined;
    throw error;
  }
}

const maxAttempts = 5;

/** As emulators are told to Google's own libraries: `localhost:8085`. */
function endpointOf(component: ComponentOptions): string | undefined {
  const endpoint = setting(component, "endpoint");
  return endpoint === undefined || /^https?:/.test(endpoint) ? endpoint : `http://${endpoint}`;
}

/** It did not happen, so the same again is safe for any call. */
function isUndone(error: unknown): boolean {
  if (error instanceof GoogleError) return error.status === 429 || error.code === "ABORTED";
  return ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"].includes(systemCodeOf(error) ?? "");
}

/** It may have happened, and may do better next time. */
function isPassing(error: unknown): boolean {
  if (error instanceof GoogleError) return error.status >= 500 && error.status !== 501;
  return systemCodeOf(error) !== undefined;
}

function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" && !(error instanceof FaastenError)
    ? error.code
    : undefined;
}

/** As long as the service says, else longer each time, and never at once with all the others. */
async function pause(attempt: number, error: unknown, signal: AbortSignal | undefined): Promise<void> {
  const { setTimeout } = process.getBuiltinModule("node:timers/promises");
  const asked = error instanceof GoogleError ? error.retryAfter : undefined;
  await setTimeout(asked ?? Math.random() * Math.min(5000, 100 * 2 ** attempt), undefined, {
    ...(signal && { signal }),
  });
}

function toFaastenError(error: unknown, what: string, attempts: number, signal: AbortSignal | undefined): FaastenError {
  if (signal?.aborted)
    return new FaastenError("TIMEOUT", `${what} did not end within the invocation`, { cause: error, inner: true });
  if (error instanceof FaastenError)
    return new FaastenError(error.code, `${what}: ${error.message}`, { cause: error, inner: true });
  const google = error instanceof GoogleError ? error : undefined;
  const name = google ? (google.code ?? google.status) : (systemCodeOf(error) ?? "no answer");
  const code = google ? toCode(google) : systemCodeOf(error) === undefined ? "INTERNAL" : "UNAVAILABLE";
  const tries = attempts > 1 ? ` after ${attempts} attempts` : "";
  const said = google?.status === 401 ? "" : `: ${error instanceof Error ? error.message : String(error)}`;
  return new FaastenError(code, `${what} failed with ${name}${tries}${said}${hints[code] ?? ""}`, {
    cause: error,
    inner: true,
  });
}

const hints: Readonly<Partial<Record<ErrorCode, string>>> = {
  DENIED: "; the function's service account lacks this permission",
  UNAUTHENTICATED: ": the credentials are missing, wrong or expired",
};

function toCode({ code = "", status }: GoogleError): ErrorCode {
  return codes[code] ?? statuses[status] ?? (status >= 500 ? "UNAVAILABLE" : "INVALID");
}

/** https://docs.cloud.google.com/apis/design/errors, and the reasons of https://docs.cloud.google.com/storage/docs/json_api/v1/status-codes */
const codes: Readonly<Record<string, ErrorCode>> = {
  // Of two that met, this one did not happen.
  ABORTED: "THROTTLED",
  ALREADY_EXISTS: "ALREADY_EXISTS",
  CANCELLED: "UNAVAILABLE",
  DATA_LOSS: "INTERNAL",
  DEADLINE_EXCEEDED: "TIMEOUT",
  FAILED_PRECONDITION: "MISCONFIGURED",
  INTERNAL: "INTERNAL",
  NOT_FOUND: "MISCONFIGURED",
  PERMISSION_DENIED: "DENIED",
  RESOURCE_EXHAUSTED: "THROTTLED",
  UNAVAILABLE: "UNAVAILABLE",
  UNIMPLEMENTED: "UNSUPPORTED",
  UNKNOWN: "INTERNAL",
  rateLimitExceeded: "THROTTLED",
  userRateLimitExceeded: "THROTTLED",
};

const statuses: Readonly<Record<number, ErrorCode>> = {
  401: "UNAUTHENTICATED",
  403: "DENIED",
  404: "MISCONFIGURED",
  408: "UNAVAILABLE",
  409: "CONFLICT",
  412: "CONFLICT",
  413: "TOO_LARGE",
  429: "THROTTLED",
  501: "UNSUPPORTED",
  504: "TIMEOUT",
};

interface Details {
  readonly message?: string;
  readonly code?: string;
  /** Storage's own. */
  readonly reason?: string;
  /** Seconds, of google.rpc.RetryInfo. */
  readonly delay?: number;
}

/** `{ error: { code, message, status, details } }`; of a streaming method, in an array. */
function detailsOf(body: Buffer): Details {
  let found: unknown;
  try {
    found = JSON.parse(body.toString());
  } catch {
    return {};
  }
  const { error } = recordOf(Array.isArray(found) ? found[0] : found);
  const { message, status, details, errors } = recordOf(error);
  const info = listOf(details).find((detail) => "retryDelay" in detail);
  const delay = Number.parseFloat(String(info?.["retryDelay"]));
  const [first] = listOf(errors);
  return {
    ...(typeof message === "string" && { message }),
    ...(typeof status === "string" && { code: status }),
    ...(typeof first?.["reason"] === "string" && { reason: first["reason"] }),
    ...(delay > 0 && { delay }),
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}
