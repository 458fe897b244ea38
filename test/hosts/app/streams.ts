// Replies that are sent while they are made.
import { existsSync } from "node:fs";
import { http } from "faasten";

/** The second part follows when the file `gate` is there: whoever makes it only then has the first part in hand. */
export const stream = http.get("/stream", { access: "public", stream: true }, (request, { signal }) => {
  const gate = new URL(request.url).searchParams.get("gate") ?? "";
  const parts = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode("first "));
      while (!existsSync(gate) && !signal.aborted) await new Promise((resume) => setTimeout(resume, 5));
      controller.enqueue(new TextEncoder().encode("second"));
      controller.close();
    },
  });
  return new Response(parts, { headers: { "content-type": "text/plain", "x-streamed": "1" } });
});
