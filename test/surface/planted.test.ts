// That each house rule turns red: what is planted is found, and what is right is not.
import { describe, expect, test } from "vitest";
import type { Provider } from "../../src/provider.ts";
import { measure } from "./bundles.ts";
import { exportsOf } from "./exports.ts";
import { circles, importBreaches } from "./imports.ts";
import { pageBreaches } from "./pages.ts";
import { shapeBreaches } from "./shape.ts";
import { root, say, toSource } from "./source.ts";

const declared = ["acorn", "commander", "yaml"];

test("what is re-exported is followed to where it is declared", () => {
  const planted = [
    toSource(
      "src/a.ts",
      'export * from "./b.ts"; export * as all from "./b.ts"; export { type T as U, v } from "./b.ts";',
    ),
    toSource("src/b.ts", "export interface T {} export const v = 1, w = 2; export function f() {} const own = 1;"),
  ];
  expect(Object.fromEntries(exportsOf("src/a.ts", planted))).toEqual({
    ...{ T: "type", v: "value", w: "value", f: "value" },
    ...{ all: "value", "all.T": "type", "all.v": "value", "all.w": "value", "all.f": "value", U: "type" },
  });
  const wrong = [toSource("src/a.ts", 'export { gone } from "./b.ts";'), ...planted.slice(1)];
  expect(() => exportsOf("src/a.ts", wrong)).toThrow("exports gone");
});

describe("imports", () => {
  const mayNot: readonly (readonly [file: string, line: string])[] = [
    ["src/contracts/state.ts", 'import { once } from "../once.ts";'],
    ["src/contracts/state.ts", 'import { Value } from "./component.ts";'],
    ["src/contracts/state.ts", 'import type { Server } from "node:http";'],
    ["src/errors.ts", 'import { once } from "./once.ts";'],
    ["src/once.ts", 'import type { ErrorCode } from "./errors.ts";'],
    ["src/blocks/state.ts", 'import { once } from "../runtime/run.ts";'],
    ["src/blocks/state.ts", 'import { z } from "zod";'],
    ["src/blocks/state.ts", 'import { randomUUID } from "node:crypto";'],
    ["src/runtime/run.ts", 'import type { State } from "../blocks/state.ts";'],
    ["src/runtime/run.ts", 'import type { HttpOptions } from "../functions/http.ts";'],
    ["src/runtime/run.ts", 'import "node:http";'],
    ["src/runtime/run.ts", 'import { createServer } from "http";'],
    ["src/runtime/run.ts", 'export { jwtVerify } from "jose";'],
    ["providers/aws/host.ts", 'import { createServer } from "node:http";'],
    ["providers/azure/host.ts", 'import "node:https";'],
    ["src/functions/http.ts", 'import { bind } from "../build/bind.ts";'],
    ["src/functions/http.ts", 'const yaml = await import("yaml");'],
    ["src/conformance/state.ts", 'import { createRunner } from "../runtime/run.ts";'],
    ["src/conformance/state.ts", 'import { readFileSync } from "node:fs";'],
    ["src/conformance/state.ts", 'import type { Case } from "./cases.ts";'],
    ["src/provider.ts", 'export { state } from "./blocks/state.ts";'],
    ["src/index.ts", 'export { bind } from "./build/bind.ts";'],
    ["src/manifest/yaml.ts", 'import { bind } from "../build/bind.ts";'],
    ["src/build/bind.ts", 'import { dev } from "../dev/dev.ts";'],
    ["src/build/bind.ts", 'import { z } from "zod";'],
    ["src/build/bind.ts", 'import { http } from "../index.ts";'],
    ["src/build/bind.ts", 'type Http = import("../index.ts").HttpOptions;'],
    ["src/build/bind.ts", 'const { local } = await import("../../providers/local/index.ts");'],
    ["src/build/providers.ts", 'import { local } from "../../providers/local/index.ts";'],
    ["src/build/providers.ts", 'const { serve } = await import("../../providers/local/host.ts");'],
    ["src/dev/worker.ts", 'const { serve } = await import("../../providers/local/host.ts");'],
    ["src/dev/worker.ts", 'import type { Clock } from "../../providers/local/clock.ts";'],
    ["src/cli/dev.ts", 'import type { Local } from "../../providers/local/host.ts";'],
    ["src/dev/dev.ts", 'import "./worker.ts";'],
    ["src/dev/dev.ts", 'import { remove } from "../../test/dev/running.ts";'],
    ["src/elsewhere/file.ts", 'import { once } from "../once.ts";'],
    ["providers/local/host.ts", 'import { createRunner } from "../../src/runtime/run.ts";'],
    ["providers/local/host.ts", 'import { local } from "./index.ts";'],
    ["providers/local/state/sqlite.ts", 'import type { local } from "../index.ts";'],
    ["providers/local/host.ts", 'import { http } from "../../src/index.ts";'],
    ["providers/local/host.ts", 'import { parse } from "yaml";'],
    ["providers/local/host.ts", 'import type { call } from "../aws/client.ts";'],
  ];
  test.each(mayNot)("%s may not say %s", (file, line) => {
    expect(say(importBreaches([toSource(file, `// What is planted.\n${line}`)], declared))).toEqual([
      expect.stringContaining(`${file}:2 `),
    ]);
  });

  const may: readonly (readonly [file: string, line: string])[] = [
    ["src/contracts/state.ts", 'import type { Value } from "./component.ts";'],
    ["src/runtime/node-http.ts", 'import type { Server } from "node:http";'],
    ["src/build/providers.ts", 'const { local } = await import("../../providers/local/index.ts");'],
    ["src/dev/lines.ts", 'type Done = import("../../providers/local/host.ts").Done;'],
    ["src/cli/dev.ts", 'import { Command } from "commander"; import { dev } from "../dev/dev.ts";'],
    ["providers/local/host.ts", 'import { once } from "../../src/provider.ts"; import "node:fs"; import "./clock.ts";'],
  ];
  test.each(may)("%s may say %s", (file, line) => {
    expect(say(importBreaches([toSource(file, line)], declared))).toEqual([]);
  });

  test("a circle is found, through types and through what waits", () => {
    const planted = [
      toSource("src/a.ts", 'import type { B } from "./b.ts";'),
      toSource("src/b.ts", 'export { c } from "./c.ts";'),
      toSource("src/c.ts", 'const a = import("./a.ts");'),
      toSource("src/d.ts", 'import "./a.ts";'),
    ];
    expect(circles(planted)).toEqual([["src/a.ts", "src/b.ts", "src/c.ts", "src/a.ts"]]);
  });
});

describe("shape", () => {
  const first = "// What is planted, and why.\n";
  const wrong: readonly (readonly [rule: string, path: string, text: string])[] = [
    ["is not kebab-case", "src/blocks/stateStore.ts", first],
    ["is not kebab-case", "src/blocks/state.type.ts", first],
    ["is not kebab-case", "src/Blocks/state.ts", first],
    ["utils says nothing", "src/utils/state.ts", first],
    ["helpers says nothing", "src/blocks/helpers.ts", first],
    ["types says nothing", "src/blocks/types.ts", first],
    ["common says nothing", "providers/local/common/state.ts", first],
    ["the first line is a comment", "src/once.ts", "export const one = 1;\n"],
    ["the first line is a comment", "src/once.ts", "\n// What is planted, and why.\n"],
    ["more than 400 lines", "src/once.ts", first + "const one = 1;\n".repeat(400)],
    ["no default export", "src/once.ts", `${first}export default class One {}`],
    ["no any", "src/once.ts", `${first}export const one = (given: readonly any[]) => given;`],
    ["no enum", "src/once.ts", `${first}export enum One { A }`],
    ["no I before", "src/once.ts", `${first}export interface IStore {}`],
    ["module-level let", "src/once.ts", `${first}let count = 0;`],
    ["module-level var", "src/once.ts", `${first}export var count = 0;`],
    ["wants a readonly type", "src/once.ts", `${first}const seen = new Map<string, number>();`],
    ["wants a readonly type", "src/once.ts", `${first}export const seen: Set<string> = new Set();`],
    ["wants a readonly type", "src/once.ts", `${first}export const seen: string[] = [];`],
    ["module-level state", "src/once.ts", `${first}const seen = new WeakMap();`],
    ["is state", "src/once.ts", `${first}const client = once(() => 1);`],
    ["written to", "src/once.ts", `${first}const seen = []; const add = () => { seen.push(1); };`],
    ["written to", "src/once.ts", `${first}const seen = {}; const add = (key) => { seen[key] = 1; };`],
    ["written to", "src/once.ts", `${first}const seen = { count: 0 }; const add = () => seen.count++;`],
    ["written to", "src/once.ts", `${first}const seen = {} as Seen; const add = () => delete seen.one;`],
    ["written to", "src/once.ts", `${first}const seen = {}; Object.assign(seen, { one: 1 });`],
    ["a static field", "src/once.ts", `${first}class One { static count = 0; }`],
  ];
  test.each(wrong)("%s (%s)", (rule, path, text) => {
    const [only, ...more] = say(shapeBreaches([toSource(path, text)]));
    expect(only).toContain(rule);
    expect(more).toEqual([]);
  });

  test("what does not change may stand at module level", () => {
    const text = `#!/usr/bin/env node
// What is planted, and why.
const names: ReadonlySet<string> = new Set(["a"]);
export const list: readonly string[] = ["a"];
export const kinds = ["a", "b"] as const;
const rooms = { a: 1 };
class One { static readonly most = 1; count = 0; add() { this.count++; const seen = new Map(); seen.set(1, rooms.a); } }
`;
    expect(say(shapeBreaches([toSource("src/once.ts", text)]))).toEqual([]);
  });
});

test("what is listed and missing, there and unlisted, or exports something else", () => {
  const page: Provider = {
    name: "moon",
    page: new URL("providers/moon/index.ts", root).href,
    defaults: {
      state: "state.moon.dust",
      pubsub: "pubsub.moon.radio",
      secretstores: "state.moon.dust",
      configuration: "configuration.moon.dust",
      invocation: "invocation.http",
      bindings: "bindings.moon.rock",
    },
    components: { "state.moon.dust": {}, "pubsub.moon.radio": {}, "secretstores.local.file": {} },
    triggers: { http: ["http"], schedule: ["tide"] },
    hosts: { default: "host" },
    bundle: { http: "app", event: "app", external: [] },
  };
  const planted = [
    toSource("providers/moon/index.ts", ""),
    toSource("providers/moon/state/dust.ts", "export const create = 1; export type Dust = string;"),
    toSource("providers/moon/state/rock.ts", "export const create = 1;"),
    toSource("providers/moon/pubsub/radio.ts", "export const create = 1; export const createOn = 1;"),
    toSource("providers/moon/triggers/http.ts", "export const triggers = 1;"),
    toSource("providers/moon/triggers/sun.ts", "export const trigger = 1;"),
    toSource("providers/moon/host.ts", "export const serve = 1;"),
    toSource("providers/moon/host-stream.ts", "export const serve = 1;"),
    toSource("providers/moon/client.ts", "export const call = 1;"),
  ];
  expect(say(pageBreaches(page, planted))).toEqual([
    "providers/moon/pubsub/radio.ts:1 exports create alone, not create, createOn",
    "providers/moon/index.ts:1 the page names providers/moon/secretstores/local-file.ts, which is not there",
    "providers/moon/triggers/http.ts:1 exports trigger alone, not triggers",
    "providers/moon/index.ts:1 the page names providers/moon/triggers/tide.ts, which is not there",
    "providers/moon/state/rock.ts:1 providers/moon/index.ts does not list it",
    "providers/moon/triggers/sun.ts:1 providers/moon/index.ts does not list it",
    "providers/moon/host-stream.ts:1 providers/moon/index.ts does not list it",
    "providers/moon/index.ts:1 the default of secretstores is state.moon.dust",
  ]);
});

test("what is loaded and what is bundled is seen", async () => {
  const { loads, packages } = await measure(`
    import { release } from "node:os";
    import { Cron } from "croner";
    import { http } from "faasten";
    export const it = http.get("/", { access: "public" }, () => new Response(release() + new Cron("* * * * *").nextRun()));
  `);
  expect(loads).toEqual(["node:os"]);
  expect(packages).toEqual(["npm:croner"]);
});
