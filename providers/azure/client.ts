// How the services of Azure are called: one client a component, made on its first call, each call within the invocation.
// https://learn.microsoft.com/rest/api/azure/
import {
  type CallOptions,
  type ComponentOptions,
  type ErrorCode,
  FaastenError,
  once,
  setting,
} from "../../src/provider.ts";
import type { Cloud, Credential } from "./credential.ts";

/** What every call of an SDK takes beside its input. */
export interface SdkOptions {
  readonly abortSignal?: AbortSignal;
}

export interface Client<Sdk> {
  /** Rejects with a `FaastenError` that names component, operation and request; its `cause` is the SDK's error. */
  call<T>(operation: string, send: (sdk: Sdk, options: SdkOptions) => Promise<T>, options?: CallOptions): Promise<T>;
  close(): Promise<void>;
}

/** `make` is told how to come by a credential, which not every component needs. */
export function createClient<Sdk>(
  component: ComponentOptions,
  make: (credential: () => Promise<Credential>) => Sdk | Promise<Sdk>,
  end?: (sdk: Sdk) => unknown,
): Client<Sdk> {
  let made: Sdk | undefined;
  const sdk = once(async () => {
    made = await make(() => credentialOf(component));
    return made;
  });
  return {
    async call(operation, send, { signal } = {}) {
      signal?.throwIfAborted();
      try {
        const sent = (async () => send(await sdk(), signal ? { abortSignal: signal } : {}))();
        return await (signal ? within(signal, sent) : sent);
      } catch (error) {
        throw toFaastenError(lastOf(error), `component "${component.name}": ${operation}`, signal);
      }
    },
    async close() {
      if (made !== undefined) await end?.(made);
    },
  };
}

/**
 * By Dapr's metadata; without any, the identity that the app setting `AZURE_CLIENT_ID` names, or the app's only one.
 * https://docs.dapr.io/developing-applications/integrations/azure/azure-authentication/authenticating-azure/
 */
async function credentialOf(component: ComponentOptions): Promise<Credential> {
  const { clientSecret, managedIdentity } = await import("./credential.ts");
  const [tenant, client, secret] = ["azureTenantId", "azureClientId", "azureClientSecret"].map((field) =>
    setting(component, field),
  );
  if (secret === undefined) return managedIdentity(client ?? process.env["AZURE_CLIENT_ID"]);
  const cloud = (setting(component, "azureEnvironment") ?? "AzurePublicCloud").toLowerCase();
  if (tenant !== undefined && client !== undefined && isCloud(cloud))
    return clientSecret(tenant, client, secret, cloud);
  throw new FaastenError(
    "MISCONFIGURED",
    `component "${component.name}": azureClientSecret needs azureTenantId and azureClientId beside it, and of azureEnvironment one of ${clouds.join(", ")}`,
  );
}

const clouds: readonly Cloud[] = ["azurepubliccloud", "azurechinacloud", "azureusgovernmentcloud"];

function isCloud(name: string): name is Cloud {
  return clouds.some((cloud) => cloud === name);
}

/** The SDKs' own pauses between attempts do not end with the signal. */
async function within<T>(signal: AbortSignal, sent: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([sent, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The status by which a service refused a call; `undefined`: this is no such refusal. */
export function refusalOf(error: unknown): number | undefined {
  return statusOf(error instanceof FaastenError ? error.cause : error);
}

/** `undefined` where the service says by this status that there is none. */
export async function absentIf<T>(asked: Promise<T>, status: number): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (refusalOf(error) === status) return undefined;
    throw error;
  }
}

/** Of the HTTP clients and of Cosmos DB, which has the status as its code. */
interface Refusal {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly activityId?: unknown;
  readonly response?: { readonly headers?: { get?(name: string): string | undefined } };
}

function statusOf(error: unknown): number | undefined {
  const { code, statusCode } = (error ?? {}) as Refusal;
  return [statusCode, code].find((each): each is number => typeof each === "number" && each >= 400 && each < 600);
}

/** Of several attempts. */
function lastOf(error: unknown): unknown {
  return error instanceof AggregateError ? error.errors.at(-1) : error;
}

function toFaastenError(error: unknown, what: string, signal: AbortSignal | undefined): FaastenError {
  if (signal?.aborted)
    return new FaastenError("TIMEOUT", `${what} did not end within the invocation`, { cause: error, inner: true });
  if (error instanceof FaastenError) return error;
  const { name, code: named, activityId, response } = (error ?? {}) as Refusal;
  const status = statusOf(error);
  const code = codes[String(named)] ?? codes[String(name)] ?? (status ? byStatus(status) : unnamed(named));
  const as =
    status === undefined || typeof named === "string" ? [status ?? "", named ?? name].join(" ").trim() : status;
  const id = activityId ?? response?.headers?.get?.("x-ms-request-id");
  const request = typeof id === "string" ? ` (request ${id})` : "";
  // What Azure says of a signature quotes what was signed.
  const said = code === "UNAUTHENTICATED" ? "" : `: ${firstLine(error)}`;
  return new FaastenError(code, `${what} failed with ${as}${request}${said}${hints[code] ?? ""}`, {
    cause: error,
    inner: true,
  });
}

/** The rest is times and activities, which the SDKs' messages repeat. */
function firstLine(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line;
}

/** No answer of the service: the network. */
function unnamed(code: unknown): ErrorCode {
  return code === undefined ? "INTERNAL" : "UNAVAILABLE";
}

function byStatus(status: number): ErrorCode {
  if (status >= 500 || status === 408) return "UNAVAILABLE";
  return statuses[status] ?? "INVALID";
}

const hints: Readonly<Partial<Record<ErrorCode, string>>> = {
  DENIED: "; the app's identity lacks the role for this",
  UNAUTHENTICATED: ": the credentials are missing, wrong or expired",
};

const statuses: Readonly<Record<number, ErrorCode>> = {
  401: "UNAUTHENTICATED",
  403: "DENIED",
  404: "MISCONFIGURED",
  409: "CONFLICT",
  412: "CONFLICT",
  413: "TOO_LARGE",
  429: "THROTTLED",
  // Cosmos DB: a write met another one, and did not happen.
  449: "THROTTLED",
};

/** Names and codes that say more than a status, or come without one. https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-exceptions-latest */
const codes: Readonly<Record<string, ErrorCode>> = {
  AuthenticationError: "UNAUTHENTICATED",
  AuthenticationFailed: "UNAUTHENTICATED",
  AuthenticationRequiredError: "UNAUTHENTICATED",
  CredentialUnavailableError: "UNAUTHENTICATED",
  InvalidAuthenticationInfo: "UNAUTHENTICATED",
  UnauthorizedAccess: "DENIED",
  MessageLockLost: "CONFLICT",
  SessionLockLost: "CONFLICT",
  MessageSizeExceeded: "TOO_LARGE",
  RequestBodyTooLarge: "TOO_LARGE",
  MessagingEntityDisabled: "MISCONFIGURED",
  MessagingEntityNotFound: "MISCONFIGURED",
  QuotaExceeded: "THROTTLED",
  ServiceBusy: "THROTTLED",
};
