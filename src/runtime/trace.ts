// W3C trace context: https://www.w3.org/TR/trace-context/

const format = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

/** A span of its own in the trace of `parent`, or in a new trace where there is none that can be read. */
export function startSpan(parent: string | undefined): string {
  const found = parent === undefined ? null : format.exec(parent);
  const [, trace, span, flags] = found ?? [];
  const known = trace !== undefined && span !== undefined && /[1-9a-f]/.test(trace) && /[1-9a-f]/.test(span);
  return `00-${known ? trace : hex(32)}-${hex(16)}-${known ? flags : "01"}`;
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

/** Ids of spans need to differ, not to be secret: no cryptography on the way to a reply. */
function hex(length: number): string {
  let text = "";
  while (text.length < length) text += (((Math.random() * 0xffffffff) >>> 0) + 0x100000000).toString(16).slice(1);
  return text;
}
