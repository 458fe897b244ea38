// W3C trace context.
import { expect, test } from "vitest";
import { startSpan, traceIdOf } from "../../../src/runtime/trace.ts";

const [trace, span] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];

test("a span is new, in its parent's trace, with its parent's flags", () => {
  for (const flags of ["00", "01"]) {
    const [version, ofTrace, own, kept] = startSpan(`00-${trace}-${span}-${flags}`).split("-");
    expect([version, ofTrace, kept]).toEqual(["00", trace, flags]);
    expect(own).toMatch(/^[0-9a-f]{16}$/);
    expect(own).not.toBe(span);
  }
});

test("a later version is read as far as it is known", () => {
  expect(startSpan(`cc-${trace}-${span}-01-what-the-future-will-be-like`)).toMatch(`00-${trace}-`);
  expect(startSpan(`cc-${trace}-${span}-01`)).toMatch(`00-${trace}-`);
});

test.each([
  undefined,
  "",
  "nonsense",
  `ff-${trace}-${span}-01`,
  `00-${trace}-${span}-01-more`,
  `00-${trace}-${span}-01x`,
  `cc-${trace}-${span}-01x`,
  `00-${trace}-${span}`,
  `00-${trace}-${span}-1`,
  `00-${"0".repeat(32)}-${span}-01`,
  `00-${trace}-${"0".repeat(16)}-01`,
  `00-${trace.toUpperCase()}-${span}-01`,
  `00-${trace}-${span}-01, 00-${trace}-${span}-01`,
])("%j begins a trace of its own, which is sampled", (parent) => {
  const made = startSpan(parent);
  expect(made).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(traceIdOf(made)).not.toBe(trace);
});

test("ids differ", () => {
  const made = Array.from({ length: 1000 }, () => startSpan(undefined));
  expect(new Set(made.map(traceIdOf)).size).toBe(1000);
});
