// Calls a Lambda handler in whichever style it is written: a promise, a plain value, a callback, or a method of its context.
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
import { createWatch } from "./lost.ts";
import { parametersOf } from "./parameters.ts";

/** Rejects with what the handler threw or failed with. What it says first counts. */
export type Callable = (event: unknown, context: object) => Promise<unknown>;

/**
 * A promise is the reply. Else it comes by the callback or the context, for as long as anything holds one of them; what is
 * lost unused can bring none, and the reply is what was returned: of a handler that takes a callback, nothing.
 */
export function toCallable(handler: Function): Callable {
  const { answersNever } = parametersOf(handler);
  const callback = takesCallback(handler);
  const whenLost = createWatch();
  return (event, context) =>
    // Nothing in here may hold the way, but what the handler is given.
    new Promise((resolve, reject) => {
      const way: Way = { resolve, reject, wanted: false, ended: false };
      const returned: unknown = handler(event, withMethods(context, way), callbackOf(way));
      if (isThenable(returned)) {
        returned.then(resolve, reject);
        return;
      }
      const reply = callback || isRunning(returned) ? undefined : returned;
      if (answersNever || (isReply(reply) && !way.wanted)) resolve(reply);
      else if (!way.ended) way.stop = whenLost(way, resolve.bind(undefined, reply), timeLeft(context));
    });
}

/** Lambda's newer runtimes refuse to load one that declares it, and hand none to one that does not. */
export function takesCallback(handler: Function): boolean {
  return handler.length >= 3 || (parametersOf(handler).count >= 3 && !isHidden(handler));
}

/** For a runtime that takes no callbacks: the same handler, as one of a promise. */
export function promised(handler: Function): Callable {
  const call = toCallable(handler);
  return (event, context) => call(event, context);
}

/** What the callback and the context's methods have in common: it is held while one of them is. */
interface Way {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** One of the methods was looked at. */
  wanted: boolean;
  ended: boolean;
  stop?: () => void;
}

function callbackOf(way: Way): (error: unknown, result?: unknown) => void {
  return (error, result) => end(way, error === undefined || error === null ? { result } : { error });
}

function withMethods(context: object, way: Way): object {
  const methods: Readonly<Record<string, Function>> = {
    done: callbackOf(way),
    succeed: (result: unknown): void => end(way, { result }),
    fail: (error: unknown): void => end(way, { error: error ?? new Error("the handler failed, and does not say why") }),
  };
  const own = Object.getOwnPropertyDescriptors(context);
  const given: object = Object.create(Object.getPrototypeOf(context), own);
  for (const [name, value] of Object.entries(methods)) {
    const put = (other: unknown): void => {
      Object.defineProperty(given, name, { value: other, writable: true, enumerable: true, configurable: true });
    };
    const get = (): unknown => {
      way.wanted = true;
      return value;
    };
    Object.defineProperty(given, name, { get, set: put, enumerable: true, configurable: true });
  }
  return given;
}

function end(way: Way, said: { readonly error: unknown } | { readonly result: unknown }): void {
  way.ended = true;
  way.stop?.();
  if ("error" in said) way.reject(said.error);
  else way.resolve(said.result);
}

/** What is begun and not over: a timer, a request, a stream. It is nobody's reply. */
function isRunning(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value === "function";
  return ["ref", "on"].some((name) => typeof Reflect.get(value, name) === "function");
}

/** Rather than what an arrow function's last call happens to return. */
function isReply(value: unknown): boolean {
  return value !== undefined && value !== null && typeof value !== "boolean";
}

/** A bound one, or a proxy. */
function isHidden(handler: Function): boolean {
  return /\[native code\]/.test(Function.prototype.toString.call(handler));
}

/** Milliseconds. */
function timeLeft(context: object): number {
  const left: unknown = "getRemainingTimeInMillis" in context && Object(context).getRemainingTimeInMillis();
  return typeof left === "number" ? left : Number.POSITIVE_INFINITY;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
