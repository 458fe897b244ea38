// Another app's HTTP functions, called as `fetch` calls an address: by its name, as this app, within this run's time.
import type { Grant, HttpDefinition, Invocation } from "../contracts/function.ts";
import type { ServiceCaller } from "../contracts/service-caller.ts";
import { FaastenError } from "../errors.ts";
import { toValue } from "./value.ts";

export interface Service<App = unknown> {
  /**
   * Asks the service, with the trace and until the deadline of this run. Any status is a reply, and a redirect is one too: it
   * is not followed. Who calls is told by the platform's own proof: a header `authorization` or `host`, and what proxies say
   * of a client (`forwarded`, `x-forwarded-*`), is never passed on. Throws `INVALID` for what is no path of the service,
   * `UNAVAILABLE` where no reply came, `TIMEOUT` at the deadline.
   */
  readonly fetch: [Routes<App>] extends [never] ? PlainFetch : TypedFetch<Routes<App>>;
}

export type PlainFetch = (
  path: `/${string}`,
  init?: ServiceInit & Sent<unknown> & { readonly method?: string; readonly params?: Readonly<Record<string, Param>> },
) => Promise<Response>;

/** By a function's own path, with the parameters beside it; or with them in it. */
export interface TypedFetch<R extends Route> {
  <const Path extends R["path"]>(
    path: Path,
    ...init: Optional<InitOf<Extract<R, { readonly path: Path }>>>
  ): Promise<Response>;
  <const Path extends Filled<R["path"]>>(
    path: Path extends `${string}/:${string}` | `${string}/*` ? never : Path,
    ...init: Optional<MethodOf<Matching<R, Path>>>
  ): Promise<Response>;
}

export interface ServiceInit {
  readonly headers?: HeadersInit;
  /** Gives up earlier than the deadline does. */
  readonly signal?: AbortSignal;
}

export interface ServiceChoice {
  /** The component that knows the service's address; the one of its name if left out. */
  readonly component?: string;
}

/** Another app by its name: that of its `serverless.yml`. `App`: the type of its functions' module, whose paths, methods and bodies are checked then. */
/* @__NO_SIDE_EFFECTS__ */
export function service<App = unknown>(name: string, { component = name }: ServiceChoice = {}): Grant<Service<App>> {
  return {
    block: "invocation",
    component,
    right: "call",
    resource: name,
    open: (open, invocation) => {
      const calling = { name, invocation, caller: open as () => ServiceCaller | Promise<ServiceCaller> };
      const fetch: PlainFetch = (path, init) => call(calling, path, init);
      return { fetch: fetch as Service<App>["fetch"] };
    },
  };
}

interface Route {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

type Routes<App> = { readonly [Name in keyof App]: RouteOf<App[Name]> }[keyof App];
type RouteOf<F> =
  F extends HttpDefinition<infer Method, infer Path, infer Body>
    ? { readonly method: Method; readonly path: Path; readonly body: Body }
    : never;

type Param = string | number;
type Sent<Json> = { readonly json?: Json; readonly body?: never } | { readonly body?: BodyInit; readonly json?: never };
type MethodOf<R extends Route> = R extends Route
  ? ServiceInit &
      (R["method"] extends "GET" | "HEAD" ? { readonly json?: never; readonly body?: never } : Sent<R["body"]>) &
      (R["method"] extends "GET" | "*" ? { readonly method?: Named<R["method"]> } : { readonly method: R["method"] })
  : never;
type InitOf<R extends Route> = R extends Route ? MethodOf<R> & WithParams<Names<R["path"]>> : never;
type WithParams<Name extends string> = [Name] extends [never]
  ? {}
  : { readonly params: { readonly [N in Name]: Param } };
type Optional<Init> = {} extends Init ? [init?: Init] : [init: Init];
type Named<Method> = Method extends "*" ? string : Method;

type Names<Path extends string> = Path extends `${infer Segment}/${infer Rest}`
  ? NameIn<Segment> | Names<Rest>
  : NameIn<Path>;
type NameIn<Segment extends string> = Segment extends `:${infer Name}` ? Name : Segment extends "*" ? "*" : never;

type Matching<R extends Route, Path extends string> = R extends Route
  ? Path extends Filled<R["path"]>
    ? R
    : never
  : never;
type Filled<Path extends string> = Path extends string ? FilledPath<Path> | `${FilledPath<Path>}?${string}` : never;
type FilledPath<Path extends string> = Path extends `${infer Segment}/${infer Rest}`
  ? `${FilledIn<Segment>}/${FilledPath<Rest>}`
  : FilledIn<Path>;
type FilledIn<Segment extends string> = Segment extends `:${string}` | "*" ? string : Segment;

interface Calling {
  readonly name: string;
  readonly invocation: Invocation;
  caller(): ServiceCaller | Promise<ServiceCaller>;
}

async function call(
  { name, invocation, caller }: Calling,
  path: string,
  init: NonNullable<Parameters<PlainFetch>[1]> = {},
): Promise<Response> {
  const { params, json, signal: own, ...rest } = init;
  const where = `service ${name}`;
  const target = checked(params ? filled(path, params, where) : path, where);
  const signal = own ? AbortSignal.any([invocation.signal, own]) : invocation.signal;
  const request = requestOf({ ...rest, ...(json !== undefined && { body: toJson(json, where) }) }, where);
  const headers = passedOn(request.headers);
  if (json !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
  headers.set("traceparent", invocation.traceparent);
  const body =
    rest.body instanceof ReadableStream ? request.body : request.body && new Uint8Array(await request.arrayBuffer());
  const service = await caller();
  return service.call({ method: request.method, path: target, headers, ...(body && { body }) }, { signal });
}

/** As bytes: for text the request would have a type of its own. */
function toJson(given: unknown, where: string): Uint8Array<ArrayBuffer> {
  const value = toValue(given, `${where}: \`json\``);
  if ("json" in value) return new TextEncoder().encode(value.json);
  throw new FaastenError("INVALID", `${where}: \`json\` is bytes: send them as \`body\``);
}

/** As the web has it: which methods and headers there are, and which type a body has. */
function requestOf(init: RequestInit, where: string): Request {
  try {
    return new globalThis.Request("http://service/", { ...init, duplex: "half" } as RequestInit);
  } catch (cause) {
    throw new FaastenError("INVALID", `${where}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** What is about one client, one connection or one length is not passed on, wherever it came from. */
function passedOn(given: Headers): Headers {
  const headers = new Headers(given);
  for (const name of [...headers.keys()]) if (own.test(name)) headers.delete(name);
  return headers;
}
const own =
  /^(?:authorization|proxy-.*|host|forwarded|x-forwarded-.*|x-real-ip|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-length|traceparent)$/;

/** As in the routes of a function: `:name` is one segment, written as text; `*` is the rest, as it is sent. */
function filled(path: string, params: Readonly<Record<string, Param>>, where: string): string {
  const [plain = "", ...query] = path.split("?");
  const segments = plain.split("/").map((segment) => {
    const name = segment === "*" ? segment : segment.startsWith(":") ? segment.slice(1) : undefined;
    if (name === undefined) return segment;
    const value = Object.hasOwn(params, name) ? `${params[name]}`.toWellFormed() : undefined;
    if (value === undefined || (value === "" && name !== "*"))
      throw new FaastenError("INVALID", `${where}: ${path} lacks its parameter ${name}`);
    return name === "*" ? value.replaceAll("?", "%3F") : encodeURIComponent(value);
  });
  return [segments.join("/"), ...query].join("?");
}

/** A path at the service, and by no reading an address elsewhere, nor a way out of where it points. */
function checked(path: string, where: string): string {
  const refuse = (why: string): never => {
    throw new FaastenError("INVALID", `${where}: ${JSON.stringify(path.slice(0, 200))} ${why}`);
  };
  if (!path.startsWith("/") || /^\/[/\\]/.test(path))
    refuse('is no path of it: begin with one "/"; nothing is sent to another address');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\\#\u0000-\u0020\u007f]/.test(path)) refuse('holds white space, "\\" or "#": write them percent-encoded');
  const segments = path.replace(/\?.*$/s, "").split("/");
  if (segments.some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)))
    refuse('holds a segment "." or "..": write the path that it stands for');
  return path;
}
