// What goes wrong in handlers.
import { FaastenError, http } from "faasten";

export const throws = http.get("/throws", { access: "public" }, () => {
  throw new Error("an inner matter");
});

export const throwsText = http.get("/throws-text", { access: "public" }, () => {
  throw "an inner text";
});

export const conflict = http.get("/conflict", { access: "public" }, () => {
  throw new FaastenError("CONFLICT", "somebody else was faster");
});

/** Gives no reply, ever. Says when the signal fires. */
export const never = http.get("/never", { access: "public" }, (_request, { signal, log }) => {
  signal.addEventListener("abort", () => log.warn("the signal fired"));
  return new Promise<Response>(() => {});
});

/** Leaves a rejection alone while it runs. */
export const floats = http.get("/floats", { access: "public" }, async () => {
  void Promise.reject(new Error("nobody awaited this"));
  await new Promise((resume) => setTimeout(resume, 500));
  return new Response("as if nothing had happened");
});

/** Leaves a rejection alone that comes after the reply. */
export const floatsLater = http.get("/floats-later", { access: "public" }, () => {
  setTimeout(() => void Promise.reject(new Error("nobody was there any more")), 20);
  return new Response("answered");
});

/** Throws where no promise catches it. */
export const throwsLater = http.get("/throws-later", { access: "public" }, async () => {
  setTimeout(() => {
    throw new Error("out of a timer");
  }, 20);
  await new Promise((resume) => setTimeout(resume, 500));
  return new Response("as if nothing had happened");
});

/** Nothing goes wrong here; it only takes as long as `floats`. */
export const slow = http.get("/slow", { access: "public" }, async () => {
  await new Promise((resume) => setTimeout(resume, 500));
  return new Response("done");
});

/** What a compiler would not let through. */
export const nonsense = http.get("/nonsense", { access: "public" }, () => ({ statusCode: 200 }) as unknown as Response);

export const forServices = http.get("/for-services", { access: "service" }, () => new Response("for services"));

/** Somebody else reads the body. */
export const locked = http.get("/locked", { access: "public" }, () => {
  const parts = new ReadableStream();
  const response = new Response(parts);
  parts.getReader();
  return response;
});

/** Calls itself a Response, and has nothing of one. */
export const impostor = http.get(
  "/impostor",
  { access: "public" },
  () => ({ [Symbol.toStringTag]: "Response" }) as unknown as Response,
);

export const throwsHostile = http.get("/throws-hostile", { access: "public" }, () => {
  throw hostile();
});

/** Fails whoever looks at it, with itself. */
export function hostile(): object {
  const trap = (): never => {
    throw it;
  };
  const it: object = new Proxy(
    {},
    { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap, getOwnPropertyDescriptor: trap },
  );
  return it;
}
