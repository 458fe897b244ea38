// How the services of AWS are called: one client a component, made on its first call, each call within the invocation.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
import { type CallOptions, type ComponentOptions, type ErrorCode, FaastenError, setting } from "../../src/provider.ts";

/** What every client of the SDK takes. */
export interface ClientConfig {
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

interface Sender {
  send(command: never, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>;
  destroy(): void;
}

/** Of a command of the SDK, what is used here. */
interface Called {
  readonly middlewareStack: { add(middleware: object, options: object): void };
}
type AnyCommand = new (input: never) => Called;
type InputOf<C> = C extends new (input: infer Input) => unknown ? Input : never;
type OutputOf<C> = C extends new (
  input: never,
) => { resolveMiddleware(...given: never): (args: never) => Promise<{ output: infer Output }> }
  ? Output
  : never;

export interface AwsCallOptions extends CallOptions {
  /** A lost reply must not be followed by the same call: its own first effect would look like somebody else's. */
  readonly once?: boolean;
}

export interface Client<Commands> {
  /** Rejects with a `FaastenError` that names component, operation, attempts and request; its `cause` is the SDK's error. */
  call<O extends keyof Commands>(
    operation: O & string,
    input: InputOf<Commands[O]>,
    options?: AwsCallOptions,
  ): Promise<OutputOf<Commands[O]>>;
  close(): void;
}

/** The commands are handed in, so that no other gets into a bundle. */
export function createClient<const Commands extends Readonly<Record<string, AnyCommand>>>(
  component: ComponentOptions,
  make: (config: ClientConfig) => Sender,
  commands: Commands,
): Client<Commands> {
  let sender: Sender | undefined;
  return {
    async call<O extends keyof Commands>(
      operation: O & string,
      input: InputOf<Commands[O]>,
      { signal, once }: AwsCallOptions = {},
    ) {
      signal?.throwIfAborted();
      // Which command takes and gives what, the signature says; TypeScript cannot follow it through an SDK's overloads.
      const Made = commands[operation] as unknown as new (input: InputOf<Commands[O]>) => Called;
      const command = new Made(input);
      const attempts: Attempts = { made: 0, failure: undefined };
      command.middlewareStack.add(attempting(attempts, once === true), { step: "finalizeRequest", priority: "low" });
      try {
        sender ??= make(configOf(component));
        const sent = sender.send(command as never, signal && { abortSignal: signal });
        return (await sent) as OutputOf<Commands[O]>;
      } catch (error) {
        throw toFaastenError(unwrapped(error), whatOf(component, operation), attempts, signal);
      }
    },
    close: () => sender?.destroy(),
  };
}

/** The client of a service that no function of the bundle calls. */
export const nobody = {
  call(): never {
    throw new FaastenError("INTERNAL", "no function of this bundle was granted this");
  },
  close(): void {},
};

/** What the SDK does beside a call, such as signing an address or reading what follows a reply: it fails as a call does. */
export async function alike<T>(
  component: ComponentOptions,
  operation: string,
  work: Promise<T>,
  { signal }: CallOptions,
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toFaastenError(error, whatOf(component, operation), { made: 0, failure: undefined }, signal);
  }
}

function whatOf(component: ComponentOptions, operation: string): string {
  return `component "${component.name}": ${operation}`;
}

/** `undefined` where the service says by one of these errors that there is none. */
export async function absentIf<T>(asked: Promise<T>, ...names: readonly string[]): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof FaastenError && error.cause instanceof Error && names.includes(error.cause.name))
      return undefined;
    throw error;
  }
}

export function configOf(component: ComponentOptions): ClientConfig {
  const read = (...names: readonly string[]): string | undefined =>
    names.map((name) => setting(component, name)).find((value) => value !== undefined);
  const [region, endpoint, sessionToken] = [read("region", "awsRegion"), read("endpoint"), read("sessionToken")];
  const [accessKeyId, secretAccessKey] = [read("accessKey"), read("secretKey")];
  return {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && {
        credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
      }),
  };
}

/** What the SDK did, told also where it was stopped between two attempts. */
interface Attempts {
  made: number;
  /** The last one's that failed by itself. */
  failure: unknown;
}

/** Inside the SDK's retries. `once`: what was throttled or refused did not happen, and anything else is told as it is, once. */
const attempting =
  (attempts: Attempts, once: boolean) => (next: (args: object) => Promise<object>) => async (args: object) => {
    attempts.made++;
    try {
      return await next(args);
    } catch (error) {
      if (nameOf(error) !== "AbortError") attempts.failure = error;
      if (!once || codes[nameOf(error)] === "THROTTLED" || faultOf(error) === "client") throw error;
      throw new Uncertain(error);
    }
  };

/** No error that the SDK would try again: it looks into causes too. */
class Uncertain extends Error {
  readonly error: unknown;
  constructor(error: unknown) {
    super("the outcome is not known");
    this.error = error;
  }
}

function unwrapped(error: unknown): unknown {
  return error instanceof Uncertain ? error.error : error;
}

function toFaastenError(
  error: unknown,
  what: string,
  { made, failure }: Attempts,
  signal: AbortSignal | undefined,
): FaastenError {
  const tries = made === 0 ? "" : ` after ${made} attempt${made === 1 ? "" : "s"}`;
  if (signal?.aborted) {
    const last = failure === undefined ? "" : `: the last failed with ${nameOf(failure)}`;
    const message = `${what} did not end within the invocation${tries}${requestOf(failure)}${last}`;
    return new FaastenError("TIMEOUT", message, { cause: error, inner: true });
  }
  const name = nameOf(error);
  const code = codes[name] ?? (faultOf(error) === "client" ? "INVALID" : unnamed(error, name));
  // What AWS says of a signature quotes the request's headers, and a session's token is one of them.
  const said = code === "UNAUTHENTICATED" ? "" : `: ${error instanceof Error ? error.message : String(error)}`;
  const message = `${what} failed with ${name}${tries}${requestOf(error)}${said}${hints[code] ?? ""}`;
  return new FaastenError(code, message, { cause: error, inner: true });
}

/** By which AWS finds it in its own logs. */
function requestOf(error: unknown): string {
  const id = (error as { readonly $metadata?: { readonly requestId?: string } } | undefined)?.$metadata?.requestId;
  return id === undefined ? "" : ` (request ${id})`;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

function faultOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "$fault" in error ? error.$fault : undefined;
}

/** No answer of the service: the network, or a reply that makes no sense. */
function unnamed(error: unknown, name: string): ErrorCode {
  const server = faultOf(error) === "server" || (error instanceof Error && "code" in error) || name === "TimeoutError";
  return server ? "UNAVAILABLE" : "INTERNAL";
}

const hints: Readonly<Partial<Record<ErrorCode, string>>> = {
  DENIED: "; the function's role lacks this permission",
  UNAUTHENTICATED: ": the credentials are missing, wrong or expired",
};

/** https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and each service's own. */
const codes: Readonly<Record<string, ErrorCode>> = {
  AccessDeniedException: "DENIED",
  AccessDenied: "DENIED",
  AuthorizationErrorException: "DENIED",
  KMSAccessDeniedException: "DENIED",
  CredentialsProviderError: "UNAUTHENTICATED",
  ExpiredToken: "UNAUTHENTICATED",
  ExpiredTokenException: "UNAUTHENTICATED",
  IncompleteSignature: "UNAUTHENTICATED",
  InvalidAccessKeyId: "UNAUTHENTICATED",
  InvalidClientTokenId: "UNAUTHENTICATED",
  InvalidSignatureException: "UNAUTHENTICATED",
  MissingAuthenticationTokenException: "UNAUTHENTICATED",
  RequestExpired: "UNAUTHENTICATED",
  RequestTimeTooSkewed: "UNAUTHENTICATED",
  SignatureDoesNotMatch: "UNAUTHENTICATED",
  UnrecognizedClientException: "UNAUTHENTICATED",
  KMSThrottlingException: "THROTTLED",
  ProvisionedThroughputExceededException: "THROTTLED",
  RequestLimitExceeded: "THROTTLED",
  RequestThrottled: "THROTTLED",
  SlowDown: "THROTTLED",
  Throttling: "THROTTLED",
  ThrottledException: "THROTTLED",
  ThrottlingException: "THROTTLED",
  TooManyRequestsException: "THROTTLED",
  ItemCollectionSizeLimitExceededException: "TOO_LARGE",
  BatchRequestTooLong: "TOO_LARGE",
  EntityTooLarge: "TOO_LARGE",
  ConditionalRequestConflict: "CONFLICT",
  PreconditionFailed: "CONFLICT",
  AuthorizationHeaderMalformed: "MISCONFIGURED",
  NoSuchBucket: "MISCONFIGURED",
  NotFoundException: "MISCONFIGURED",
  PermanentRedirect: "MISCONFIGURED",
  QueueDoesNotExist: "MISCONFIGURED",
  ResourceNotFoundException: "MISCONFIGURED",
};
