// What the package shows, and the house rules: exports, imports, names, shapes, pages and sizes.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { allProviders, targets } from "../src/build/providers.ts";
import type { Provider } from "../src/provider.ts";
import { httpStatePublish, measure, subscriberState } from "./surface/bundles.ts";
import { exportsOf } from "./surface/exports.ts";
import { circles, importBreaches } from "./surface/imports.ts";
import { pageBreaches } from "./surface/pages.ts";
import { long, longest, shapeBreaches } from "./surface/shape.ts";
import { type Breach, readSources, root, toSource } from "./surface/source.ts";

interface Target {
  readonly "faasten-source": string;
  readonly types: string;
  readonly default: string;
}

const packageJson = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as {
  readonly exports: Readonly<Record<string, Target | string>>;
  readonly dependencies: Readonly<Record<string, string>>;
};
const declared = Object.keys(packageJson.dependencies);
const sources = readSources("src/**/*.ts", "providers/**/*.ts");
const entries = Object.entries(packageJson.exports).filter(
  (entry): entry is [string, Target] => typeof entry[1] !== "string",
);
const sourceOf = (entry: string): string =>
  entries.find(([name]) => name === entry)?.[1]["faasten-source"].slice(2) ?? "";

const say = (breaches: readonly Breach[]): readonly string[] =>
  breaches.map(({ file, line, rule }) => `${file}:${line} ${rule}`);

describe("exports", () => {
  const listed = (entry: string): string => {
    const names = [...exportsOf(sourceOf(entry), sources)].map(([name, kind]) =>
      kind === "type" ? `type ${name}` : name,
    );
    return names.sort().join("\n");
  };

  test("of faasten", () =>
    expect(listed(".")).toMatchInlineSnapshot(`
    "FaastenError
    http
    http.any
    http.del
    http.delete
    http.fetch
    http.get
    http.head
    http.patch
    http.post
    http.put
    jwt
    schedule
    secret
    state
    topic
    type Caller
    type Context
    type Definition
    type Duration
    type Entry
    type ErrorCode
    type HttpContext
    type HttpHandler
    type HttpOptions
    type JwtAccess
    type JwtRules
    type Log
    type NativeCalls
    type Publisher
    type Schema
    type Secret
    type State
    type StateDeclaration
    type StateLister
    type StateReader
    type Tick
    type Topic
    type TopicEvent
    type http.HttpContext
    type http.HttpHandler
    type http.HttpMethod
    type http.HttpOptions
    type http.Params"
  `));
  test("of faasten/provider", () =>
    expect(listed("./provider")).toMatchInlineSnapshot(`
    "FaastenError
    Redeliver
    checkEventSize
    checkKey
    checkOperations
    createRouter
    createRunner
    duration
    flag
    fromDeadLetter
    fromNode
    fromStructured
    maxBodyBytes
    once
    problem
    readBody
    setting
    toBuffered
    toDeadLetter
    toNative
    toReply
    toRequest
    toStructured
    type Access
    type App
    type Arrival
    type Block
    type Bound
    type Call
    type CallOptions
    type Caller
    type Clients
    type CloudEvent
    type Component
    type ComponentOptions
    type Condition
    type Create
    type Death
    type Definition
    type ErrorCode
    type Etag
    type EventArrival
    type Grant
    type Invocation
    type ListOptions
    type Log
    type MalformedArrival
    type MetadataFields
    type MetadataValue
    type Outcome
    type Params
    type Problem
    type Provider
    type PubSub
    type PublishOptions
    type ReadOptions
    type Reply
    type ReplyBody
    type RequestArrival
    type Right
    type Route
    type Router
    type Runner
    type SecretStore
    type Serve
    type Served
    type SetOptions
    type Settled
    type Sink
    type StateEntry
    type StateOperation
    type StateOptions
    type StateStore
    type Subscription
    type Trigger
    type TriggerSpec
    type Uses
    type Value
    writeReply"
  `));
  test("of faasten/conformance", () =>
    expect(listed("./conformance")).toMatchInlineSnapshot(`
    "lacks
    pubsubCases
    secretStoreCases
    stateCases
    type Case
    type Harness
    type PubSubHarness
    type Receiver
    type SecretStoreHarness
    type StateHarness"
  `));
  test("of faasten/globals", () =>
    expect(listed("./globals")).toMatchInlineSnapshot(`
    "Headers
    Request
    Response
    fetch"
  `));

  test("the map names these entries, and each one's source is where its build comes from", () => {
    expect(entries.map(([name]) => name)).toEqual([".", "./provider", "./conformance", "./globals"]);
    for (const [, { "faasten-source": source, types, default: built }] of entries) {
      expect(existsSync(new URL(source, root)), source).toBe(true);
      expect([types, built]).toEqual(
        [".d.ts", ".js"].map((end) => source.replace("./", "./dist/").replace(/\.ts$/, end)),
      );
    }
  });

  test("whatever lies in src itself is an entry, or the ground", () => {
    const ground = ["errors.ts", "once.ts"];
    const files = readdirSync(new URL("src", root)).filter((name) => name.endsWith(".ts") && !ground.includes(name));
    expect(files.filter((name) => !entries.some(([, target]) => target["faasten-source"] === `./src/${name}`))).toEqual(
      [],
    );
  });

  test("planted: what is re-exported is followed to where it is declared", () => {
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
});

describe("imports", () => {
  test("each room imports what the table lets it", () => expect(say(importBreaches(sources, declared))).toEqual([]));
  test("none goes in a circle", () => expect(circles(sources)).toEqual([]));

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
  test.each(mayNot)("planted: %s may not say %s", (file, line) => {
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

  test("planted: a circle is found, through types and through what waits", () => {
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
  test("files are named, begun, and kept as the house has it", () => {
    const many = sources.filter(({ text }) => text.split("\n").length > long).map(({ path }) => path);
    if (many.length > 0) console.log(`longer than ${long} lines, of ${longest} at most: ${many.join(", ")}`);
    expect(say(shapeBreaches(sources))).toEqual([]);
  });

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
  test.each(wrong)("planted: %s (%s)", (rule, path, text) => {
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

describe("providers", () => {
  test("every folder of a cloud is a target", () => {
    expect(readdirSync(new URL("providers", root)).sort()).toEqual([...targets].sort());
  });

  test("pages and files are equal both ways, and every module exports what its kind does", async () => {
    for (const page of await allProviders()) expect(say(pageBreaches(page, sources))).toEqual([]);
  });

  test("planted: what is listed and missing, there and unlisted, or exports something else", () => {
    const page: Provider = {
      name: "moon",
      page: new URL("providers/moon/index.ts", root).href,
      defaults: { state: "state.moon.dust", pubsub: "pubsub.moon.radio", secretstores: "state.moon.dust" },
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
});

describe("our share of a function's bundle, minified", () => {
  const sizes: readonly (readonly [name: string, entry: string, goal: number, ceiling: number])[] = [
    ["HTTP, state and publish", httpStatePublish, 15 * 1024, 37_760],
    ["a subscriber and state", subscriberState, 8 * 1024, 23_606],
  ];
  test.each(sizes)("%s", async (name, entry, goal, ceiling) => {
    const { bytes, heaviest, loads, packages } = await measure(entry);
    const most = heaviest.slice(0, 5).map(([file, weight]) => `${file} ${weight}`);
    if (bytes > goal) console.log(`${name}: ${bytes} bytes, and the goal is ${goal}; most of it: ${most.join(", ")}`);
    expect(bytes, `the heaviest: ${most.join(", ")}`).toBeLessThanOrEqual(ceiling);
    expect(bytes, "it shrank: lower the ceiling with it").toBeGreaterThan(ceiling * 0.9);
    expect(loads).toEqual([]);
    expect(packages).toEqual([]);
  });

  test("planted: what is loaded and what is bundled is seen", async () => {
    const { loads, packages } = await measure(
      'import http from "node:http"; import { Cron } from "croner"; console.log(http, Cron);',
    );
    expect(loads).toEqual(["node:http"]);
    expect(packages).toEqual([expect.stringContaining("node_modules/croner/")]);
  });
});

describe("the lockfile", () => {
  const lock = readFileSync(new URL("package-lock.json", root), "utf8");

  test("names no address: each package comes from the registry that is configured", () => {
    const resolved = [...lock.matchAll(/"resolved": "([^"]+)"/g)].map(([, from]) => from);
    expect(resolved).toEqual(["test/node"]);
  });

  test("has a hash of each", () => {
    const { packages } = JSON.parse(lock) as {
      readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    };
    const bare = Object.entries(packages).filter(
      ([path, { link, integrity }]) => path.includes("node_modules/") && !link && !integrity,
    );
    expect(bare.map(([path]) => path)).toEqual([]);
  });
});
