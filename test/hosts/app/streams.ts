// Bodies that are streams: replies that are sent while they are made, and those that are not.
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

/** One part, and then what the word says. */
function parts(then: "fail" | "wait" | "text"): ReadableStream<Uint8Array> {
  let given = 0;
  return new ReadableStream({
    async pull(controller) {
      if (given++ === 0) return controller.enqueue(new TextEncoder().encode("first "));
      await new Promise((resume) => setTimeout(resume, 100)); // the first one is on its way
      if (then === "fail") throw new Error("the source ran dry");
      if (then === "wait") await new Promise(() => {});
      controller.enqueue("second" as unknown as Uint8Array);
      controller.close();
    },
  });
}

export const read = http.get("/read", { access: "public" }, () => {
  const texts = new ReadableStream({
    start(controller) {
      for (const text of ["first ", "second"]) controller.enqueue(text);
      controller.close();
    },
  });
  return new Response(texts.pipeThrough(new TextEncoderStream()), { headers: { "content-type": "text/plain" } });
});
export const breaks = http.get("/breaks", { access: "public" }, () => new Response(parts("fail")));
export const tells = http.get("/tells", { access: "public" }, () => new Response(parts("text")));
export const endless = http.get("/endless", { access: "public" }, (_request, { signal, log }) => {
  signal.addEventListener("abort", () => log.warn("the signal fired"));
  return new Response(parts("wait"));
});

export const breaksOff = http.get("/breaks-off", { access: "public", stream: true }, () => new Response(parts("fail")));
export const tellsOn = http.get("/tells-on", { access: "public", stream: true }, () => new Response(parts("text")));
export const goesOn = http.get("/goes-on", { access: "public", stream: true }, (_request, { signal, log }) => {
  signal.addEventListener("abort", () => log.warn("the signal fired"));
  return new Response(parts("wait"));
});
/** Leaves a rejection alone while its reply is sent. */
export const floatsOn = http.get("/floats-on", { access: "public", stream: true }, () => {
  setTimeout(() => void Promise.reject(new Error("nobody awaited this")), 50);
  return new Response(parts("wait"));
});

/** Parts without an end, and none is waited for. */
function flood(): ReadableStream<Uint8Array> {
  let given = 0;
  return new ReadableStream({
    pull: (controller) => controller.enqueue(given++ === 0 ? new TextEncoder().encode("first ") : new Uint8Array(1)),
  });
}
export const floods = http.get("/floods", { access: "public" }, (_request, { signal, log }) => {
  signal.addEventListener("abort", () => log.warn("the signal fired"));
  return new Response(flood());
});
export const floodsOn = http.get("/floods-on", { access: "public", stream: true }, (_request, { signal, log }) => {
  signal.addEventListener("abort", () => log.warn("the signal fired"));
  return new Response(flood());
});
/** What it fails with throws at any touch. */
export const hostileOn = http.get("/hostile-on", { access: "public", stream: true }, () => {
  const refuse = (): never => {
    throw new Error("do not touch");
  };
  const hostile = new Proxy({}, { get: refuse, getPrototypeOf: refuse, has: refuse, ownKeys: refuse });
  let given = 0;
  const source = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (given++ === 0) return controller.enqueue(new TextEncoder().encode("first "));
      await new Promise((resume) => setTimeout(resume, 100));
      throw hostile;
    },
  });
  return new Response(source);
});
