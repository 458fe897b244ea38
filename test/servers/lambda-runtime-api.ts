// The Runtime API of one Lambda execution environment: what its runtime asks for invocations, and hands the replies to.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export interface RuntimeApi {
  /** Host and port, for `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string;
  /** Resolves once the runtime begins to answer. One after another: an environment has one invocation at a time. */
  invoke(event: unknown, options?: InvokeOptions): Promise<Answer>;
  /** The runtime is no more: what is under way, or comes, fails for this reason. */
  fail(reason: string): void;
  close(): void;
}

export interface InvokeOptions {
  /** Milliseconds. */
  readonly timeout?: number;
  /** As X-Ray writes it. */
  readonly trace?: string;
}

export interface Answer {
  /** `false`: the invocation failed, and the body says why. */
  readonly ok: boolean;
  readonly streaming: boolean;
  /** To be read to its end: only then the runtime goes on. */
  readonly body: IncomingMessage;
}

interface Invocation {
  readonly id: string;
  readonly event: string;
  readonly options: InvokeOptions;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const base = "/2018-06-01/runtime";

export async function startRuntimeApi(): Promise<RuntimeApi> {
  const queue: Invocation[] = [];
  const running = new Map<string, Invocation>();
  let waiting: ServerResponse | undefined;
  let failed: string | undefined;

  function hand(): void {
    const next = waiting && queue.shift();
    if (!waiting || !next) return;
    const { timeout = 3000, trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1" } =
      next.options;
    running.set(next.id, next);
    // Without its length the runtime client waits for ever.
    waiting.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(next.event),
      "lambda-runtime-aws-request-id": next.id,
      "lambda-runtime-deadline-ms": String(Date.now() + timeout),
      "lambda-runtime-invoked-function-arn": "arn:aws:lambda:eu-west-1:123456789012:function:test",
      "lambda-runtime-trace-id": trace,
    });
    waiting.end(next.event);
    waiting = undefined;
  }

  function fail(reason: string): void {
    failed = reason;
    for (const { reject } of [...running.values(), ...queue.splice(0)]) reject(new Error(reason));
    running.clear();
  }

  const server = createServer((request, response) => {
    const url = request.url ?? "";
    if (url === `${base}/invocation/next`) {
      waiting = response;
      hand();
      return;
    }
    const [, id = "", what] = /\/invocation\/([^/]+)\/(response|error)$/.exec(url) ?? [];
    const invocation = running.get(id);
    running.delete(id);
    request.on("end", () => response.writeHead(202).end());
    const streaming = request.headers["lambda-runtime-function-response-mode"] === "streaming";
    if (invocation) invocation.resolve({ ok: what === "response", streaming, body: request });
    else if (url === `${base}/init/error`) void text(request).then((why) => fail(`the function did not load: ${why}`));
    else request.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  let count = 0;
  return {
    address: `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    invoke: (event, options = {}) =>
      new Promise((resolve, reject) => {
        if (failed !== undefined) return reject(new Error(failed));
        queue.push({ id: `invocation-${++count}`, event: JSON.stringify(event), options, resolve, reject });
        hand();
      }),
    fail,
    close() {
      fail("the environment was closed");
      server.close();
      server.closeAllConnections();
    },
  };
}

export async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}
