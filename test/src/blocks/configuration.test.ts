// Settings: how old they may be, who asks the store, and what is told where they do not fit.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { configuration } from "../../../src/blocks/configuration.ts";
import type { ConfigurationStore } from "../../../src/contracts/configuration-store.ts";
import { FaastenError } from "../../../src/errors.ts";
import { invocation, open } from "./opening.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** Holds its answers back while it is shut. */
function storeOf(values: Record<string, string>) {
  const asked: (readonly string[])[] = [];
  const gate: { fails?: unknown; shut?: Promise<void> | undefined } = {};
  const store: ConfigurationStore = {
    async get(keys, { signal } = {}) {
      asked.push(keys);
      const { fails, shut } = gate;
      const aborted = new Promise<never>((_, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true }),
      );
      if (shut) await Promise.race([shut, aborted]);
      if (fails) throw fails;
      return new Map(keys.flatMap((key) => (Object.hasOwn(values, key) ? [[key, { value: `${values[key]}` }]] : [])));
    },
  };
  return { store, asked, gate, values };
}

function pass(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
}

const down = new FaastenError("UNAVAILABLE", "the store is down");

describe("freshness", () => {
  test("within it the store is asked once, for all keys; after it again, and never is a value older", async () => {
    const { store, asked, values } = storeOf({ flag: "on" });
    const flags = configuration(["flag", "limit"]);
    expect(await open(flags, store).get()).toEqual({ flag: "on", limit: undefined });
    values["flag"] = "off";
    pass(29_999);
    expect(await open(flags, store).get()).toEqual({ flag: "on", limit: undefined });
    expect(asked).toEqual([["flag", "limit"]]);
    pass(1);
    expect(await open(flags, store).get()).toEqual({ flag: "off", limit: undefined });
    expect(asked).toHaveLength(2);
  });

  test("counts from when the store was asked, and not from when it answered", async () => {
    const { store, asked, gate } = storeOf({ flag: "on" });
    const flags = configuration(["flag"], { freshness: "10s" });
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.shut = promise;
    const first = open(flags, store).get();
    await Promise.resolve();
    pass(8_000);
    resolve();
    await first;
    gate.shut = undefined;
    pass(1_999);
    await open(flags, store).get();
    expect(asked).toHaveLength(1);
    pass(1);
    await open(flags, store).get();
    expect(asked).toHaveLength(2);
  });

  test("none at all asks each time", async () => {
    const { store, asked } = storeOf({ flag: "on" });
    const flags = configuration(["flag"], { freshness: "0s" });
    for (let count = 0; count < 3; count++) await open(flags, store).get();
    expect(asked).toHaveLength(3);
  });

  test("that is no duration is refused where it is declared", () => {
    expect(() => configuration(["flag"], { freshness: "soon" as "1s" })).toThrow('"soon"');
  });

  test("holds although the clock goes back: what seems to come from the future is asked again", async () => {
    const { store, asked } = storeOf({ flag: "on" });
    const flags = configuration(["flag"]);
    await open(flags, store).get();
    pass(-60_000);
    await open(flags, store).get();
    expect(asked).toHaveLength(2);
  });

  test("is each component's own", async () => {
    const flags = configuration(["flag"]);
    const [one, two] = [storeOf({ flag: "one" }), storeOf({ flag: "two" })];
    expect(await open(flags, one.store).get()).toEqual({ flag: "one" });
    expect(await open(flags, two.store).get()).toEqual({ flag: "two" });
  });
});

describe("a store that fails", () => {
  test("is not noticed within the freshness; after it the caller has its error, and what is older is not served", async () => {
    const { store, gate } = storeOf({ flag: "on" });
    const flags = configuration(["flag"]);
    await open(flags, store).get();
    gate.fails = down;
    pass(29_999);
    expect(await open(flags, store).get()).toEqual({ flag: "on" });
    pass(1);
    await expect(open(flags, store).get()).rejects.toBe(down);
    gate.fails = undefined;
    expect(await open(flags, store).get()).toEqual({ flag: "on" });
  });
});

describe("of callers at one time", () => {
  test("one asks for all", async () => {
    const { store, asked } = storeOf({ flag: "on" });
    const flags = configuration(["flag"]);
    const all = await Promise.all(Array.from({ length: 200 }, () => open(flags, store).get()));
    expect(all).toEqual(Array.from({ length: 200 }, () => ({ flag: "on" })));
    expect(asked).toHaveLength(1);
    expect(all[0]).not.toBe(all[1]);
  });

  test("all have the failure of the one that asked, and the next asks again", async () => {
    const { store, asked, gate } = storeOf({ flag: "on" });
    const flags = configuration(["flag"]);
    gate.fails = down;
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => open(flags, store).get()));
    expect(all.map((one) => one.status === "rejected" && one.reason)).toEqual([down, down, down, down, down]);
    expect(asked).toHaveLength(1);
    gate.fails = undefined;
    expect(await open(flags, store).get()).toEqual({ flag: "on" });
  });

  test("the one that asked may run out of time: another asks then, once, and nobody else is given up", async () => {
    const { store, asked, gate } = storeOf({ flag: "on" });
    const flags = configuration(["flag"]);
    const first = new AbortController();
    gate.shut = new Promise(() => {});
    const lost = open(flags, store, invocation({ signal: first.signal })).get();
    const others = Array.from({ length: 4 }, () => open(flags, store).get());
    await Promise.resolve();
    gate.shut = undefined;
    const timeout = new FaastenError("TIMEOUT", "work did not end in time");
    first.abort(timeout);
    await expect(lost).rejects.toBe(timeout);
    expect(await Promise.all(others)).toEqual(Array.from({ length: 4 }, () => ({ flag: "on" })));
    expect(asked).toHaveLength(2);
  });

  test("one that waits for another's answer ends with its own time", async () => {
    const { store, gate } = storeOf({ flag: "on" });
    const flags = configuration(["flag"]);
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.shut = promise;
    const patient = open(flags, store).get();
    const own = new AbortController();
    const hasty = open(flags, store, invocation({ signal: own.signal })).get();
    await Promise.resolve();
    const timeout = new FaastenError("TIMEOUT", "work did not end in time");
    own.abort(timeout);
    await expect(hasty).rejects.toBe(timeout);
    resolve();
    expect(await patient).toEqual({ flag: "on" });
  });
});

describe("a schema", () => {
  const schema = z.object({ flag: z.enum(["on", "off"]), limit: z.coerce.number().default(10) });

  test("gives the values their types", async () => {
    const { store } = storeOf({ flag: "on", limit: "7" });
    expect(await open(configuration(["flag", "limit"], { schema }), store).get()).toEqual({ flag: "on", limit: 7 });
    const { store: sparse } = storeOf({ flag: "off" });
    expect(await open(configuration(["flag", "limit"], { schema }), sparse).get()).toEqual({ flag: "off", limit: 10 });
  });

  test("that a value does not fit is MISCONFIGURED, naming component and key; mended, it fits once the old is too old", async () => {
    const { store, values } = storeOf({ flag: "perhaps", limit: "many" });
    const grant = configuration(["flag", "limit"], { component: "settings", schema });
    const error = await open(grant, store)
      .get()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "MISCONFIGURED", status: 500 });
    expect(String(error)).toMatch(/configuration store settings: .*flag: .*limit: /);
    Object.assign(values, { flag: "on", limit: "1" });
    pass(30_000);
    expect(await open(grant, store).get()).toEqual({ flag: "on", limit: 1 });
  });

  test("what it throws itself is its own", async () => {
    const { store } = storeOf({ flag: "on" });
    const failing = z.string().transform(() => {
      throw new TypeError("a bug");
    });
    const grant = configuration(["flag"], { schema: z.object({ flag: failing }) });
    await expect(open(grant, store).get()).rejects.toThrow(new TypeError("a bug"));
  });
});

test("names that objects inherit are settings like any other", async () => {
  const keys = ["__proto__", "constructor", "toString"];
  const { store } = storeOf({});
  const got = await open(configuration(keys), store).get();
  for (const key of keys) expect(Reflect.get(got, key), key).toBeUndefined();
  const odd: ConfigurationStore = { get: async () => new Map([["__proto__", { value: "x" }]]) };
  const record = await open(configuration(["__proto__"]), odd).get();
  expect(Object.keys(record)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});

test("is data for the build, and asks nobody before it is used", () => {
  const { store, asked } = storeOf({});
  const grant = configuration(["flag", "limit"], { component: "settings" });
  expect(grant).toMatchObject({
    block: "configuration",
    component: "settings",
    right: "read",
    keys: ["flag", "limit"],
  });
  expect(configuration(["flag"])).toMatchObject({ component: "configstore" });
  open(grant, store);
  expect(asked).toEqual([]);
});
