// A handler's reply made ready to be sent. Its body is a part of the run: read to its end before it is sent, or, where the
// function says `stream`, sent while it is made, and broken off when the run fails.
import type { Invocation } from "../contracts/function.ts";
import { fromReply, isStream, isWhole, type Reply, toBuffered, toReply } from "../runtime/response.ts";

/** Fails for what is no reply, and for one whose body is read already. */
export function toSendable(response: Response, invocation: Invocation, stream = false): Response | Promise<Response> {
  if (isWhole(response)) return response;
  const reply = toReply(response);
  if (!isStream(reply.body)) return fromReply(reply);
  if (stream) return fromReply({ ...reply, body: watched(reply.body, invocation) });
  return whole({ ...reply, body: watched(reply.body, invocation, maxWholeBytes) });
}

async function whole(reply: Reply): Promise<Response> {
  return fromReply({ ...reply, body: await toBuffered(reply.body) });
}

/** More than any platform sends of a reply that is whole: what has no end must not take all memory before its time is up. */
const maxWholeBytes = 128 * 1024 * 1024;

/** Whoever sends the body looks at its error, and what was thrown may be anything. */
function toError(reason: unknown): Error {
  try {
    if (reason instanceof Error) return reason;
  } catch {
    // It throws at any touch.
  }
  return new Error("the body failed with what is no Error");
}

/** Milliseconds. */
const longestBreath = 10;

/** The same parts. The run goes on until their end, and when either fails, so does the other. */
function watched(
  source: ReadableStream<Uint8Array>,
  invocation: Invocation,
  limit: number = Number.POSITIVE_INFINITY,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let left = limit;
  let breath = performance.now();
  let done: ReturnType<Invocation["hold"]>;
  let fail: (reason: unknown) => void;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        fail = (reason) => {
          done(reason);
          controller.error(toError(reason));
          reader.cancel(reason).catch(() => undefined);
        };
        done = invocation.hold(fail);
      },
      async pull(controller) {
        try {
          const { done: last, value } = await reader.read();
          // A body that never waits would keep the clock, and everybody else, from their turn.
          if (performance.now() - breath > longestBreath) {
            await new Promise((resume) => setImmediate(resume));
            breath = performance.now();
          }
          if (last) {
            controller.close();
            return done();
          }
          if (!(value instanceof Uint8Array))
            throw new TypeError(`the body's stream gave a ${typeof value}: give bytes, as a TextEncoder makes them`);
          left -= value.byteLength;
          if (left < 0) throw new RangeError(`the body's stream gave more than ${limit} bytes: say \`stream: true\``);
          controller.enqueue(value);
        } catch (error) {
          fail(error);
        }
      },
      cancel(reason) {
        done();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
