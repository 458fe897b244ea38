// What AWS's events of a web request have in common.
import type { Invocation } from "../contracts/function.ts";
import type { Caller, TriggerSpec } from "../contracts/trigger.ts";
import { bodyOf } from "../runtime/request.ts";
import { accountId, apiId, unknownAddress } from "./placeholders.ts";

/** One request, as its route and the runtime know it. */
export interface Asked {
  readonly request: Request;
  /** As it came, percent-encoded. */
  readonly path: string;
  /** Of the function's route. */
  readonly route: Pick<Extract<TriggerSpec, { kind: "http" }>, "method" | "path" | "rest" | "fallback">;
  readonly params: Readonly<Record<string, string>>;
  readonly caller: Caller | undefined;
  readonly invocation: Invocation;
}

export interface EventBody {
  readonly body: string | undefined;
  readonly isBase64Encoded: boolean;
}

export type Texts = Readonly<Record<string, string>>;
export type Lists = Readonly<Record<string, readonly string[]>>;

/** Without the question mark. */
export function queryOf({ url }: Request): string {
  const [, query = ""] = /\?([^#]*)/.exec(url) ?? [];
  return query;
}

/** In the order of the query; each name once, with all of its values. `undefined`: there are none. */
export function parametersOf(query: string, decode: boolean): ReadonlyMap<string, readonly string[]> | undefined {
  if (query === "") return undefined;
  const found = new Map<string, string[]>();
  for (const [name, value] of decode ? new URLSearchParams(query) : encoded(query)) {
    const before = found.get(name);
    if (before) before.push(value);
    else found.set(name, [value]);
  }
  return found;
}

function encoded(query: string): readonly (readonly [string, string])[] {
  return query
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const at = part.indexOf("=");
      return at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
    });
}

/** Lower-case names, with those that a load balancer or a gateway adds to every request. */
export function headersOf(asked: Asked): Record<string, string> {
  const { request } = asked;
  const { secure, host, port } = originOf(request);
  return Object.fromEntries([
    ["host", host],
    ["x-forwarded-for", unknownAddress],
    ["x-forwarded-port", port ?? (secure ? "443" : "80")],
    ["x-forwarded-proto", secure ? "https" : "http"],
    ...request.headers,
  ]);
}

/** The last address that a proxy saw: whatever stands before it, the client may have written. */
export function addressOf({ request }: Asked): string {
  const last = request.headers.get("x-forwarded-for")?.split(",").at(-1)?.trim() ?? "";
  // Some proxies add the port: 192.0.2.1:50000, [2001:db8::1]:50000.
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|([^:]+)(?::\d+)?)$/.exec(last) ?? [];
  return bracketed ?? plain ?? (last || unknownAddress);
}

/**
 * Text where the media type is one of those that AWS takes for text and the bytes are UTF-8, else base64. `anyText`: whatever
 * its media type, as a REST API without binary media types has it.
 */
export function toEventBody(
  request: Request,
  { anyText }: { readonly anyText: boolean },
): EventBody | Promise<EventBody> {
  const body = bodyOf(request);
  const type = request.headers.get("content-type") ?? "";
  const plain = anyText || (text.test(type) && !request.headers.has("content-encoding"));
  const encode = (found: string | Uint8Array | undefined): EventBody => {
    if (found === undefined || found.length === 0) return { body: undefined, isBase64Encoded: false };
    if (typeof found === "string" && plain) return { body: found, isBase64Encoded: false };
    const bytes = typeof found === "string" ? Buffer.from(found) : viewOf(found);
    const decoded = plain ? utf8(bytes) : undefined;
    return decoded === undefined
      ? { body: bytes.toString("base64"), isBase64Encoded: true }
      : { body: decoded, isBase64Encoded: false };
  };
  return body instanceof Promise ? body.then(encode) : encode(body);
}

/** A form is none of them. */
const text = /^(?:text\/|application\/(?:json|javascript|xml)(?:$|[\s;]))/i;

/** `/orders/:id` → `/orders/{id}`, `/files/*` → `/files/{proxy+}`. */
export function resourceOf({ route: { path, rest = "proxy", fallback } }: Asked): string {
  return fallback ? "$default" : path.replace(/:(\w+)/g, "{$1}").replace(/\*$/, () => `{${rest}+}`);
}

/** `undefined`: the route has none. `decode`: as an HTTP API hands them over; a REST API leaves them as they came. */
export function pathParametersOf(
  { params, path, route }: Asked,
  { decode }: { readonly decode: boolean },
): Texts | undefined {
  const { "*": rest, ...named } = params;
  const found = {
    ...(decode ? named : segmentsOf(route.path, path)),
    ...(rest && !route.fallback && { [route.rest ?? "proxy"]: decode ? decodedPath(rest) : rest }),
  };
  return Object.keys(found).length > 0 ? found : undefined;
}

/** What stands in the path where the route has names. */
function segmentsOf(route: string, path: string): Texts {
  const segments = path.split("/");
  return Object.fromEntries(
    route.split("/").flatMap((name, at) => (name.startsWith(":") ? [[name.slice(1), segments[at] ?? ""]] : [])),
  );
}

export function decodedPath(path: string): string {
  return path.includes("%") ? decodeURIComponent(path) : path;
}

/** As a JWT authorizer hands claims over: texts, a list in brackets. */
export function claimsOf({ claims }: Caller): Texts {
  return Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [
      name,
      Array.isArray(value)
        ? `[${value.join(" ")}]`
        : typeof value === "object" && value !== null
          ? JSON.stringify(value)
          : String(value),
    ]),
  );
}

/** What every `requestContext` of API Gateway says. */
export function gatewayContext({ request, invocation: { id } }: Asked): {
  readonly accountId: string;
  readonly apiId: string;
  readonly domainName: string;
  readonly domainPrefix: string;
  readonly requestId: string;
} {
  const { host } = originOf(request);
  return {
    accountId,
    apiId,
    // With its port, where it has one: handlers make addresses of it.
    domainName: host,
    domainPrefix: host.split(/[.:]/, 1)[0] ?? host,
    requestId: id,
  };
}

/** A request's URL is a normal one, and need not be parsed again. */
function originOf({ url }: Request): {
  readonly secure: boolean;
  readonly host: string;
  readonly port: string | undefined;
} {
  const [, secure, host = "", port] = /^http(s?):\/\/([^/?#]*?(?::(\d+))?)(?:[/?#]|$)/.exec(url) ?? [];
  return { secure: secure === "s", host, port };
}

/** `12/Mar/2020:19:03:58 +0000`. */
export function logTime(now: Date): string {
  const [, day, month, year, time] = /(\d\d) (\w{3}) (\d{4}) ([\d:]+)/.exec(now.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const strict: TextDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}
