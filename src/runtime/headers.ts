// A web `Headers` of our own: touching the global one loads undici, 30 ms of a cold start.

/** Lower-case names; the values of one name are joined by ", ". May be any object: only what is its own is read. */
export type Fields = Readonly<Record<string, string | undefined>>;

/** What of a native class its lazy one leaves to it: asked for any of these, it becomes native. */
export interface Delegated<Native> {
  readonly properties: readonly (keyof Native & string)[];
  readonly methods: readonly (keyof Native & string)[];
}

/**
 * The last prototype of a lazy class: what makes `lazy instanceof Request` hold without patching a global. A Proxy, because
 * the global's prototype may be fetched only once somebody asks for it, and who asks has touched the global already.
 * `toNative` gives what the console shows in place of the lazy one, and what `delegated` is asked of.
 */
export function lastPrototype<Lazy, Native extends object>(
  name: "Headers" | "Request" | "Response",
  toNative: (lazy: Lazy) => Native,
  { properties, methods }: Delegated<Native> = { properties: [], methods: [] },
): object {
  const target: object = {
    [Symbol.for("nodejs.util.inspect.custom")](this: Lazy): Native {
      return toNative(this);
    },
  };
  for (const property of properties) {
    Object.defineProperty(target, property, {
      get(this: Lazy) {
        return toNative(this)[property];
      },
    });
  }
  for (const method of methods) {
    Object.defineProperty(target, method, {
      value(this: Lazy, ...given: readonly unknown[]): unknown {
        const native = toNative(this);
        return Reflect.apply(native[method] as Function, native, given);
      },
      writable: true,
    });
  }
  return new Proxy(target, { getPrototypeOf: () => globalThis[name].prototype });
}

/** Reads straight from the host's fields until something is written or listed. */
export class LazyHeaders implements Headers {
  readonly #fields: Fields;
  #values: Map<string, string[]> | undefined;
  #sorted: [string, string][] | undefined;
  #frozen = false;
  #native: Headers | undefined;

  constructor(init?: HeadersInit);
  constructor(init: undefined, fields: Fields);
  constructor(init?: HeadersInit, fields: Fields = {}) {
    this.#fields = fields;
    if (init !== undefined) this.#fill(init);
  }

  /** From now on only read, as the headers of a redirect are. */
  static freeze(headers: LazyHeaders): void {
    headers.#frozen = true;
  }

  /** From now on the native ones hold the truth, whichever of the two is read or written. */
  static follow(headers: LazyHeaders, native: Headers): void {
    headers.#native = native;
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a subclass knows only its own instances
    if (this !== LazyHeaders) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && (#fields in value || value instanceof globalThis.Headers);
  }

  get(name: string): string | null {
    if (this.#native) return this.#native.get(name);
    return this.#read(name) ?? this.#read(toName(name)) ?? null;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  set(name: string, value: string): void {
    const text = toValue(value);
    this.delete(name);
    this.append(name, text);
  }

  append(name: string, value: string): void {
    const [key, text] = [toName(name), toValue(value)];
    const headers = this.#writable();
    if (!(headers instanceof Map)) headers.append(key, text);
    else {
      const before = headers.get(key);
      if (before) before.push(text);
      else headers.set(key, [text]);
    }
  }

  delete(name: string): void {
    const key = toName(name);
    this.#writable().delete(key);
  }

  getSetCookie(): string[] {
    return this.#native ? this.#native.getSetCookie() : [...(this.#open().get("set-cookie") ?? [])];
  }

  forEach(visit: (value: string, name: string, parent: Headers) => void, self?: unknown): void {
    if (typeof visit !== "function") throw new TypeError("Headers.forEach: the argument is not a function");
    for (const [name, value] of this) visit.call(self, value, name, this);
  }

  /** Sorted by name; each cookie by itself. Live, as the native one is: what is written meanwhile is seen. */
  *entries(): HeadersIterator<[string, string]> {
    for (let index = 0; ; index++) {
      const pair = this.#list()[index];
      if (!pair) return;
      yield [pair[0], pair[1]];
    }
  }

  *keys(): HeadersIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): HeadersIterator<string> {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator](): HeadersIterator<[string, string]> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return "Headers";
  }

  #read(key: string): string | undefined {
    if (this.#values) return this.#values.get(key)?.join(", ");
    return Object.hasOwn(this.#fields, key) ? this.#fields[key] : undefined;
  }

  #open(): Map<string, string[]> {
    if (this.#values) return this.#values;
    const values = new Map<string, string[]>();
    for (const key of Object.keys(this.#fields)) {
      const value = this.#fields[key];
      if (value !== undefined) values.set(key, [value]);
    }
    this.#values = values;
    return values;
  }

  #writable(): Map<string, string[]> | Headers {
    if (this.#frozen) throw new TypeError("Headers: immutable");
    this.#sorted = undefined;
    return this.#native ?? this.#open();
  }

  #list(): readonly (readonly [string, string])[] {
    if (this.#native) return [...this.#native];
    if (this.#sorted) return this.#sorted;
    const sorted: [string, string][] = [];
    for (const [name, values] of this.#open()) {
      const lines = name === "set-cookie" ? values : [values.join(", ")];
      for (const value of lines) sorted.push([name, value]);
    }
    this.#sorted = sorted.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return sorted;
  }

  #fill(init: HeadersInit): void {
    if (typeof init !== "object" || init === null) throw new TypeError("Headers: expected pairs or a record");
    if (Symbol.iterator in init) {
      for (const pair of init) {
        const [name, value, ...more] = pair;
        if (name === undefined || value === undefined || more.length > 0) {
          throw new TypeError("Headers: expected every pair to be [name, value]");
        }
        this.append(name, value);
      }
    } else {
      for (const name of Object.keys(init)) this.append(name, `${init[name]}`);
    }
  }
}
Object.setPrototypeOf(
  LazyHeaders.prototype,
  lastPrototype("Headers", (lazy: LazyHeaders) => new globalThis.Headers(lazy)),
);

const token = /^[!#$%&'*+\-.^_`|~A-Za-z0-9]+$/;

function toName(name: string): string {
  const text = `${name}`;
  if (!token.test(text)) throw new TypeError(`Headers: ${JSON.stringify(text)} is an invalid header name`);
  return text.toLowerCase();
}

function toValue(value: string): string {
  const text = `${value}`;
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code > 255 || code === 0 || code === 10 || code === 13) {
      throw new TypeError(`Headers: ${JSON.stringify(text)} is an invalid header value`);
    }
  }
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13;
}
