// An HTTP service at a fixed address. What is asked stays below that address, and a redirect is a reply, not an order.
// https://docs.dapr.io/reference/components-reference/supported-bindings/http/
import {
  type Binding,
  type BindingData,
  type CallOptions,
  type Create,
  checkKey,
  duration,
  type ErrorCode,
  FaastenError,
  flag,
  type NativeReply,
  setting,
  type Value,
} from "../../../src/provider.ts";

type Service = Binding & Required<Pick<Binding, "create" | "get" | "delete" | "invoke">>;

interface Sent {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly data?: Value;
}

interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

const methods = ["get", "head", "post", "put", "patch", "delete", "options"];

export const create: Create<Service> = (options) => {
  const where = `binding "${options.name}"`;
  const base = baseOf(setting(options, "url") ?? "", where);
  const patience = duration(options, "responseTimeout", 0);
  const largest = bytesOf(setting(options, "maxResponseBodySize") ?? "100Mi", where);
  const strict = setting(options, "errorIfNot2XX") === undefined || flag(options, "errorIfNot2XX");
  const token = setting(options, "securityToken");
  const tokenHeader = setting(options, "securityTokenHeader");
  if ((token === undefined) !== (tokenHeader === undefined))
    throw misconfigured(where, "securityToken and securityTokenHeader go together: write both, or neither");

  /** Any status. Throws where no whole answer came. */
  async function send({ method, url, headers = {}, data }: Sent, { signal }: CallOptions): Promise<Answer> {
    signal?.throwIfAborted();
    const all = new Headers(headers);
    if (data && !all.has("content-type")) all.set("content-type", typeOf(data));
    if (token !== undefined && tokenHeader !== undefined) all.set(tokenHeader, token);
    const signals = [...(signal ? [signal] : []), ...(patience > 0 ? [AbortSignal.timeout(patience)] : [])];
    try {
      const response = await fetch(url, {
        method,
        headers: all,
        redirect: "manual",
        signal: AbortSignal.any(signals),
        ...(data && { body: "json" in data ? data.json : new Uint8Array(data.bytes) }),
      });
      const { status, statusText } = response;
      return { status, statusText, headers: response.headers, bytes: await read(response, largest, where) };
    } catch (error) {
      if (signal?.aborted || error instanceof FaastenError) throw error;
      if (signals.some(({ aborted }) => aborted))
        throw new FaastenError("TIMEOUT", `${where}: ${url.origin} did not answer within its responseTimeout`, {
          cause: error,
        });
      const { cause } = error instanceof Error ? error : {};
      const why = cause instanceof Error ? cause.message : String(error);
      throw new FaastenError("UNAVAILABLE", `${where}: ${url.origin} gave no answer (${why})`, { cause: error });
    }
  }

  function check({ method, url }: Sent, { status, statusText }: Answer): void {
    if (status >= 200 && status < 300) return;
    const code = codes[status] ?? (status >= 500 ? "UNAVAILABLE" : status >= 400 ? "INVALID" : "INTERNAL");
    throw new FaastenError(code, `${where}: ${url.origin} answered ${method} with ${status} ${statusText}`.trimEnd());
  }

  async function ask(sent: Sent, options: CallOptions): Promise<Answer> {
    const answer = await send(sent, options);
    check(sent, answer);
    return answer;
  }

  return {
    async create(data, { key, ...options } = {}) {
      const url = key === undefined ? base : atKey(base, key, where);
      await ask({ method: "POST", url, headers: headersOf(data), data: data.value }, options);
      return key === undefined ? {} : { key };
    },

    async get(key, options = {}) {
      const sent = { method: "GET", url: atKey(base, key, where) };
      const answer = await send(sent, options);
      if (answer.status === 404) return undefined;
      check(sent, answer);
      const contentType = answer.headers.get("content-type");
      return { key, value: { bytes: answer.bytes }, ...(contentType !== null && { contentType }) };
    },

    async delete(key, options = {}) {
      const sent = { method: "DELETE", url: atKey(base, key, where) };
      const answer = await send(sent, options);
      if (answer.status === 404) return false;
      check(sent, answer);
      return true;
    },

    async invoke({ operation, data, metadata = {} }, options = {}) {
      const method = operation === "create" ? "post" : operation;
      if (!methods.includes(method)) {
        const known = ["create", ...methods].join(", ");
        throw new FaastenError("UNSUPPORTED", `${where}: there is no operation ${operation}: ${known} are there`);
      }
      const { path, errorIfNot2XX, ...rest } = metadata;
      // As in Dapr: what begins with a capital is a header.
      const headers = Object.fromEntries(Object.entries(rest).filter(([name]) => /^[A-Z]/.test(name)));
      const bare = method === "get" || method === "head";
      const url = path === undefined ? base : atPath(base, path, where);
      const sent = { method: method.toUpperCase(), url, headers, ...(data && !bare && { data }) };
      const answer = await send(sent, options);
      if (strict && errorIfNot2XX !== "false") check(sent, answer);
      return replyOf(answer);
    },
  };
};

/** Codes by which nothing has happened stand only for statuses that say so. */
const codes: Readonly<Record<number, ErrorCode>> = {
  401: "UNAUTHENTICATED",
  403: "DENIED",
  404: "NOT_FOUND",
  408: "TIMEOUT",
  409: "CONFLICT",
  413: "TOO_LARGE",
  429: "THROTTLED",
  501: "UNSUPPORTED",
  504: "TIMEOUT",
};

function misconfigured(where: string, what: string): FaastenError {
  return new FaastenError("MISCONFIGURED", `${where}: ${what}`);
}

/** Its text is not told: it may hold a password. */
function baseOf(text: string, where: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw misconfigured(where, "url must begin with http:// or https://");
  if (url.username !== "" || url.password !== "")
    throw misconfigured(where, "url holds a name or a password: give them as securityToken and securityTokenHeader");
  return url;
}

/** Below the base, whatever the key holds. */
function atKey(base: URL, key: string, where: string): URL {
  checkKey(key, where, 1024);
  return atPath(base, key.split("/").map(encodeURIComponent).join("/"), where);
}

/** As Dapr joins them; what would lead elsewhere is refused. */
function atPath(base: URL, path: string, where: string): URL {
  const folder = base.pathname.replace(/\/$/, "");
  const [, bare = "", query = base.search] = /^\/?([^?#]*)(\?[^#]*)?/.exec(path) ?? [];
  const dots = bare.split(/[/\\]/).some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment.replace(/[\t\n\r]/g, "")));
  const url = new URL(base);
  url.pathname = `${folder}/${bare}`;
  url.search = query;
  if (!dots && url.origin === base.origin && url.pathname.startsWith(`${folder}/`)) return url;
  throw new FaastenError(
    "INVALID",
    `${where}: ${JSON.stringify(path)} leads out of the component's url: take its dots out`,
  );
}

function headersOf({ contentType, metadata = {} }: BindingData): Readonly<Record<string, string>> {
  return contentType === undefined ? metadata : { ...metadata, "content-type": contentType };
}

function typeOf(data: Value): string {
  return "json" in data ? "application/json" : "application/octet-stream";
}

function replyOf({ status, statusText, headers, bytes }: Answer): NativeReply {
  const metadata: Record<string, string> = Object.create(null);
  for (const [name, value] of headers) metadata[name] = value;
  metadata["statusCode"] = String(status);
  metadata["status"] = `${status} ${statusText}`.trimEnd();
  return { data: { bytes }, metadata };
}

/** As Kubernetes writes quantities: `100Mi`, `5M`, or bytes. */
function bytesOf(text: string, where: string): number {
  const [, count, unit = ""] = /^(\d+)(Ki|Mi|Gi|k|M|G)?$/.exec(text) ?? [];
  if (count === undefined)
    throw misconfigured(where, `maxResponseBodySize is a size such as "100Mi", and not "${text}"`);
  return Number(count) * (units[unit] ?? 1);
}

const units: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, k: 1e3, M: 1e6, G: 1e9 };

async function read({ body }: Response, largest: number, where: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    parts.push(part);
    size += part.length;
    if (size > largest)
      throw new FaastenError(
        "INTERNAL",
        `${where}: the answer is larger than ${largest} bytes, its maxResponseBodySize`,
      );
  }
  return new Uint8Array(Buffer.concat(parts));
}
