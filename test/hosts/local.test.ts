// The local host itself: what the others are compared with, and its log.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cuts, exchanges } from "./behaviours.ts";
import { checkCut, checkLog, checkReply } from "./checks.ts";
import { type Reference, startReference } from "./reference.ts";

let local: Reference;

beforeAll(async () => {
  local = await startReference();
});

afterAll(async () => {
  expect(local.lines().join("\n"), "one process served it all").not.toContain("the app's process ended");
  await local.stop();
});

describe("HTTP", () => {
  for (const exchange of exchanges) {
    test(exchange.name, async () => {
      const from = local.lines().length - 1;
      checkReply(exchange, await local.send(exchange.request), undefined);
      if (exchange.logged) await checkLog(local.lines, from, [exchange.logged]);
    });
  }

  for (const cut of cuts) test(`cut off: ${cut.name}`, () => checkCut(cut, local.url, local.lines));
});
