// What the build binds the free names of the user's own modules to. No global is changed, and importing this loads no undici.
import { LazyHeaders } from "./headers.ts";
import { isLazy, toNative } from "./request.ts";
import { Response as LazyResponse } from "./response.ts";

export const Headers: typeof globalThis.Headers = LazyHeaders;

export const Response: typeof globalThis.Response = LazyResponse;

/** The native class, which here also takes a lazy request where it takes a request, and knows one as its own. */
export const Request: typeof globalThis.Request = /* @__PURE__ */ boundRequest();

export function fetch(input: RequestInfo | URL, init?: RequestInit): Promise<globalThis.Response> {
  return globalThis.fetch(toNative(input), init);
}

function boundRequest(): typeof globalThis.Request {
  // biome-ignore lint/complexity/useArrowFunction: only a function can be constructed
  const target: Function = function () {};
  function isInstance(this: unknown, value: unknown): boolean {
    if (this !== bound) return Function.prototype[Symbol.hasInstance].call(this, value);
    return isLazy(value) || value instanceof globalThis.Request;
  }
  const bound = new Proxy(target, {
    construct(_target, [input, ...rest], newTarget) {
      const made = newTarget === bound ? globalThis.Request : newTarget;
      return Reflect.construct(globalThis.Request, [toNative(input), ...rest], made);
    },
    get: (_target, key) => (key === Symbol.hasInstance ? isInstance : Reflect.get(globalThis.Request, key)),
  }) as typeof globalThis.Request; // The global class may not be touched yet, so something must stand in its place.
  return bound;
}
