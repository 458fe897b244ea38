// A web `Request` over what a host hands over. It is made natively only when something asks for what is not covered here.
import { type Fields, LazyHeaders, lastPrototype } from "./headers.ts";

/** A request as a host knows it, whole and buffered. */
export interface RequestParts {
  /** As on the wire. */
  readonly method: string;
  /** Absolute. Asked at most once, and only if somebody wants the URL. */
  url(): string;
  readonly headers: Fields;
  /** Names and values in turn, as the client wrote them, where the host knows it. */
  readonly written?: readonly string[];
  readonly body: string | Uint8Array | undefined;
  /** The text of `body` is base64 of bytes. */
  readonly base64?: true;
}

/** A GET or HEAD has no body: one that came along is dropped. */
export function toRequest(parts: RequestParts): Request {
  return new LazyRequest(parts);
}

export function isLazy(value: unknown): boolean {
  return LazyRequest.is(value);
}

/** The native request behind a lazy one, which holds the body from then on; anything else as it is. */
export function toNative<T>(input: T): T | Request {
  return LazyRequest.is(input) ? LazyRequest.native(input) : input;
}

/** The whole body, which stays unread. Rejects for a native request that was read already. */
export function bodyOf(request: Request): string | Uint8Array | undefined | Promise<string | Uint8Array | undefined> {
  if (LazyRequest.is(request)) return LazyRequest.body(request);
  return request.body ? readCopy(request) : undefined;
}

/** The headers' names and values in turn, as the client wrote them; `undefined`: the host does not know. */
export function writtenHeadersOf(request: Request): readonly string[] | undefined {
  return LazyRequest.is(request) ? LazyRequest.written(request) : undefined;
}

/** The body's bytes, where known without reading; `undefined`: not known. */
export function sizeOf(request: Request): number | undefined {
  if (LazyRequest.is(request)) return LazyRequest.size(request);
  return request.body ? undefined : 0;
}

class LazyRequest implements Request {
  readonly #parts: RequestParts;
  readonly #body: string | Uint8Array | undefined;
  #url: string | undefined;
  #headers: LazyHeaders | undefined;
  #native: Request | undefined;
  #used = false;

  constructor(parts: RequestParts, headers?: LazyHeaders) {
    this.#parts = parts;
    this.#body = parts.method === "GET" || parts.method === "HEAD" ? undefined : parts.body;
    this.#headers = headers;
  }

  static is(value: unknown): value is LazyRequest {
    return typeof value === "object" && value !== null && #parts in value;
  }

  static native(request: LazyRequest): Request {
    return request.#real;
  }

  static body(request: LazyRequest): string | Uint8Array | undefined {
    return request.#decoded();
  }

  static written(request: LazyRequest): readonly string[] | undefined {
    return request.#parts.written;
  }

  static size(request: LazyRequest): number {
    const body = request.#body;
    if (typeof body === "string") return Buffer.byteLength(body, request.#parts.base64 ? "base64" : "utf8");
    return body?.byteLength ?? 0;
  }

  get method(): string {
    return this.#parts.method;
  }

  get url(): string {
    this.#url ??= new URL(this.#parts.url()).href;
    return this.#url;
  }

  get headers(): LazyHeaders {
    this.#headers ??= new LazyHeaders(undefined, this.#parts.headers);
    return this.#headers;
  }

  get bodyUsed(): boolean {
    return this.#native ? this.#native.bodyUsed : this.#used;
  }

  async text(): Promise<string> {
    return this.#native ? this.#native.text() : this.#text();
  }

  /** The cause of its `SyntaxError` is this request, by which the runtime knows whose mistake it is. */
  async json(): Promise<unknown> {
    const text = this.#native ? await this.#native.text() : this.#text();
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new SyntaxError(`${(error as Error).message}`, { cause: this });
    }
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#native ? this.#native.bytes() : toBytes(this.#take());
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#native ? this.#native.arrayBuffer() : toBytes(this.#take()).buffer;
  }

  clone(): Request {
    if (this.#native) return this.#native.clone();
    if (this.#used) throw new TypeError(`Request.clone: ${alreadyRead}`);
    const parts: RequestParts = { ...this.#parts, url: () => this.url };
    return new LazyRequest(parts, this.#headers && new LazyHeaders(this.#headers));
  }

  // What follows is the native request's.
  declare readonly body: Request["body"];
  declare readonly signal: Request["signal"];
  declare readonly cache: Request["cache"];
  declare readonly credentials: Request["credentials"];
  declare readonly destination: Request["destination"];
  declare readonly integrity: Request["integrity"];
  declare readonly keepalive: Request["keepalive"];
  declare readonly mode: Request["mode"];
  declare readonly redirect: Request["redirect"];
  declare readonly referrer: Request["referrer"];
  declare readonly referrerPolicy: Request["referrerPolicy"];
  declare readonly blob: Request["blob"];
  declare readonly formData: Request["formData"];

  /** Not in the DOM's types; `new Request(url, request)` reads it. */
  get duplex(): "half" {
    return "half";
  }
  get [Symbol.toStringTag](): string {
    return "Request";
  }

  #text(): string {
    const body = this.#take();
    return typeof body === "string" ? withoutMark(body).toWellFormed() : body ? decoder.decode(body) : "";
  }

  #take(): string | Uint8Array | undefined {
    if (this.#used) throw new TypeError(alreadyRead);
    this.#used = this.#body !== undefined;
    return this.#decoded();
  }

  #decoded(): string | Uint8Array | undefined {
    return this.#parts.base64 && typeof this.#body === "string" ? Buffer.from(this.#body, "base64") : this.#body;
  }

  get #real(): Request {
    if (this.#native) return this.#native;
    const body = this.#decoded();
    // Bytes, not text: for text the native one would add a content-type.
    const init: RequestInit = { method: this.method, headers: this.headers };
    this.#native = new globalThis.Request(this.url, body === undefined ? init : { ...init, body: toBytes(body) });
    if (this.#used) void this.#native.arrayBuffer();
    LazyHeaders.follow(this.headers, this.#native.headers);
    return this.#native;
  }
}
Object.setPrototypeOf(
  LazyRequest.prototype,
  lastPrototype("Request", LazyRequest.native, {
    properties: [
      "body",
      "signal",
      "cache",
      "credentials",
      "destination",
      "integrity",
      "keepalive",
      "mode",
      "redirect",
      "referrer",
      "referrerPolicy",
    ],
    methods: ["blob", "formData"],
  }),
);

const alreadyRead = "Body is unusable: Body has already been read";
const decoder: TextDecoder = new TextDecoder();
const encoder: TextEncoder = new TextEncoder();

/** Always a copy, whose buffer holds nothing else. */
function toBytes(body: string | Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  return typeof body === "string" ? encoder.encode(body) : new Uint8Array(body ?? []);
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

async function readCopy(request: Request): Promise<Uint8Array> {
  return new Uint8Array(await request.clone().arrayBuffer());
}
