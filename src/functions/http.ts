// Functions that answer a web request.
import { idempotency } from "../blocks/idempotency.ts";
import { type Input, type Output, parse, type Schema } from "../blocks/schema.ts";
import type { Definition, HttpDefinition, Uses } from "../contracts/function.ts";
import type { Caller, Cors } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import { toNative } from "../runtime/request.ts";
import type { Params as RouteParams } from "../runtime/router.ts";
import type { AccessRule } from "./access.ts";
import { type Admitted, answeredBy, type HttpTrigger, wholeOf } from "./answered.ts";
import { type Checked, type Context, contextOf, type WithUses } from "./context.ts";
import { given } from "./given.ts";

export type { HttpTrigger } from "./answered.ts";

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

export type HttpTriggerOptions = Pick<HttpOptions<{}, undefined>, "access" | "cors" | "stream" | "isolate">;

export interface HttpMethod<Method extends string = string> {
  (path: `/${string}`, options?: HttpTriggerOptions): HttpTrigger;
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
  return define("*", path, options, (request) => app(toNative(request))) as HttpDefinition<"*", Path>;
}

type AnyOptions = HttpOptions<Uses, Schema | undefined>;
type AnyHandler = (request: Request, context: Context) => Response | Promise<Response>;

/* @__NO_SIDE_EFFECTS__ */
function forMethod<Method extends string>(method: Method): HttpMethod<Method> {
  function declare(path: string, ...all: readonly unknown[]): Definition | HttpTrigger {
    const [first = {}] = all;
    if (!import.meta.without?.bridge && all.length < 2 && typeof first === "object")
      return { kind: "http", method, path, ...triggerOptions(first as HttpTriggerOptions) };
    const [options, handler] = given<AnyOptions, AnyHandler>(all, path);
    return define(method, path, options, handler);
  }
  return declare as HttpMethod<Method>;
}

function define(method: string, path: string, options: AnyOptions, handler: AnyHandler): Definition {
  const { name, uses = {}, body, idempotent } = options;
  const Base = contextOf(uses);
  class Handled extends Base {
    readonly params: RouteParams;
    readonly body: unknown;
    readonly caller: Caller | undefined;
    constructor({ invocation, params, caller }: Admitted, parsed: unknown) {
      super(invocation);
      this.params = params;
      this.body = parsed;
      this.caller = caller;
    }
  }
  const work = (admitted: Admitted): Response | Promise<Response> => {
    const { request } = admitted.arrival;
    if (!body) return handler(request, new Handled(admitted, undefined));
    return parsed(body, request).then((value) => handler(request, new Handled(admitted, value)));
  };
  return {
    faasten: "function",
    ...(name !== undefined && { name }),
    uses,
    ...(idempotent && !import.meta.without?.idempotency && { needs: [idempotency] }),
    ...answeredBy({ kind: "http", method, path, ...triggerOptions(options) }, work, idempotent),
  };
}

/** Of the options, what the trigger says. */
function triggerOptions({ access, cors, stream, isolate }: HttpTriggerOptions): HttpTriggerOptions {
  return {
    ...(access !== undefined && { access }),
    ...(cors && { cors }),
    ...(stream && { stream }),
    ...(isolate && { isolate }),
  };
}

async function parsed(schema: Schema, request: Request): Promise<unknown> {
  return parse(schema, fromJson(await wholeOf(request)), "the body");
}

function fromJson(body: string | Uint8Array | undefined): unknown {
  const text = typeof body === "string" ? body : new TextDecoder().decode(body);
  try {
    return JSON.parse(text);
  } catch {
    throw new FaastenError("INVALID", "the body is not JSON");
  }
}
