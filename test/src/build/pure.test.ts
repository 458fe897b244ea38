// Which declarations of a user's module a bundler is told that it may drop.
import { expect, test } from "vitest";
import { markPure } from "../../../src/build/pure.ts";

const marked = (code: string): boolean => markPure(code, new Set(["known"])).includes("@__PURE__");

test.each([
  'import { http } from "faasten"; export const a = http.get("/a", () => 1);',
  'import { http } from "faasten"; export default http.get("/a", () => 1);',
  'import { topic } from "faasten"; const placed = topic("t"); export const a = placed.subscribe(() => 1);',
  "export const known = make();",
  'import * as z from "zod"; const Order = z.object({ id: z.string() }).strict();',
  'import { Client } from "./client.ts"; const client = new Client();',
  'import { http } from "elsewhere"; export default http.get("/a");',
  'import { parse } from "./parse.ts"; const later = parse(async () => await load());',
])("%s may be dropped", (code) => expect(marked(code)).toBe(true));

test.each([
  "const other = make();",
  'import { start } from "./tracing.ts"; start();',
  "const timer = setInterval(work, 1000);",
  'import { parse } from "./parse.ts"; const table = parse(await load());',
  'import { http } from "faasten"; let a = http.get("/a", () => 1);',
])("%s is kept: it may do something", (code) => expect(marked(code)).toBe(false));

test("nothing moves to another line", () => {
  const code =
    'import { http } from "faasten";\nexport const a = http.get(\n  "/a",\n  () => 1,\n);\nexport const b = 2;';
  expect(markPure(code, new Set()).split("\n")).toHaveLength(code.split("\n").length);
});
