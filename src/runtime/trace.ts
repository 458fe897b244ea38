// W3C trace context: https://www.w3.org/TR/trace-context/

/** A span of its own in the trace of `parent`, or in a new trace where there is none that can be read. */
export function startSpan(parent: string | undefined): string {
  const [, version, trace = "", span = "", flags, more] = format.exec(parent ?? "") ?? [];
  const known = version !== undefined && version !== "ff" && !(version === "00" && more !== undefined);
  if (known && isId(trace) && isId(span)) return `00-${trace}-${hex(16)}-${flags}`;
  return `00-${hex(32)}-${hex(16)}-01`;
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

/** Ids of spans need to differ, not to be secret: no cryptography on the way to a reply. */
function hex(length: number): string {
  let text = "";
  // Four digits at a time: of larger numbers, which V8 keeps as doubles, the digits take three times as long.
  while (text.length < length) text += (Math.floor(Math.random() * 0x10000) + 0x10000).toString(16).slice(1);
  return text;
}

/** A later version may say more, which is not passed on. */
const format = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

function isId(digits: string): boolean {
  return /[1-9a-f]/.test(digits);
}
