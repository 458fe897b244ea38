// Once for each key: what callers get, and what the store is asked.
import { describe, expect, test } from "vitest";
import { createOn, type Data } from "../../../providers/local/state/in-memory.ts";
import { idempotency, type Keep } from "../../../src/blocks/idempotency.ts";
import type { StateStore } from "../../../src/contracts/state.ts";
import { type ErrorCode, FaastenError } from "../../../src/errors.ts";
import { invocation, open } from "./opening.ts";

const keep: Keep<string> = {
  write: (text) => (text.startsWith("bad") ? undefined : text),
  read: (text) => text,
  lost: () => "lost",
};
const task = { key: "k", content: "c", keep };

function memory(): { store: StateStore; data: Data; asked: string[] } {
  const data: Data = new Map();
  const store = createOn(data, { name: "idempotency", service: "shop", metadata: {} });
  const asked: string[] = [];
  const counted = <T>(operation: string, result: T): T => {
    asked.push(operation);
    return result;
  };
  const watched: StateStore = {
    get: (...given) => counted("get", store.get(...given)),
    set: (...given) => counted("set", store.set(...given)),
    delete: (...given) => counted("delete", store.delete(...given)),
  };
  return { store: watched, data, asked };
}

const answer = (value: string, repeated = false): unknown => ({ kind: "answer", value, repeated });

describe("a key", () => {
  test("costs two writes and no read; a repeat costs a refused write and a read", async () => {
    const { store, asked } = memory();
    const { once } = open(idempotency, store);
    expect(await once(task, async () => "a")).toEqual(answer("a"));
    expect(asked.splice(0)).toEqual(["set", "set"]);
    expect(await once(task, async () => "b")).toEqual(answer("a", true));
    expect(asked).toEqual(["set", "get"]);
  });

  test("is the function's own", async () => {
    const { store } = memory();
    for (const name of ["f", "g"]) {
      expect(await open(idempotency, store, invocation({ name })).once(task, async () => name)).toEqual(answer(name));
    }
  });

  test("is refused for other content, running or done", async () => {
    const { store } = memory();
    const { once } = open(idempotency, store);
    await once(task, async () => {
      expect(await once({ ...task, content: "other" }, async () => "b")).toEqual({ kind: "other" });
      return "a";
    });
    expect(await once({ ...task, content: "other" }, async () => "b")).toEqual({ kind: "other" });
  });

  test("is busy until the run's time is over, and a little more for clocks that differ", async () => {
    const { store } = memory();
    const deadline = Date.now() + 5_000;
    const { once } = open(idempotency, store, invocation({ deadline }));
    await once(task, async () => {
      expect(await once(task, async () => "b")).toEqual({ kind: "busy", until: deadline + 2_000 });
      return "a";
    });
  });

  test("is free again where nothing was achieved: the work threw, or its answer is none to keep", async () => {
    const { store, data } = memory();
    const { once } = open(idempotency, store);
    await expect(once(task, async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(data.size).toBe(0);
    expect(await once(task, async () => "bad luck")).toEqual(answer("bad luck"));
    expect(data.size).toBe(0);
    expect(await once(task, async () => "a")).toEqual(answer("a"));
  });

  test("is free again once the time of a claim is over whose holder has died", async () => {
    const { store } = memory();
    const died = open(idempotency, store, invocation({ deadline: Date.now() - 5_000 }));
    void died.once(task, () => new Promise(() => {}));
    await new Promise((resume) => setImmediate(resume));
    const { once } = open(idempotency, store);
    expect(await once(task, async () => "a")).toEqual(answer("a"));
  });

  test("keeps its answer for a day", async () => {
    const { store, data } = memory();
    await open(idempotency, store).once(task, async () => "a");
    const [slot] = data.values();
    const left = (slot?.entry?.expiresAt ?? 0) - Date.now();
    expect(left).toBeGreaterThan(86_000_000);
    expect(left).toBeLessThanOrEqual(86_401_000);
  });

  test("remembers that there was an answer, also where it was too large to keep", async () => {
    const { store } = memory();
    const large = "x".repeat(300_000);
    const { once } = open(idempotency, { ...store, maxValueBytes: 400_000 });
    expect(await once(task, async () => large)).toEqual(answer(large));
    expect(await once(task, async () => "b")).toEqual(answer("lost", true));
    const small = open(idempotency, { ...store, maxValueBytes: 1_000 });
    await small.once({ ...task, key: "small" }, async () => "y".repeat(2_000));
    expect(await small.once({ ...task, key: "small" }, async () => "b")).toEqual(answer("lost", true));
  });

  test("whose claim ran out while the work went on has the answer that stands by then", async () => {
    const { store } = memory();
    const slow = invocation({ deadline: Date.now() - 3_000 });
    const late = open(idempotency, store, slow).once(task, async () => {
      expect(await open(idempotency, store).once(task, async () => "taken over")).toEqual(answer("taken over"));
      return "too late";
    });
    expect(await late).toEqual(answer("taken over", true));
    expect(slow.logged).toEqual(["warn: the claim ran out before the work did: it may have run twice"]);
  });
});

describe("a store", () => {
  const failing = (code: ErrorCode, operations: readonly (keyof StateStore)[], times = Number.POSITIVE_INFINITY) => {
    const { store, asked } = memory();
    let left = times;
    const fail = (operation: keyof StateStore): Promise<never> | undefined => {
      if (!operations.includes(operation)) return undefined;
      if (operation === "set") asked.push("failed");
      return left-- > 0 ? Promise.reject(new FaastenError(code, "the store's own words")) : undefined;
    };
    const spoiled: StateStore = {
      get: (...given) => fail("get") ?? store.get(...given),
      set: (...given) => fail("set") ?? store.set(...given),
      delete: (...given) => fail("delete") ?? store.delete(...given),
    };
    return { store: spoiled, asked };
  };

  test.each<[ErrorCode, readonly (keyof StateStore)[]]>([
    ["UNAVAILABLE", ["set"]],
    ["UNAVAILABLE", ["get", "set"]],
    ["TIMEOUT", ["set"]],
    ["INTERNAL", ["set"]],
    ["THROTTLED", ["set"]],
  ])("that keeps failing with %s (%j) is given up after some tries: nothing has run", async (code, operations) => {
    const { store, asked } = failing(code, operations);
    let runs = 0;
    const tried = open(idempotency, store).once(task, async () => `${++runs}`);
    await expect(tried).rejects.toMatchObject({ code: "UNAVAILABLE", cause: { code } });
    expect(runs).toBe(0);
    expect(asked.filter((each) => each === "failed").length).toBeLessThan(10);
  });

  test.each<ErrorCode>(["DENIED", "MISCONFIGURED", "INVALID"])("that says %s is not asked again", async (code) => {
    for (const operations of [["set"], ["get", "set"]] as const) {
      const { store, asked } = failing(code, operations);
      await expect(open(idempotency, store).once(task, async () => "a")).rejects.toMatchObject({ code });
      expect(asked.filter((each) => each === "failed")).toHaveLength(1);
    }
  });

  test.each<ErrorCode>(["THROTTLED", "TIMEOUT", "UNAVAILABLE"])(
    "that fails twice with %s is tried again",
    async (code) => {
      const { store } = failing(code, ["set"], 2);
      expect(await open(idempotency, store).once(task, async () => "a")).toEqual(answer("a"));
      expect(await open(idempotency, store).once(task, async () => "b")).toEqual(answer("a", true));
    },
  );

  test("that took the claim and whose reply was lost is no reason to wait: the claim is known by its mark", async () => {
    const { store } = memory();
    let lost = false;
    const forgetful: StateStore = {
      ...store,
      async set(...given) {
        const etag = await store.set(...given);
        if (lost) return etag;
        lost = true;
        throw new TypeError("fetch failed");
      },
    };
    expect(await open(idempotency, forgetful).once(task, async () => "a")).toEqual(answer("a"));
    expect(await open(idempotency, forgetful).once(task, async () => "b")).toEqual(answer("a", true));
  });

  test("that fails when the answer is to be kept costs the answer nothing; the log says what it means", async () => {
    for (const code of ["UNAVAILABLE", "DENIED"] as const) {
      const { store } = memory();
      let claimed = false;
      const run = invocation();
      const half: StateStore = {
        ...store,
        set: (...given) => (claimed ? Promise.reject(new FaastenError(code, "x")) : store.set(...given)),
      };
      const done = await open(idempotency, half, run).once(task, async () => {
        claimed = true;
        return "a";
      });
      expect(done).toEqual(answer("a"));
      expect(run.logged).toEqual([
        "error: what was claimed could not be settled: a repeat runs again once the claim is over",
      ]);
      expect(await open(idempotency, store).once(task, async () => "b")).toMatchObject({ kind: "busy" });
    }
  });

  test("is asked no more once the run's time is up", async () => {
    const abort = new AbortController();
    const { store } = memory();
    let asked = 0;
    const forgetful: StateStore = {
      ...store,
      get: async () => undefined,
      set: async () => {
        if (++asked === 3) abort.abort();
        return undefined;
      },
    };
    const tried = open(idempotency, forgetful, invocation({ signal: abort.signal })).once(task, async () => "a");
    await expect(tried).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(asked).toBe(3);
    await expect(
      open(idempotency, forgetful, invocation({ deadline: Date.now() - 1 })).once(task, async () => "a"),
    ).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(asked).toBe(4);
  });

  test("that holds something else under the key is named", async () => {
    for (const value of [{ json: '"text"' }, { json: "{}" }, { bytes: new Uint8Array([1]) }]) {
      const { store } = memory();
      const full: StateStore = { ...store, set: async () => undefined, get: async () => ({ value, etag: "e" }) };
      await expect(open(idempotency, full).once(task, async () => "a")).rejects.toMatchObject({
        code: "MISCONFIGURED",
      });
    }
  });
});
