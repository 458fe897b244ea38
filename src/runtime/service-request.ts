// A service request on its way over HTTP: to one origin, and its redirects are replies.
// https://fetch.spec.whatwg.org/#http-redirect-fetch
import type { ComponentOptions } from "../contracts/component.ts";
import type { ServiceRequest } from "../contracts/service-caller.ts";
import { FaastenError } from "../errors.ts";
import { setting } from "./metadata.ts";

export interface RequestSending {
  /** Whatever the path is, nothing goes anywhere else. */
  readonly base: URL;
  readonly signal: AbortSignal | undefined;
  /** What an error says first. */
  readonly where: string;
}

/**
 * The fixed address of a service that is told who calls: what proves it goes nowhere without TLS, but to this machine.
 * Throws `MISCONFIGURED`, with `example` as how it may look.
 */
export function provedBase(options: ComponentOptions, example: string): URL {
  const given = setting(options, "baseUrl") ?? "";
  const base = URL.canParse(given) ? new URL(given) : undefined;
  if (base && isSafe(base) && !base.username && !base.password && !base.search && !base.hash) return base;
  throw new FaastenError(
    "MISCONFIGURED",
    `service "${options.name}": its baseUrl is an address such as "${example}", with no user, query or fragment: a token goes nowhere without TLS`,
  );
}

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname));
}

export async function sendRequest(request: ServiceRequest, { base, signal, where }: RequestSending): Promise<Response> {
  const { method, path, body } = request;
  const beginning = base.href.replace(/\/$/, "");
  const url = new URL(beginning + path);
  if (!path.startsWith("/") || url.origin !== base.origin || !url.href.startsWith(`${beginning}/`))
    throw new FaastenError("INVALID", `${where}: ${JSON.stringify(path)} is no path below ${beginning}`);
  const headers = new Headers(request.headers);
  // A reply that is handed on keeps its headers, and `fetch` would have decoded its body.
  if (!headers.has("accept-encoding")) headers.set("accept-encoding", "identity");
  const sent = body && (body instanceof Uint8Array ? new Uint8Array(body) : body);
  try {
    return await fetch(url, {
      method,
      headers,
      redirect: "manual",
      ...(sent && { body: sent, duplex: "half" }),
      ...(signal && { signal }),
    });
  } catch (cause) {
    throw failedRequest(cause, signal, where);
  }
}

/** What a call that was given up, or had no reply, rejects with. */
export function failedRequest(cause: unknown, signal: AbortSignal | undefined, where: string): unknown {
  if (cause instanceof FaastenError) return cause;
  if (signal?.aborted) {
    const late = signal.reason instanceof DOMException && signal.reason.name === "TimeoutError";
    return late
      ? new FaastenError("TIMEOUT", `${where}: no reply came in time`, { cause, inner: true })
      : signal.reason;
  }
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const why = inner instanceof Error ? inner.message || inner.name : String(inner);
  return new FaastenError("UNAVAILABLE", `${where}: no reply came (${why})`, { cause, inner: true });
}
