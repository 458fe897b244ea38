// Calls a Lambda handler in whichever style it is written: a promise, a plain value, a callback, or a method of its context.
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html

/** Rejects with what the handler threw or failed with. What it says first counts. */
export type Callable = (event: unknown, context: object) => Promise<unknown>;

/**
 * A handler that returns nothing has ended, unless it takes a callback or its text names a method of the context that ends
 * it. Lambda's older runtimes wait until nothing is left to be done in the process, which a server cannot tell.
 */
export function toCallable(handler: Function): Callable {
  const waits = takesCallback(handler) || /\b(?:succeed|fail|done)\b/.test(Function.prototype.toString.call(handler));
  return (event, context) =>
    new Promise((resolve, reject) => {
      const done = (error: unknown, result?: unknown): void =>
        error === undefined || error === null ? resolve(result) : reject(error);
      const succeed = (result: unknown): void => resolve(result);
      const fail = (error: unknown): void => reject(error ?? new Error("the handler failed, and does not say why"));
      const returned: unknown = handler(event, Object.assign(context, { done, succeed, fail }), done);
      if (isThenable(returned)) returned.then(resolve, reject);
      else if (returned !== undefined || !waits) resolve(returned);
    });
}

/** Lambda's newer runtimes refuse to load one that does. */
export function takesCallback(handler: Function): boolean {
  return handler.length >= 3;
}

/** For a runtime that takes no callbacks: the same handler, as one of a promise. */
export function promised(handler: Function): Callable {
  const call = toCallable(handler);
  return (event, context) => call(event, context);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
