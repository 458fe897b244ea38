// Which Lambda handlers are handed to their host as they are, with nothing of ours around them.
import { takesCallback } from "../bridge/handler.ts";
import { isStreaming } from "../bridge/stream.ts";
import type { Definition } from "../contracts/function.ts";
import type { Provider } from "../contracts/provider.ts";

/** Not where the runtime has to answer first: whose token it checks, or a page of another origin. */
export function isHanded({ on, lambda }: Definition, provider: Pick<Provider, "lambda">): boolean {
  if (!lambda || !provider.lambda) return false;
  if (on.kind === "native") return true;
  if (!provider.lambda.some((event) => event === lambda.event)) return false;
  if (on.kind !== "http") return true;
  // A Function URL knows one payload format.
  const fits = lambda.event !== "apigw.v1" || !(on.stream || on.isolate);
  return fits && on.cors === undefined && (on.access === "public" || on.access === "service");
}

/** Whether a handler with a callback is made one of a promise. */
export function isPromised({ lambda }: Definition, callbacks: boolean): boolean {
  return !callbacks && lambda !== undefined && takesCallback(lambda.handler) && !isStreaming(lambda.handler);
}
