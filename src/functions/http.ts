// Functions that answer a web request.
import { idempotency } from "../blocks/idempotency.ts";
import { type Input, type Output, parse, type Schema, SchemaError } from "../blocks/schema.ts";
import type { HttpDefinition, Invocation, Uses } from "../contracts/function.ts";
import type { Caller, Cors, Outcome, RequestArrival } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import { maxBodyBytes } from "../runtime/limits.ts";
import { problem } from "../runtime/problem.ts";
import { bodyOf, isLazy, sizeOf, toNative } from "../runtime/request.ts";
import { compile, type Params as RouteParams } from "../runtime/router.ts";
import { type AccessRule, admit, toAccess } from "./access.ts";
import { type Checked, type Context, contextOf, type WithUses } from "./context.ts";
import { preflight, withCors } from "./cors.ts";
import { answerOnce, contentOf } from "./replay.ts";
import { toSendable } from "./sendable.ts";

/** The parameters of a path: `:name` is one segment, decoded; a last `*` is the rest, as it was sent. */
export type Params<Path extends string> = Path extends `${infer Segment}/${infer Rest}`
  ? Param<Segment> & Params<Rest>
  : Param<Path>;
type Param<Segment extends string> = Segment extends `:${infer Name}`
  ? { readonly [K in Name]: string }
  : Segment extends "*"
    ? { readonly "*": string }
    : unknown;

export interface HttpContext<Path extends string, Body> extends Context {
  readonly params: Params<Path>;
  /** The request's body as the schema gives it back; `undefined` without a schema. */
  readonly body: Body;
  /** Who called, as proved by the token or the platform; never from what a client says of itself. */
  readonly caller: Caller | undefined;
}

export type HttpHandler<Path extends string, U extends Uses, Body> = (
  request: Request,
  context: HttpContext<Path, Body> & WithUses<U>,
) => Response | Promise<Response>;

export interface HttpOptions<U, S extends Schema | undefined> {
  /** The function's identity; left out: the export's name. */
  readonly name?: string;
  readonly uses?: Checked<U>;
  /** Who may call. Left out, it runs locally, and a build for a cloud fails. */
  readonly access?: AccessRule;
  readonly cors?: Cors;
  /** Any Standard Schema. A body that does not fit is refused with 400 and what is wrong with it. */
  readonly body?: S;
  /** The same key gets the same answer again, for a day; `null` runs unguarded. Claims lie in the state component `idempotency`. */
  readonly idempotent?: (request: Request) => string | null;
  /** The reply is sent while it is made; left out: a body that is a stream is read to its end first. */
  readonly stream?: true;
  /** A deployable of its own, and so an origin of its own. */
  readonly isolate?: true;
}

type BodyOf<S> = S extends Schema ? Output<S> : undefined;
/** Without a schema, a handler may take anything. */
type AcceptedBy<S> = S extends Schema ? Input<S> : unknown;

export interface HttpMethod<Method extends string = string> {
  <const Path extends `/${string}`>(
    path: Path,
    handler: HttpHandler<Path, {}, undefined>,
  ): HttpDefinition<Method, Path>;
  <const Path extends `/${string}`, const U extends Uses = {}, S extends Schema | undefined = undefined>(
    path: Path,
    options: HttpOptions<U, S>,
    handler: HttpHandler<Path, U, BodyOf<S>>,
  ): HttpDefinition<Method, Path, AcceptedBy<S>>;
}

export const get: HttpMethod<"GET"> = /* @__PURE__ */ forMethod("GET");
export const head: HttpMethod<"HEAD"> = /* @__PURE__ */ forMethod("HEAD");
export const post: HttpMethod<"POST"> = /* @__PURE__ */ forMethod("POST");
export const put: HttpMethod<"PUT"> = /* @__PURE__ */ forMethod("PUT");
export const patch: HttpMethod<"PATCH"> = /* @__PURE__ */ forMethod("PATCH");
export const del: HttpMethod<"DELETE"> = /* @__PURE__ */ forMethod("DELETE");
export { del as delete };
export const any: HttpMethod<"*"> = /* @__PURE__ */ forMethod("*");

/** Any fetch-style app, as it stands: it is handed the native Request. */
/* @__NO_SIDE_EFFECTS__ */
export function fetch<const Path extends `/${string}`>(
  path: Path,
  options: Omit<HttpOptions<{}, undefined>, "uses" | "body">,
  app: (request: Request) => Response | Promise<Response>,
): HttpDefinition<"*", Path> {
  return define("*", path, options, (request) => app(toNative(request)));
}

const notARequest = "this function takes requests";

type AnyOptions = HttpOptions<Uses, Schema | undefined>;
type AnyHandler = (request: Request, context: Context) => Response | Promise<Response>;

/* @__NO_SIDE_EFFECTS__ */
function forMethod<Method extends string>(method: Method): HttpMethod<Method> {
  return <Path extends string>(path: Path, ...given: readonly unknown[]): HttpDefinition<Method, Path, never> => {
    const [options, handler] = (given.length === 2 ? given : [{}, given[0]]) as [AnyOptions, AnyHandler];
    return define(method, path, options, handler);
  };
}

function define<Method extends string, Path extends string>(
  method: Method,
  path: Path,
  options: AnyOptions,
  handler: AnyHandler,
): HttpDefinition<Method, Path, never> {
  const { name, uses = {}, access, cors, stream, isolate, idempotent } = options;
  const answer = answering(method, path, options, handler);
  const reply = ({ request }: RequestArrival, response: Response): Outcome => ({
    kind: "reply",
    response: cors && !import.meta.without?.cors ? withCors(cors, request, response) : response,
  });
  return {
    faasten: "function",
    ...(name !== undefined && { name }),
    on: {
      kind: "http",
      method,
      path,
      ...(access !== undefined && { access: toAccess(access) }),
      ...(cors && { cors }),
      ...(stream && { stream }),
      ...(isolate && { isolate }),
    },
    uses,
    ...(idempotent && !import.meta.without?.idempotency && { needs: [idempotency] }),
    async settle(arrival, invocation) {
      if (arrival.kind !== "request") return { kind: "dead", reason: notARequest };
      const early = cors && !import.meta.without?.cors && preflight(cors, method, arrival.request);
      return early ? { kind: "reply", response: early } : reply(arrival, await answer(arrival, invocation));
    },
    fail(error, invocation, arrival) {
      if (arrival.kind !== "request") return { kind: "dead", reason: notARequest };
      return reply(arrival, refusal(error, invocation));
    },
  };
}

function answering(
  method: string,
  path: string,
  options: AnyOptions,
  handler: AnyHandler,
): (arrival: RequestArrival, invocation: Invocation) => Promise<Response> {
  const { access, body, idempotent, stream } = options;
  const route = compile(path);
  const Base = contextOf(options.uses ?? {});
  class Handled extends Base {
    readonly params: RouteParams;
    readonly body: unknown;
    readonly caller: Caller | undefined;
    constructor(invocation: Invocation, params: RouteParams, parsed: unknown, caller: Caller | undefined) {
      super(invocation);
      this.params = params;
      this.body = parsed;
      this.caller = caller;
    }
  }

  async function answer(arrival: RequestArrival, params: RouteParams, invocation: Invocation): Promise<Response> {
    const { request } = arrival;
    const caller = await admit(access, arrival);
    checkSize(sizeOf(request));
    const work = async (): Promise<Response> => {
      const parsed = body && (await parse(body, fromJson(await wholeOf(request)), "the body"));
      const response = await handler(request, new Handled(invocation, params, parsed, caller));
      const wrong = whatIsWrong(response);
      if (wrong === undefined) return toSendable(response, invocation, stream);
      throw new FaastenError("INTERNAL", `${invocation.function} gave ${wrong}: return a Response`);
    };
    if (!import.meta.without?.idempotency) {
      const key = idempotent?.(request) ?? null;
      if (key !== null) {
        const content = contentOf(request, arrival.path, await wholeOf(request));
        return await answerOnce({ key: `${caller?.subject ?? ""}\n${key}`, content }, invocation, work);
      }
    }
    return await work();
  }

  return async (arrival, invocation) => {
    const params = route(arrival.path);
    if (!params) return problem({ status: 404, code: "NOT_FOUND", detail: `there is nothing at ${arrival.path}` });
    if (method === "*" || arrival.request.method === method) return await answer(arrival, params, invocation);
    return problem({ status: 405, code: "UNSUPPORTED", detail: `${arrival.path} takes ${method}` }, { allow: method });
  };
}

/** What a caller is told. Of what went wrong inside, only where to find it. */
function refusal(error: unknown, invocation: Invocation): Response {
  const instance = invocation.id;
  if (error instanceof SyntaxError && isLazy(error.cause)) {
    return problem({ status: 400, code: "INVALID", detail: "the body is not JSON", instance });
  }
  if (!(error instanceof FaastenError) || error.status === 500) {
    const detail = "the function failed; its log says why, under this instance";
    return problem({ status: 500, code: "INTERNAL", detail, instance });
  }
  const { code, status } = error;
  const clean = (text: string): string => invocation.redact(text);
  const issues = error instanceof SchemaError && {
    issues: error.issues.map(({ path, message }) => ({ path: clean(path), message: clean(message) })),
  };
  return problem(
    { status, code, detail: clean(error.message), ...issues, instance },
    code === "UNAUTHENTICATED" ? { "www-authenticate": "Bearer" } : {},
  );
}

/** The body, whose size may be known only now. */
async function wholeOf(request: Request): Promise<string | Uint8Array | undefined> {
  const body = await bodyOf(request);
  checkSize(body === undefined ? 0 : Buffer.byteLength(body));
  return body;
}

function checkSize(size: number | undefined): void {
  if (size === undefined || size <= maxBodyBytes) return;
  throw new FaastenError("TOO_LARGE", `the body is larger than ${maxBodyBytes} bytes`);
}

function fromJson(body: string | Uint8Array | undefined): unknown {
  const text = typeof body === "string" ? body : new TextDecoder().decode(body);
  try {
    return JSON.parse(text);
  } catch {
    throw new FaastenError("INVALID", "the body is not JSON");
  }
}

/** `undefined`: nothing, it can be sent. */
function whatIsWrong(value: unknown): string | undefined {
  if (value === undefined) return "nothing";
  if (typeof value !== "object" || value === null) return value === null ? "null" : `a ${typeof value}`;
  if (Object.prototype.toString.call(value) !== "[object Response]") return "an object";
  const { status, bodyUsed } = value as Response;
  if (status === 0) return "Response.error(), which stands for a failed fetch";
  return bodyUsed ? "a Response whose body was read already" : undefined;
}
