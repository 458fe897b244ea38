// Lengths of time as a user writes them.
import { expect, test } from "vitest";
import { type Duration, toMilliseconds } from "../../../src/blocks/duration.ts";

test.each<[Duration, number]>([
  ["250ms", 250],
  ["30s", 30_000],
  ["1.5m", 90_000],
  ["2h", 7_200_000],
  ["1d", 86_400_000],
  ["0s", 0],
])("%s is %i ms", (duration, milliseconds) => {
  expect(toMilliseconds(duration)).toBe(milliseconds);
});

test.each(["", "5", "s", "5 s", "-5s", "5w", "1h30m", "5S", "1e3s", ".5s", "5.s", "Infinitys"])(
  "%j is none, and the error says how to write one",
  (text) => {
    expect(() => toMilliseconds(text as Duration)).toThrow(
      `"${text}" is no duration: write a number and ms, s, m, h or d, such as "30s"`,
    );
  },
);
