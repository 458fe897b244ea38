// Keys of several services in one store, as Dapr keeps them apart.
import { afterEach, describe, expect, test } from "vitest";
import { createOn, type Data } from "../../../providers/local/state/in-memory.ts";
import { prefixed } from "../../../src/blocks/prefix.ts";
import type { StateStore } from "../../../src/contracts/state.ts";
import { collect } from "./opening.ts";

afterEach(() => {
  delete process.env["NAMESPACE"];
});

async function store(
  metadata: Record<string, string>,
  data: Data = new Map(),
): Promise<{ store: StateStore; data: Data }> {
  const create = prefixed((options) => createOn(data, options));
  return { store: (await create({ name: "orders", service: "shop", metadata })) as StateStore, data };
}

test.each<[Record<string, string>, string, string?]>([
  [{}, "shop||k"],
  [{ keyPrefix: "" }, "shop||k"],
  [{ keyPrefix: "appid" }, "shop||k"],
  [{ KEYPREFIX: "AppId" }, "shop||k"],
  [{ keyPrefix: "name" }, "orders||k"],
  [{ keyPrefix: "none" }, "k"],
  [{ keyPrefix: "namespace" }, "shop||k"],
  [{ keyPrefix: "namespace" }, "prod.shop||k", "prod"],
  [{ keyPrefix: "Team-A" }, "Team-A||k"],
])("%j stores k as %s", async (metadata, stored, namespace) => {
  if (namespace) process.env["NAMESPACE"] = namespace;
  const made = await store(metadata);
  const etag = await made.store.set("k", { json: "1" });
  expect([...made.data.keys()]).toEqual([stored]);
  expect(await made.store.get("k")).toMatchObject({ etag, value: { json: "1" } });
});

test("an empty key is refused, though the prefix alone would be none; all keys can be listed", async () => {
  const made = await store({});
  await expect(made.store.set("", { json: "1" })).rejects.toMatchObject({ code: "INVALID" });
  await expect(made.store.get("")).rejects.toMatchObject({ code: "INVALID" });
  await made.store.set("a", { json: "1" });
  expect(await collect(made.store.list?.(""))).toEqual(["a"]);
});

test("a prefix or a key that holds Dapr's separator is refused", async () => {
  await expect(store({ keyPrefix: "a||b" })).rejects.toMatchObject({
    code: "MISCONFIGURED",
    message: expect.stringContaining('"a||b"'),
  });
  for (const keyPrefix of ["appid", "none"]) {
    const made = await store({ keyPrefix });
    for (const tried of [
      made.store.get("a||b"),
      made.store.set("a||b", { json: "1" }),
      made.store.delete("a||b"),
      made.store.getMany?.(["a||b"]),
      made.store.transact?.("p", [{ kind: "delete", key: "a||b" }]),
    ]) {
      await expect(tried).rejects.toMatchObject({
        code: "INVALID",
        message: expect.stringContaining('state orders: the key "a||b"'),
      });
    }
    expect(made.data.size).toBe(0);
  }
});

describe("a prefixed store", () => {
  test("sees nothing of another service's, and nobody sees the prefix", async () => {
    const data: Data = new Map();
    const { store: own } = await store({}, data);
    const { store: foreign } = await store({ keyPrefix: "other" }, data);
    for (const key of ["a", "b", "c"]) await own.set(key, { json: `"${key}"` });
    await foreign.set("a", { json: "0" });
    expect([...((await own.getMany?.(["a", "b", "x"])) ?? new Map()).keys()]).toEqual(["a", "b"]);
    expect(await collect(own.list?.(""))).toEqual(["a", "b", "c"]);
    expect(await collect(own.list?.("", { after: "a" }))).toEqual(["b", "c"]);
    expect(await collect(own.list?.("b"))).toEqual(["b"]);
    expect(
      await own.transact?.("p", [
        { kind: "delete", key: "a" },
        { kind: "set", key: "d", value: { json: "1" } },
      ]),
    ).toBe(true);
    expect(await own.delete("b")).toBe(true);
    expect([...data.keys()].sort()).toEqual(["other||a", "shop||c", "shop||d"]);
  });

  test("has the abilities of the one below it, and no other", async () => {
    const { list, transact, getMany, ...bare } = createOn(new Map(), { name: "x", service: "y", metadata: {} });
    expect([list, transact, getMany].every(Boolean)).toBe(true);
    const closed: string[] = [];
    const create = prefixed(
      () => ({ ...bare, maxValueBytes: 7, close: async () => void closed.push("closed") }) as StateStore,
    );
    const made = (await create({ name: "orders", service: "shop", metadata: {} })) as StateStore;
    expect([made.list, made.transact, made.getMany, made.maxValueBytes]).toEqual([undefined, undefined, undefined, 7]);
    await made.close?.();
    expect(closed).toEqual(["closed"]);
  });
});
