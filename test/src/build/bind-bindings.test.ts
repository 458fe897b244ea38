// Which binding serves which name, what is told where it cannot do what is needed, and when its clock rings.
import { binding, http } from "faasten";
import { expect, test } from "vitest";
import { graphOf } from "../../../src/build/graph.ts";
import { allProviders, providerOf } from "../../../src/build/providers.ts";
import { component, look } from "./app.ts";

const ok = () => new Response();
const nothing = () => {};
const url = "  metadata:\n    - { name: url, value: 'https://a.example' }\n";
const schedule = (text: string, more = "") => `  metadata:\n    - { name: schedule, value: '${text}' }\n${more}`;

test("a name without YAML is a folder here, and comes by an inbox", async () => {
  const save = http.post(
    "/a",
    { uses: { receipts: binding("receipts").output("create", "get", "list", "delete") } },
    ok,
  );
  const taken = binding("uploads").input(nothing);
  const { wrong, bindings } = await look({ "a.ts": { save, taken } });
  expect(wrong).toEqual([]);
  expect([...bindings.components.values()].map(({ name, type }) => `${name} ${type}`)).toEqual([
    "receipts bindings.localstorage",
    "uploads bindings.localstorage",
  ]);
  expect(bindings.triggers.get("taken")?.map(({ pathname }) => pathname.split("/").at(-1))).toEqual(["inbox.ts"]);
});

test("an operation that its type has not: function, need, component, and what would do", async () => {
  const sign = http.get("/a", { uses: { hook: binding("hook").output("presign", "create") } }, ok);
  const copy = http.get("/d", { uses: { hook: binding("hook").output("post", "copy") } }, ok);
  const list = http.get("/b", { uses: { hook: binding("hook").output("list", "create") } }, ok);
  const beat = http.get("/c", { uses: { beat: binding("beat").output("create") } }, ok);
  const yaml = component("hook", "bindings.http", url) + component("beat", "bindings.cron", schedule("@hourly"));
  expect((await look({ "a.ts": { sign, copy, list, beat } }, { yaml })).wrong).toEqual([
    "a.ts:1  UNSUPPORTED  sign needs `presign` of `hook`, and bindings.http has create, get, head, post, put, patch, delete, options: give it one of the types bindings.localstorage, bindings.in-memory",
    "a.ts:1  UNSUPPORTED  copy needs `copy` of `hook`, and bindings.http has create, get, head, post, put, patch, delete, options: no type on local has all of these",
    "a.ts:1  UNSUPPORTED  list needs `list` of `hook`, and bindings.http has create, get, head, post, put, patch, delete, options: give it one of the types bindings.localstorage, bindings.in-memory",
    "a.ts:1  UNSUPPORTED  beat needs `create` of `beat`, and bindings.cron takes nothing: it is for input alone: give it one of the types bindings.localstorage, bindings.in-memory, bindings.http",
  ]);
});

test("an input of what brings nothing", async () => {
  const hooked = binding("hook").input(nothing);
  expect((await look({ "a.ts": { hooked } }, { yaml: component("hook", "bindings.http", url) })).wrong).toEqual([
    "a.ts:1  UNSUPPORTED  hooked: local has no trigger for bindings.http: give `hook` one of the types bindings.localstorage, bindings.in-memory",
  ]);
});

test("a grant without operations, a declaration in place of a grant, a name that cannot be, no attempts", async () => {
  const hook = binding("hook");
  const none = http.get("/a", { uses: { hook: hook.output(...([] as unknown as [string])) } }, ok);
  const bare = http.get("/b", { uses: { hook } as never }, ok);
  const named = binding("My Box").input({ attempts: 0 }, nothing);
  expect((await look({ "a.ts": { none, bare, named } })).wrong).toEqual([
    'a.ts:1  INVALID  none: `.output()` of `hook` names no operation: write `.output("create")`, or others',
    'a.ts:1  INVALID  bare: `uses.hook` is no grant: say what it may do, with `.output("create")` or other operations',
    expect.stringContaining("named: `My Box` cannot name a component"),
    "a.ts:1  INVALID  named: 0 attempts cannot be: a whole number from 1 to 100",
  ]);
});

test.each([
  ["*/15 * * * *", "*/15 * * * *"],
  ["0 30 9 * * MON", "30 9 * * MON"],
  ["@daily", "0 0 * * *"],
  ["@every 15m", "every 15 minutes"],
  ["@every 1m", "every 1 minute"],
  ["@every 2h", "0 */2 * * *"],
  ["@every 1h0m0s", "0 */1 * * *"],
  ["@every 24h", "0 0 * * *"],
  ["@every 300s", "every 5 minutes"],
])("a clock of Dapr's: %s", async (written, cron) => {
  const beat = binding("beat").input({ attempts: 2 }, nothing);
  const { wrong, bindings, functions } = await look(
    { "a.ts": { beat } },
    { yaml: component("beat", "bindings.cron", schedule(written)) },
  );
  expect(wrong).toEqual([]);
  const on = { kind: "binding", binding: "beat", attempts: 2, cron };
  const deployables = [{ name: "app", functions, stream: false }];
  const graph = graphOf({
    service: "shop",
    target: "local",
    provider: await providerOf("local"),
    folder: "/",
    found: functions,
    deployables,
    bindings,
    section: [],
  });
  expect(graph.functions.map((one) => one.on)).toEqual([on]);
  expect(bindings.triggers.get("beat")?.map(({ pathname }) => pathname.split("/").at(-1))).toEqual(["clock.ts"]);
});

test.each([
  ["@every 30s", "has 2 fields"],
  ["@every 7m", "`every 7 minutes` cannot be kept"],
  ["@every 5h", "has 2 fields"],
  ["*/30 * * * * *", "has 6 fields"],
  ["@sometimes", "has 1 field"],
])("a clock that not every cloud can keep: %s", async (written, what) => {
  const beat = binding("beat").input(nothing);
  const again = binding("beat").input(nothing);
  const { wrong } = await look(
    { "a.ts": { beat, again } },
    { yaml: component("beat", "bindings.cron", schedule(written)) },
  );
  expect(wrong).toEqual([expect.stringMatching(/^components\/all.yaml:9 {2}INVALID {2}The component `beat`: /)]);
  expect(wrong[0]).toContain(what);
});

test("a clock's zone, and a schedule that is not known before it is deployed", async () => {
  const beat = binding("beat").input(nothing);
  const zoned = schedule("0 3 * * *", "    - { name: timeZone, value: Europe/Paris }\n");
  const { bindings } = await look({ "a.ts": { beat } }, { yaml: component("beat", "bindings.cron", zoned) });
  expect(bindings.clocks.get("beat")).toMatchObject({ cron: "0 3 * * *", timeZone: "Europe/Paris" });
  const hidden = component("beat", "bindings.cron", "  metadata:\n    - { name: schedule, envRef: WHEN }\n");
  expect((await look({ "a.ts": { beat } }, { yaml: hidden })).wrong).toEqual([
    expect.stringMatching(/^components\/all.yaml:9 {2}INVALID {2}`schedule` must be a plain `value`/),
  ]);
  expect((await look({ "a.ts": { beat } }, { yaml: component("beat", "bindings.cron") })).wrong).toEqual([
    expect.stringContaining("The component `beat` needs the field `schedule`"),
  ]);
});

test("every type of ours says what may be asked of it, and its component can do that", async () => {
  const portable = ["create", "get", "list", "delete", "presign"];
  const metadata = { url: "http://127.0.0.1:1", schedule: "@hourly", rootPath: "never-made" };
  for (const page of await allProviders())
    for (const [type, { operations }] of Object.entries(page.components).filter(([name]) =>
      name.startsWith("bindings."),
    )) {
      const { componentModule } = await import("../../../src/build/modules.ts");
      const { create } = (await import(componentModule(type, page).href)) as {
        create(options: object): Promise<object>;
      };
      const made = await create({ name: "one", service: "tests", metadata });
      const able = portable.filter((name) => name in made);
      expect(
        portable.filter((name) => operations?.includes(name)),
        type,
      ).toEqual(able);
      expect(operations?.some((name) => !portable.includes(name)) ?? false, type).toBe("invoke" in made);
    }
});
