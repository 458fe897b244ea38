// Typed keys and values over a store.
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createOn, type Data } from "../../../providers/local/state/in-memory.ts";
import { state } from "../../../src/blocks/state.ts";
import type { StateStore } from "../../../src/contracts/state.ts";
import { collect, invocation, open } from "./opening.ts";

const Order = z.object({ id: z.string(), total: z.number().default(0) });
const named = { name: "orders", service: "shop", metadata: {} };

function memory(data: Data = new Map()): StateStore & { readonly data: Data } {
  return { ...createOn(data, named), data };
}

describe("values", () => {
  test("are JSON or bytes, and come back as such with an etag", async () => {
    const orders = open(state("orders").readWrite, memory());
    const etag = await orders.set("a", { n: [1, null] });
    expect(await orders.get("a")).toEqual({ value: { n: [1, null] }, etag });
    await orders.set("b", new Uint8Array([1, 2]));
    expect((await orders.get("b"))?.value).toEqual(new Uint8Array([1, 2]));
    expect(await orders.get("c")).toBeUndefined();
    expect(await orders.getMany(["a", "c", "b", "a"])).toEqual(
      new Map([
        ["a", await orders.get("a")],
        ["b", await orders.get("b")],
      ]),
    );
  });

  test("that are neither are refused by name, and nothing is written", async () => {
    const store = memory();
    const orders = open(state("orders").readWrite, store);
    const circle: unknown[] = [];
    circle.push(circle);
    for (const [value, words] of [
      [undefined, "is not JSON (undefined)"],
      [() => 0, "is not JSON (function)"],
      [1n, "is not JSON: "],
      [circle, "is not JSON: "],
    ] as const) {
      await expect(orders.set("a", value)).rejects.toMatchObject({
        code: "INVALID",
        message: expect.stringContaining(`state orders: the new value of "a" ${words}`),
      });
    }
    expect(store.data.size).toBe(0);
  });

  test("must fit the schema when they are written, and are given as it gives them when they are read", async () => {
    const store = memory();
    const orders = open(state("orders", { schema: Order }).readWrite, store);
    await expect(orders.set("a", { id: 1 } as unknown as { id: string })).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringMatching(/^state orders: the new value of "a" does not fit its schema: id: /),
    });
    await orders.set("a", { id: "a" });
    expect((await orders.get("a"))?.value).toEqual({ id: "a", total: 0 });
    expect(await store.get("a")).toMatchObject({ value: { json: '{"id":"a"}' } });
    await store.set("old", { json: '{"id":7}' });
    await expect(orders.get("old")).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringMatching(/^state orders: the stored entry "old" does not fit/),
    });
    await expect(orders.getMany(["a", "old"])).rejects.toMatchObject({ code: "INVALID" });
  });

  test("are asked of the store one by one where it cannot give many", async () => {
    const { getMany, ...store } = memory();
    const orders = open(state("orders").readWrite, store);
    await orders.set("a", 1);
    expect([...(await orders.getMany(["a", "b", "a"])).keys()]).toEqual(["a"]);
    expect(getMany).toBeDefined();
  });
});

describe("conditions", () => {
  test("that do not hold throw, and nothing is lost quietly", async () => {
    const orders = open(state("orders").readWrite, memory());
    const etag = await orders.set("a", 1, { ifAbsent: true });
    await expect(orders.set("a", 2, { ifAbsent: true })).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
      message: 'state orders: "a" exists already',
    });
    const next = await orders.set("a", 2, { ifEtag: etag });
    const conflict = { code: "CONFLICT", message: 'state orders: "a" was changed by another writer' };
    await expect(orders.set("a", 3, { ifEtag: etag })).rejects.toMatchObject(conflict);
    await expect(orders.delete("a", { ifEtag: etag })).rejects.toMatchObject(conflict);
    expect((await orders.get("a"))?.value).toBe(2);
    await orders.delete("a", { ifEtag: next });
    await orders.delete("a");
    expect(await orders.get("a")).toBeUndefined();
  });
});

describe("update", () => {
  test("loses none of fifty changes at once", async () => {
    const orders = open(state<number>("orders").readWrite, memory());
    await Promise.all(Array.from({ length: 50 }, () => orders.update("a", (current = 0) => current + 1)));
    expect((await orders.get("a"))?.value).toBe(50);
  });

  test("gives the entry as it is read, and what it was made from", async () => {
    const orders = open(state("orders", { schema: Order }).readWrite, memory());
    const seen: unknown[] = [];
    const change = async (current: { total: number } | undefined) => {
      seen.push(current);
      return { id: "a", ...(current && { total: current.total + 1 }) };
    };
    const first = await orders.update("a", change);
    expect(first.value).toEqual({ id: "a", total: 0 });
    const second = await orders.update("a", change);
    expect([seen, second]).toEqual([[undefined, { id: "a", total: 0 }], await orders.get("a")]);
    await expect(orders.update("a", () => ({ id: 1 }) as unknown as { id: string })).rejects.toMatchObject({
      code: "INVALID",
    });
    await expect(
      orders.update("a", () => {
        throw new Error("the user's own");
      }),
    ).rejects.toThrow("the user's own");
  });

  test("ends with CONFLICT at the deadline, or once the run is over", async () => {
    const busy: StateStore = { ...memory(), set: async () => undefined };
    const conflict = { code: "CONFLICT" };
    let tries = 0;
    const late = open(state<number>("orders").readWrite, busy, invocation({ deadline: Date.now() + 30 }));
    await expect(late.update("a", () => ++tries)).rejects.toMatchObject(conflict);
    expect(tries).toBeGreaterThan(1);
    const abort = new AbortController();
    const over = open(
      state<number>("orders").readWrite,
      { ...busy, get: async () => undefined },
      invocation({ signal: abort.signal }),
    );
    await expect(
      over.update("a", () => {
        abort.abort();
        return 1;
      }),
    ).rejects.toMatchObject(conflict);
  });

  test("reads strongly, and keeps the entry's lifetime unless told another", async () => {
    const store = memory();
    const asked: unknown[] = [];
    const watched: StateStore = {
      ...store,
      get: (key, options) => {
        asked.push(options?.consistency);
        return store.get(key, options);
      },
    };
    const orders = open(state<number>("orders").readWrite, watched);
    await orders.set("a", 1, { ttl: "1h" });
    const before = (await store.get("a"))?.expiresAt;
    await orders.update("a", () => 2);
    expect((await store.get("a"))?.expiresAt).toBe(before);
    await orders.update("a", () => 3, { ttl: "2h" });
    expect((await store.get("a"))?.expiresAt).toBeGreaterThan((before ?? 0) + 3_500_000);
    await orders.set("a", 4);
    expect((await store.get("a"))?.expiresAt).toBeUndefined();
    expect(asked).toEqual(["strong", "strong"]);
    await orders.get("a", { consistency: "eventual" });
    expect(asked.at(-1)).toBe("eventual");
  });
});

test("a lifetime is a duration; what is none is refused before anything is written", async () => {
  const store = memory();
  const orders = open(state("orders").readWrite, store);
  const before = Date.now();
  await orders.set("a", 1, { ttl: "1.5s" });
  const expiresAt = (await store.get("a"))?.expiresAt ?? 0;
  expect(expiresAt).toBeGreaterThanOrEqual(before + 1_500);
  expect(expiresAt).toBeLessThanOrEqual(Date.now() + 2_500);
  await expect(orders.set("b", 1, { ttl: "soon" as "1s" })).rejects.toMatchObject({ code: "INVALID" });
  expect([...store.data.keys()]).toEqual(["a"]);
});

describe("a key space in a shared component", () => {
  test("keeps its keys apart, and nobody sees the prefix", async () => {
    const store = memory();
    const [orders, stock] = ["orders", "stock"].map((name) => state<number>(name, { component: "shared" }));
    if (!orders || !stock) return;
    expect([orders.readWrite.component, orders.read.component, orders.list.component]).toEqual([
      "shared",
      "shared",
      "shared",
    ]);
    const [ofOrders, ofStock] = [open(orders.readWrite, store), open(stock.readWrite, store)];
    await ofOrders.set("a", 1);
    await ofOrders.set("b", 2);
    await ofStock.set("a", 3);
    expect([...store.data.keys()].sort()).toEqual(["orders/a", "orders/b", "stock/a"]);
    expect((await ofStock.get("a"))?.value).toBe(3);
    expect([...(await ofOrders.getMany(["a", "b"])).keys()]).toEqual(["a", "b"]);
    const lister = open(orders.list, store);
    expect(await collect(lister.list())).toEqual(["a", "b"]);
    expect(await collect(lister.list("", { after: "a" }))).toEqual(["b"]);
    expect(await collect(lister.list("b"))).toEqual(["b"]);
    await ofOrders.transact("p", [{ delete: "a" }, { set: "c", value: 5 }]);
    expect([...store.data.keys()].sort()).toEqual(["orders/b", "orders/c", "stock/a"]);
    await ofOrders.delete("b");
    expect(await ofOrders.update("c", (current = 0) => current + 1)).toMatchObject({ value: 6 });
  });
});

describe("transact", () => {
  test("does all or nothing, and refuses values that do not fit", async () => {
    const store = memory();
    const orders = open(state("orders", { schema: Order }).readWrite, store);
    const etag = await orders.set("a", { id: "a" });
    await orders.transact("p", [
      { set: "a", value: { id: "a", total: 1 }, ifEtag: etag, ttl: "1h" },
      { set: "b", value: { id: "b" }, ifAbsent: true },
    ]);
    expect((await store.get("a"))?.expiresAt).toBeGreaterThan(Date.now());
    await expect(
      orders.transact("p", [
        { set: "c", value: { id: "c" } },
        { delete: "a", ifEtag: etag },
      ]),
    ).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(
      orders.transact("p", [{ set: "c", value: { id: 3 } as unknown as { id: string } }]),
    ).rejects.toMatchObject({ code: "INVALID" });
    expect([...store.data.keys()].sort()).toEqual(["a", "b"]);
  });
});

describe("what the store lacks, or the grant does not give", () => {
  test("is UNSUPPORTED, by name", async () => {
    const { list, transact, ...store } = memory();
    expect([list, transact].every(Boolean)).toBe(true);
    await expect(open(state("orders").readWrite, store).transact("p", [])).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: "state orders: its store has no transactions",
    });
    await expect(collect(open(state("orders").list, store).list())).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: "state orders: its store reads no range of keys",
    });
  });

  test("is not there in fact either: no reader writes", () => {
    const { read, list, readWrite } = state("orders");
    const methods = (client: object): string[] =>
      ["get", "getMany", "list", "set", "delete", "update", "transact"].filter((name) => name in client);
    expect(methods(open(read, memory()))).toEqual(["get", "getMany"]);
    expect(methods(open(list, memory()))).toEqual(["get", "getMany", "list"]);
    expect(methods(open(readWrite, memory()))).toEqual(["get", "getMany", "set", "delete", "update", "transact"]);
    expect([read.right, list.right, readWrite.right]).toEqual(["read", "list", "readWrite"]);
  });

  test("opens no component before it is used", () => {
    let opened = 0;
    const client = state("orders").readWrite.open(() => {
      opened += 1;
      return memory();
    }, invocation());
    expect([typeof client.get, opened]).toEqual(["function", 0]);
  });
});
