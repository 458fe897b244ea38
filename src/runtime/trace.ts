// W3C trace context: https://www.w3.org/TR/trace-context/

/** A span of its own in the trace of `parent`, or in a new trace where there is none that can be read. */
export function startSpan(parent: string | undefined): string {
  const known = parent !== undefined && format.test(parent) && isVersion(parent);
  return known ? `00-${traceIdOf(parent)}-${hex(8)}-${parent.slice(53, 55)}` : `00-${hex(16)}-${hex(8)}-01`;
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

/** Ids of spans need to differ, not to be secret: no cryptography on the way to a reply. */
function hex(bytes: number): string {
  let text = "";
  for (let count = 0; count < bytes; count++) text += digits[Math.floor(Math.random() * 256)];
  return text;
}

/** Of every byte. */
const digits: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** No id is all zeros. */
const format = /^[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-|$)/;

/** A later version than 00 may say more, which is not passed on; ff is none. */
function isVersion(traceparent: string): boolean {
  return traceparent.startsWith("00") ? traceparent.length === 55 : !traceparent.startsWith("ff");
}
