// A handler that writes its reply to a stream, and that reply as it is made.
// https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
import type { Writable } from "node:stream";
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
const mark: unique symbol = Symbol.for("aws.lambda.runtime.handler.streaming");
const preludeOf: unique symbol = Symbol("prelude");

interface ReplyStream extends Writable {
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
): Promise<StreamedReply> {
  return new Promise((resolve, reject) => {
    const { stream, body } = createStream(() => resolve({ prelude: stream[preludeOf], body }));
    stream.on("error", () => undefined);
    (async () => handler(event, stream, context))().catch((error: unknown) => {
      reject(error);
      if (!stream.writableFinished) stream.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
}

/** Bytes that wait for whoever reads, before the handler does. */
const waiting = 16 * 1024;

/** What the handler writes, and what of it is to be sent: nothing more once nobody reads it, and the handler may end in peace. */
function createStream(begin: () => void): { readonly stream: ReplyStream; readonly body: StreamedReply["body"] } {
  const { Writable } = process.getBuiltinModule("node:stream");
  let out: ReadableStreamDefaultController<Uint8Array> | undefined;
  let resume: (() => void) | undefined;
  let started = false;
  const start = (): void => {
    if (!started) begin();
    started = true;
  };
  const proceed = (): void => {
    resume?.();
    resume = undefined;
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        out = controller;
      },
      pull: proceed,
      cancel() {
        out = undefined;
        proceed();
      },
    },
    { highWaterMark: waiting, size: ({ byteLength }) => byteLength },
  );
  const stream = new Writable({
    write(part: Uint8Array, _encoding, done) {
      start();
      out?.enqueue(new Uint8Array(part));
      if (out && (out.desiredSize ?? 0) <= 0) resume = done;
      else done();
    },
    final(done) {
      start();
      out?.close();
      out = undefined;
      done();
    },
    destroy(error, done) {
      if (error) out?.error(error);
      else out?.close();
      out = undefined;
      proceed();
      done(error);
    },
  });
  const { write } = stream;
  const asSent = (part: unknown): unknown =>
    typeof part === "string" || part instanceof Uint8Array ? part : JSON.stringify(part);
  return {
    body,
    stream: Object.assign(stream, {
      [preludeOf]: {},
      write: (part: unknown, ...rest: readonly unknown[]): boolean =>
        Reflect.apply(write, stream, [asSent(part), ...rest]),
      setContentType(type: string): void {
        HttpResponseStream.from(stream, { ...Reflect.get(stream, preludeOf), headers: { "content-type": type } });
      },
    }),
  };
}
