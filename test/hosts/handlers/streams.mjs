// Handlers that stream their reply.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const { HttpResponseStream, streamifyResponse } = globalThis.awslambda;

export const prelude = streamifyResponse(async (_event, stream) => {
  const headers = { "Content-Type": "text/plain", "X-Streamed": "1" };
  const out = HttpResponseStream.from(stream, { statusCode: 203, headers, cookies: ["a=1; Path=/", "b=2"] });
  out.write("one ");
  await new Promise((resume) => setTimeout(resume, 5));
  out.write(Buffer.from("two "));
  out.end("drei ü");
});
export const typed = streamifyResponse(async (_event, stream) => {
  stream.setContentType("text/csv");
  stream.write("a,b\n");
  stream.end();
});
export const piped = streamifyResponse(async ({ body }, stream) => {
  const out = HttpResponseStream.from(stream, { statusCode: 200, headers: { "content-type": "application/x-ndjson" } });
  await pipeline(Readable.from([`${body}\n`, "x".repeat(200_000)]), out);
});
export const fails = streamifyResponse(async () => {
  throw new Error("an inner matter");
});
