// A web `Response` that costs nothing until it is sent, and what a reply holds, whichever `Response` it was.
import { LazyHeaders, lastPrototype } from "./headers.ts";

/** What the build binds the free name `Response` of the user's modules to. The global is untouched. */
export { LazyResponse as Response };

/** What a trigger encodes. The cookies are not among the headers. */
export interface Reply {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly cookies: readonly string[];
  readonly body: ReplyBody;
}
export type ReplyBody = string | Uint8Array | ReadableStream<Uint8Array> | undefined;

/** Takes the body along: the response is not to be read afterwards. */
export function toReply(response: Response): Reply {
  return LazyResponse.reply(response) ?? replyOf(response, response.headers);
}

/** The same reply, to be sent with this body. */
export function fromReply(reply: Reply): Response {
  return LazyResponse.of(reply);
}

/** Whether its body is known already; `false` for what is no response of ours. */
export function isWhole(response: Response): boolean {
  return LazyResponse.isWhole(response);
}

/** The other way: a web response, as whoever asked would have it from afar. */
export function toResponse({ status, headers, cookies, body }: Reply, method: string): Response {
  const all = new Headers(headers.map(([name, value]): [string, string] => [name, value]));
  for (const cookie of cookies) all.append("set-cookie", cookie);
  const none = method === "HEAD" || status === 204 || status === 205 || status === 304;
  return new Response(none ? null : ((body ?? null) as BodyInit | null), { status, headers: all });
}

/** Headers of the connection between two neighbours, which a platform writes by itself: passed on, they would be untrue. */
export function isOfConnection(name: string): boolean {
  return /^(?:connection|keep-alive|transfer-encoding|upgrade|content-length)$/.test(name);
}

/** The whole body: as text where it is UTF-8, else as bytes. What needs base64 follows from the bytes, not from a list of types. */
export function toBuffered(body: ReplyBody): string | Uint8Array | undefined | Promise<string | Uint8Array> {
  if (body === undefined || typeof body === "string") return body;
  return body instanceof Uint8Array ? textOrBytes(body) : collect(body);
}

class LazyResponse implements Response {
  readonly #status: number;
  readonly #statusText: string;
  #body: ReplyBody;
  /** The content-type that the body brings, until the headers are asked for. */
  #type: string | undefined;
  #headers: LazyHeaders | undefined;
  #native: Response | undefined;

  constructor(body?: BodyInit | null, init?: ResponseInit | null) {
    this.#status = init?.status === undefined ? 200 : toStatus(init.status);
    this.#statusText = init?.statusText === undefined ? "" : toStatusText(init.statusText);
    if (init?.headers !== undefined) this.#headers = new LazyHeaders(init.headers);
    if (body === undefined || body === null) return;
    if (this.#status === 204 || this.#status === 205 || this.#status === 304) {
      throw new TypeError(`Response: status ${this.#status} allows no body`);
    }
    if (typeof body !== "object" && typeof body !== "function") {
      this.#body = `${body}`.toWellFormed();
      this.#type = "text/plain;charset=UTF-8";
    } else if (ArrayBuffer.isView(body)) {
      this.#body = new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
    } else if (body instanceof ArrayBuffer) {
      this.#body = new Uint8Array(body.slice());
    } else if (body instanceof ReadableStream) {
      if (body.locked) throw new TypeError("Response: the stream that is its body is locked");
      this.#body = body;
    } else {
      this.#become(body);
    }
  }

  static json(data: unknown, init?: ResponseInit): LazyResponse {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError("Response.json: the value is not JSON serializable");
    const response = new LazyResponse(text, init);
    response.#type = "application/json";
    return response;
  }

  static redirect(url: string | URL, status = 302): LazyResponse {
    if (!URL.canParse(url)) throw new TypeError(`Response.redirect: ${url} is no absolute URL`);
    const code = Number(status);
    if (!redirects.includes(code)) throw new RangeError(`Response.redirect: ${status} is no redirect status`);
    const response = new LazyResponse(null, { status: code, headers: { location: new URL(url).href } });
    LazyHeaders.freeze(response.headers);
    return response;
  }

  static error(): Response {
    return globalThis.Response.error();
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a subclass knows only its own instances
    if (this !== LazyResponse) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && (#status in value || value instanceof globalThis.Response);
  }

  static native(response: LazyResponse): Response {
    return response.#real;
  }

  /** `undefined`: not a lazy one. */
  static reply(response: object): Reply | undefined {
    if (!(#status in response)) return undefined;
    if (response.#native) return replyOf(response.#native, response.headers);
    const body = response.#body;
    if (isStream(body) && body.locked) throw new TypeError(taken);
    const status = response.#status;
    if (response.#headers) return { status, ...listed(response.headers), body };
    return { status, headers: response.#type ? [["content-type", response.#type]] : [], cookies: [], body };
  }

  static isWhole(response: object): boolean {
    return #status in response && !response.#native && !isStream(response.#body);
  }

  static of({ status, headers, cookies, body }: Reply): LazyResponse {
    const response = new LazyResponse(null, {
      status,
      headers: [...headers, ...cookies.map((line) => ["set-cookie", line] as const)] as [string, string][],
    });
    response.#body = body;
    return response;
  }

  get status(): number {
    return this.#status;
  }

  get ok(): boolean {
    return this.#status >= 200 && this.#status < 300;
  }

  get statusText(): string {
    return this.#statusText;
  }

  get headers(): LazyHeaders {
    this.#headers ??= new LazyHeaders();
    if (this.#type !== undefined) {
      if (!this.#headers.has("content-type")) this.#headers.append("content-type", this.#type);
      this.#type = undefined;
    }
    return this.#headers;
  }

  clone(): Response {
    if (this.#native || this.#body instanceof ReadableStream) return this.#real.clone();
    const { status, statusText, headers } = this;
    const copy = new LazyResponse(null, { status, statusText, headers });
    copy.#body = this.#body;
    return copy;
  }

  get bodyUsed(): boolean {
    return this.#native?.bodyUsed ?? false;
  }
  get [Symbol.toStringTag](): string {
    return "Response";
  }

  // What follows is the native response's.
  declare readonly body: Response["body"];
  declare readonly redirected: Response["redirected"];
  declare readonly type: Response["type"];
  declare readonly url: Response["url"];
  declare readonly arrayBuffer: Response["arrayBuffer"];
  declare readonly blob: Response["blob"];
  declare readonly bytes: Response["bytes"];
  declare readonly formData: Response["formData"];
  declare readonly json: Response["json"];
  declare readonly text: Response["text"];

  get #real(): Response {
    const body = this.#body;
    // Bytes, not text: for text the native one would add a content-type.
    return this.#native ?? this.#become(typeof body === "string" ? encoder.encode(body) : body);
  }

  #become(body: unknown): Response {
    const { status, statusText, headers } = this;
    // What is no body at all, the native constructor turns into text as it does anywhere.
    this.#native = new globalThis.Response(body as BodyInit, { status, statusText, headers });
    LazyHeaders.follow(headers, this.#native.headers);
    return this.#native;
  }
}
Object.setPrototypeOf(
  LazyResponse.prototype,
  lastPrototype("Response", LazyResponse.native, {
    properties: ["body", "redirected", "type", "url"],
    methods: ["arrayBuffer", "blob", "bytes", "formData", "json", "text"],
  }),
);

const redirects: readonly number[] = [301, 302, 303, 307, 308];
const taken = "The response's body was read, or is being read: return the response itself, or a clone made before";
const encoder: TextEncoder = new TextEncoder();
const strict: TextDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function replyOf(native: Response, headers: Headers): Reply {
  const { status, body } = native;
  if (status === 0) throw new TypeError("Response.error() cannot be sent: it stands for a failed fetch");
  if (native.bodyUsed || body?.locked) throw new TypeError(taken);
  return { status, ...listed(headers), body: body ?? undefined };
}

function listed(headers: Headers): Pick<Reply, "headers" | "cookies"> {
  const pairs: [string, string][] = [];
  for (const pair of headers) if (pair[0] !== "set-cookie") pairs.push(pair);
  return { headers: pairs, cookies: headers.getSetCookie() };
}

export function isStream(body: ReplyBody): body is ReadableStream<Uint8Array> {
  return typeof body === "object" && !(body instanceof Uint8Array);
}

/** As WebIDL reads an unsigned short. */
function toStatus(value: number): number {
  const number = Number(value);
  const status = Number.isFinite(number) ? Math.trunc(number) & 0xffff : 0;
  if (status < 200 || status > 599) throw new RangeError(`Response: status ${value} is not within 200 and 599`);
  return status;
}

function toStatusText(value: string): string {
  const text = `${value}`;
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) throw new TypeError("Response: invalid statusText");
  return text;
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<string | Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return textOrBytes(Buffer.concat(parts));
}

function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return strict.decode(bytes);
  } catch {
    return bytes;
  }
}
