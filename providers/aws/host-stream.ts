// The host of Lambda for a reply that is sent while it is made, behind a Function URL.
// https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
import type { Writable } from "node:stream";
import { FaastenError, type Outcome, type Reply, type ReplyBody, type Serve, toReply } from "../../src/provider.ts";
import { type LambdaContext, refuse, report, start, toCall } from "./lambda.ts";

export type StreamingHandler = (event: unknown, sink: Sink, context: LambdaContext) => Promise<void>;

/** Where the reply goes. */
export type Sink = Pick<Writable, "write" | "end" | "once" | "off" | "destroyed">;

/** A global of Lambda's runtime, there before any module of ours. */
declare const awslambda:
  | {
      streamifyResponse(handler: StreamingHandler): StreamingHandler;
      readonly HttpResponseStream: { from(sink: Sink, prelude: object): Sink };
    }
  | undefined;

export const serve: Serve<StreamingHandler> = (app) => {
  const lambda = start(app);
  const { served, runner, settle } = lambda;
  if (typeof awslambda === "undefined")
    throw new FaastenError(
      "MISCONFIGURED",
      `${served.name} streams its reply, which only Lambda's own Node.js runtimes can: run it there, or take away \`stream\``,
    );
  const { streamifyResponse, HttpResponseStream } = awslambda;
  return streamifyResponse(async (event, sink, context) => {
    const call = toCall(event, context);
    const { outcomes } = await settle(call).catch((error: unknown) => {
      report(lambda, call, "the call could not be taken", error);
      throw error;
    });
    const { status, headers, cookies, body } = readReply(outcomes, (error) => refuse(lambda, call, error));
    const out = HttpResponseStream.from(sink, { statusCode: status, headers: Object.fromEntries(headers), cookies });
    try {
      await send(body, out);
    } catch (error) {
      const own = { function: served.name, invocation: call.id };
      runner.journal.write("warn", "the reply could not be sent whole", own, { error });
      throw error;
    }
  });
};

function readReply([outcome]: readonly Outcome[], refuse: (error: unknown) => Response): Reply {
  try {
    if (outcome?.kind === "reply") return toReply(outcome.response);
    throw new FaastenError("INTERNAL", "a request is answered with a reply");
  } catch (error) {
    return toReply(refuse(error));
  }
}

/** Rejects if the stream fails: the runtime then cuts off what was sent. */
async function send(body: ReplyBody, out: Sink): Promise<void> {
  // Any write, an empty one too, brings the status and the headers along.
  out.write(typeof body === "string" || body instanceof Uint8Array ? body : "");
  if (typeof body === "object" && !(body instanceof Uint8Array))
    for await (const part of body) if (!out.write(part) && !out.destroyed) await drained(out);
  out.end();
}

/** Or closed, when no drain will come. */
function drained(out: Sink): Promise<void> {
  return new Promise((resolve) => {
    const resume = (): void => {
      out.off("drain", resume);
      out.off("close", resume);
      resolve();
    };
    out.once("drain", resume);
    out.once("close", resume);
  });
}
