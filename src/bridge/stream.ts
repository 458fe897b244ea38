// A handler that writes its reply to a stream, and that reply as it is made.
// https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
import type { Transform, Writable } from "node:stream";
import type { Invocation } from "../contracts/function.ts";
import { FaastenError } from "../errors.ts";
import type { LambdaContext } from "./context.ts";

export type StreamingHandler = (event: unknown, stream: Writable, context: LambdaContext) => unknown;

/** What is sent before the body. */
export interface Prelude {
  readonly statusCode?: unknown;
  readonly headers?: unknown;
  readonly cookies?: unknown;
}

export interface StreamedReply {
  readonly prelude: Prelude;
  readonly body: ReadableStream<Uint8Array>;
}

/** By this, Lambda's runtime knows such a handler too. */
const mark: unique symbol = Symbol.for("aws.lambda.runtime.handler.streaming") as never;
const preludeOf: unique symbol = Symbol("prelude");

interface ReplyStream extends Transform {
  [preludeOf]: Prelude;
}

export function isStreaming(handler: Function): handler is StreamingHandler {
  return Reflect.get(handler, mark) === "response";
}

export function streamifyResponse(handler: Function): Function {
  return Object.assign(handler, { [mark]: "response" });
}

export const HttpResponseStream = {
  from(stream: object, prelude: Prelude): object {
    return Object.assign(stream, { [preludeOf]: prelude });
  },
} as const;

/** Resolves with the first byte, or the end. Rejects with what the handler threw before. */
export function callStreaming(
  handler: StreamingHandler,
  event: unknown,
  context: LambdaContext,
  { deadline, function: name, log }: Invocation,
): Promise<StreamedReply> {
  return new Promise((resolve, reject) => {
    let begun = false;
    const stream = createStream(() => {
      begun = true;
      resolve({ prelude: stream[preludeOf], body: toWeb(stream) });
    });
    const fail = (error: unknown): void => {
      if (stream.closed) return;
      if (begun) log.error("failed while its reply was sent", { error });
      reject(error);
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    };
    const late = (): void => fail(new FaastenError("TIMEOUT", `${name} did not end its reply in time`));
    const left = setTimeout(late, Math.max(0, Math.min(deadline - Date.now(), longest)));
    left.unref();
    stream.once("close", () => clearTimeout(left)).on("error", () => undefined);
    (async () => handler(event, stream, context))().catch(fail);
  });
}

/** A longer timer would ring at once. */
const longest: number = 2 ** 31 - 1;

function createStream(begin: () => void): ReplyStream {
  const { Transform } = process.getBuiltinModule("node:stream");
  const stream = new Transform({
    transform(part, _encoding, done) {
      start();
      done(null, part);
    },
    flush(done) {
      start();
      done();
    },
  });
  let started = false;
  const start = (): void => {
    if (!started) begin();
    started = true;
  };
  const { write } = stream;
  const asSent = (part: unknown): unknown =>
    typeof part === "string" || part instanceof Uint8Array ? part : JSON.stringify(part);
  return Object.assign(stream, {
    [preludeOf]: {},
    write: (part: unknown, ...rest: readonly unknown[]): boolean =>
      Reflect.apply(write, stream, [asSent(part), ...rest]),
    setContentType(type: string): void {
      HttpResponseStream.from(stream, { ...Reflect.get(stream, preludeOf), headers: { "content-type": type } });
    },
  });
}

function toWeb(stream: Transform): ReadableStream<Uint8Array> {
  const { Readable } = process.getBuiltinModule("node:stream");
  return Readable.toWeb(stream) as ReadableStream<Uint8Array>;
}
