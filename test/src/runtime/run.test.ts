// How one native call is run.
import { describe, expect, test, vi } from "vitest";
import type { Component } from "../../../src/contracts/component.ts";
import type { Arrival, EventArrival, Outcome, Trigger } from "../../../src/contracts/trigger.ts";
import type { FaastenError } from "../../../src/errors.ts";
import { bound, call, event, gate, run, serve, trigger, turn } from "./stand-ins.ts";

const done: Outcome = { kind: "done" };
const retry: Outcome = { kind: "retry", reason: "again" };

describe("one call", () => {
  test("is decoded, settled and encoded, each arrival's outcome in its place", async () => {
    const seen: string[] = [];
    const watched: Trigger<readonly Arrival[], unknown> = {
      ...trigger,
      decode({ payload }) {
        seen.push("decode");
        return payload;
      },
      encode(outcomes) {
        seen.push("encode");
        return outcomes.map(({ kind }) => kind);
      },
    };
    const settling = serve(async (arrival) => {
      seen.push(`settle ${arrival.event.id}`);
      if (arrival.event.id === "a") await turn();
      return arrival.event.id === "b" ? { kind: "drop", reason: "no" } : done;
    });
    const served = { ...settling, triggers: [watched] };
    const { runner } = run([served], { pubsub: bound({}) });
    expect(await runner.run(served, call([event("a"), event("b"), event("c")]))).toEqual(["done", "drop", "done"]);
    expect(seen).toEqual(["decode", "settle a", "settle b", "settle c", "encode"]);
  });

  test("that no trigger of the function knows is refused, naming those that it has", async () => {
    const served = serve(() => done);
    const { runner } = run([served]);
    await expect(runner.run(served, call({ Records: [] }))).rejects.toThrow(
      "work: this call is none that its triggers know (test)",
    );
  });

  test("rejects with what the trigger throws for its host", async () => {
    const served = {
      ...serve(() => done),
      triggers: [{ ...trigger, encode: () => Promise.reject(new Error("all of it")) }],
    };
    await expect(run([served]).runner.run(served, call([event("a")]))).rejects.toThrow("all of it");
  });

  test("of a malformed record reaches no function, and its neighbours are handled", async () => {
    const seen: string[] = [];
    const served = serve(({ event: { id } }) => {
      seen.push(id);
      return done;
    });
    const { runner, lines } = run([served], { pubsub: bound({}) });
    const torn = { kind: "malformed", reason: "no JSON", raw: { json: "1" } } as const;
    const outcomes = await runner.run(served, call([event("a"), torn, event("b")]));
    expect(outcomes).toEqual([done, { kind: "dead", reason: "no JSON" }, done]);
    expect(seen).toEqual(["a", "b"]);
    expect(lines).toMatchObject([{ level: "error", message: "dead", function: "work", reason: "no JSON" }]);
  });

  test("takes a failing `fail`, and anything that may be thrown, as well as any error", async () => {
    for (const thrown of [
      Object.create(null),
      Symbol("s"),
      undefined,
      {
        toString: () => {
          throw new Error("no");
        },
      },
      untouchable(),
    ]) {
      const served = serve(
        () => {
          throw thrown;
        },
        { fail: (error) => (error instanceof SyntaxError ? done : retry) },
      );
      const { runner, lines } = run([served]);
      expect(await runner.run(served, call([event("a"), event("b")]))).toEqual([retry, retry]);
      expect(lines).toMatchObject([
        { message: "failed", function: "work" },
        { message: "failed", function: "work" },
      ]);
      expect(lines).toHaveLength(2);
    }
  });
});

describe("a batch", () => {
  test("runs ten at once, no more", async () => {
    let now = 0;
    let most = 0;
    const served = serve(async () => {
      most = Math.max(most, ++now);
      await turn();
      now -= 1;
      return done;
    });
    const outcomes = await run([served]).runner.run(
      served,
      call(Array.from({ length: 35 }, (_, index) => event(`${index}`))),
    );
    expect(outcomes).toEqual(Array.from({ length: 35 }, () => done));
    expect(most).toBe(10);
  });

  test("runs arrivals of one order one after another and stops at the first that comes again", async () => {
    const seen: string[] = [];
    const inside = new Map<string, number>();
    const served = serve(async ({ event: { id }, order = "" }) => {
      inside.set(order, (inside.get(order) ?? 0) + 1);
      expect(inside.get(order)).toBe(1);
      await turn();
      inside.set(order, 0);
      seen.push(id);
      return id === "x2" ? retry : done;
    });
    const ordered = (id: string): EventArrival => event(id, { order: id.charAt(0) });
    const arrivals = ["x1", "y1", "x2", "y2", "x3", "x4"].map(ordered);
    const outcomes = (await run([served]).runner.run(served, call(arrivals))) as Outcome[];
    expect(seen.filter((id) => id.startsWith("x"))).toEqual(["x1", "x2"]);
    expect(seen.filter((id) => id.startsWith("y"))).toEqual(["y1", "y2"]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["done", "done", "retry", "done", "retry", "retry"]);
    expect(outcomes[4]).toMatchObject({ reason: "an earlier one of the same order comes again first" });
  });

  test("holds an order behind a death that no broker stores: it goes back to its queue", async () => {
    const seen: string[] = [];
    const served = serve(({ event: { id } }) => {
      seen.push(id);
      return id === "a" ? { kind: "dead", reason: "no" } : done;
    });
    const arrivals = [event("a", { order: "k" }), event("b", { order: "k" }), event("c", { order: "l" })];
    const { runner } = run([served], { pubsub: bound({}) });
    const outcomes = (await runner.run(served, call(arrivals))) as Outcome[];
    expect(seen).toEqual(["a", "c"]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["dead", "retry", "done"]);
  });

  test("goes on with an order once its first is dead, and not where it was only put off", async () => {
    const broker = { bury: async () => {}, postpone: async () => true };
    for (const [first, expected] of [
      [{ kind: "dead", reason: "no" }, ["a", "b"]],
      [{ kind: "retry", notBefore: 5, reason: "later" }, ["a"]],
    ] as const) {
      const seen: string[] = [];
      const served = serve(({ event: { id } }) => {
        seen.push(id);
        return id === "a" ? first : done;
      });
      const { runner } = run([served], { pubsub: bound(broker) });
      const outcomes = (await runner.run(
        served,
        call([event("a", { order: "k" }), event("b", { order: "k" })]),
      )) as Outcome[];
      expect(seen).toEqual(expected);
      expect(outcomes.map(({ kind }) => kind)).toEqual(["done", seen.length === 2 ? "done" : "retry"]);
    }
  });

  test("of a function that takes many is one run of it, without what is malformed", async () => {
    const batches: string[][] = [];
    const served = serve(() => done, {
      settleMany: async (arrivals) => {
        batches.push(arrivals.map(({ event: { id } }) => id));
        return arrivals.map(({ event: { id } }) => (id === "b" ? retry : done));
      },
    });
    const { runner } = run([served], { pubsub: bound({}) });
    const torn = { kind: "malformed", reason: "torn", raw: { json: "1" } } as const;
    const arrivals = [event("a"), torn, event("b", { order: "k" }), event("c", { order: "k" }), event("d")];
    const outcomes = (await runner.run(served, call(arrivals))) as Outcome[];
    expect(batches).toEqual([["a", "b", "c", "d"]]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["done", "dead", "retry", "retry", "done"]);
    expect(await runner.run(served, call([event("a")]))).toEqual([done]);
    expect(batches.at(-1)).toEqual(["a"]);
    await runner.run(served, call([torn, torn]));
    expect(batches).toHaveLength(2);
  });

  test("whose function says nothing of some has those come again, and never dead for what was not tried", async () => {
    const served = serve(() => done, { settleMany: async () => [done] });
    const { runner } = run([served], { pubsub: bound({}) });
    const outcomes = (await runner.run(served, call([event("a"), event("b", { attempt: 9 })]))) as Outcome[];
    expect(outcomes.map(({ kind }) => kind)).toEqual(["done", "retry"]);
  });

  test("of a function that takes many fails as its definition says, one by one", async () => {
    const served = serve(() => done, {
      settleMany: async () => {
        throw new Error("all of it");
      },
      fail: (error, _invocation, arrival) => ({
        kind: "retry",
        reason: `${arrival.kind === "event" && arrival.event.id}: ${(error as Error).message}`,
      }),
    });
    const outcomes = await run([served]).runner.run(served, call([event("a"), event("b")]));
    expect(outcomes).toEqual([
      { kind: "retry", reason: "a: all of it" },
      { kind: "retry", reason: "b: all of it" },
    ]);
  });
});

describe("what only a broker can keep", () => {
  const broker = () => {
    const buried: unknown[] = [];
    return {
      buried,
      async bury(from: unknown, arrival: EventArrival, reason: string) {
        buried.push([from, arrival.event?.id ?? "malformed", reason]);
      },
    };
  };

  test("is buried by it: the dead, the malformed and the last attempt", async () => {
    const pubsub = broker();
    const served = serve(({ event: { id } }) => (id === "dead" ? { kind: "dead", reason: "no" } : retry));
    const { runner, lines } = run([served], { pubsub: bound(pubsub) });
    const outcomes = await runner.run(
      served,
      call([
        event("dead"),
        { kind: "malformed", reason: "torn", raw: { json: "1" } },
        event("last", { attempt: 3 }),
        event("more", { attempt: 2 }),
        event("unknown"),
      ]),
    );
    expect(outcomes).toEqual([done, done, done, retry, retry]);
    const from = { topic: "t", subscriber: "work", attempts: 3, ordered: false };
    expect(pubsub.buried).toHaveLength(3);
    expect(pubsub.buried).toEqual(
      expect.arrayContaining([
        [from, "dead", "no"],
        [from, "malformed", "torn"],
        [from, "last", "again"],
      ]),
    );
    expect(lines.map(({ message }) => message).sort()).toEqual(["dead", "dead", "dead after the last attempt"]);
  });

  test("stays dead for the trigger where the broker buries nothing", async () => {
    const served = serve(() => retry);
    const { runner } = run([served], { pubsub: bound({}) });
    expect(await runner.run(served, call([event("last", { attempt: 4 })]))).toEqual([
      { kind: "dead", reason: "again" },
    ]);
  });

  test("comes again where it cannot be buried, and the log says so", async () => {
    const served = serve(() => ({ kind: "dead", reason: "no" }));
    const { runner, lines } = run([served], {
      pubsub: bound({
        bury: async () => {
          throw new Error("disk full");
        },
      }),
    });
    expect(await runner.run(served, call([event("a")]))).toEqual([{ kind: "retry", reason: "no" }]);
    expect(lines.at(-1)).toMatchObject({
      message: "could not be buried; it comes again",
      event: "a",
      error: { message: "disk full" },
    });
  });

  test("is put off by it: acknowledged if a copy took its place, else it comes again by itself", async () => {
    for (const [answer, expected] of [
      [true, "done"],
      [false, "retry"],
    ] as const) {
      const asked: unknown[] = [];
      const postpone = async (_from: unknown, { event: { id } }: EventArrival, at: number): Promise<boolean> => {
        asked.push([id, at]);
        return answer;
      };
      const served = serve(({ event: { id } }) =>
        id === "a" ? { kind: "retry", notBefore: 77, reason: "later" } : retry,
      );
      const { runner } = run([served], { pubsub: bound({ postpone }) });
      const outcomes = (await runner.run(served, call([event("a"), event("b")]))) as Outcome[];
      expect(outcomes.map(({ kind }) => kind)).toEqual([expected, "retry"]);
      expect(asked).toEqual([["a", 77]]);
    }
  });

  test("is kept by the app's inbox where it came to a binding, and by nobody where it came by the clock", async () => {
    const inbox = broker();
    const postponed: unknown[] = [];
    const postpone = async (from: unknown, { event: { id } }: EventArrival, at: number): Promise<boolean> => {
      postponed.push([from, id, at]);
      return false;
    };
    const on = { kind: "binding", binding: "uploads", attempts: 2 } as const;
    const settle = ({ event: { id } }: EventArrival): Outcome =>
      id === "later" ? { kind: "retry", notBefore: 77, reason: "later" } : retry;
    const [input, beat] = [serve(settle, { on }), serve(settle, { on: { ...on, cron: "* * * * *" } })];
    const { runner } = run([input, beat], {}, { inbox: () => ({ ...inbox, postpone }) });
    const from = { topic: "uploads", subscriber: "work", attempts: 2, ordered: false };
    const both = call([event("last", { attempt: 2 }), event("later", { attempt: 1 })]);
    expect(((await runner.run(input, both)) as Outcome[]).map(({ kind }) => kind)).toEqual(["done", "retry"]);
    expect([inbox.buried, postponed]).toEqual([[[from, "last", "again"]], [[from, "later", 77]]]);
    expect(((await runner.run(beat, both)) as Outcome[]).map(({ kind }) => kind)).toEqual(["dead", "retry"]);
    expect([inbox.buried.length, postponed.length]).toEqual([1, 1]);
  });

  test("is called with the time that is left, and without a secret", async () => {
    const given: { reason: string; signal: AbortSignal | undefined }[] = [];
    const bury = async (
      _from: unknown,
      _arrival: unknown,
      reason: string,
      options?: { signal?: AbortSignal },
    ): Promise<void> => {
      given.push({ reason, signal: options?.signal });
    };
    const served = serve((_arrival, invocation) => {
      invocation.conceal("hunter22");
      return { kind: "dead", reason: "wrong password hunter22" };
    });
    const { runner, lines } = run([served], { pubsub: bound({ bury }) });
    await runner.run(served, call([event("a")], Date.now() + 60_000));
    expect(given).toEqual([{ reason: "wrong password [secret]", signal: expect.any(AbortSignal) }]);
    expect(JSON.stringify(lines)).not.toContain("hunter22");
  });

  test("is not even opened for what comes again anyway", async () => {
    const served = serve(() => retry);
    let opened = 0;
    const create = (): Component => {
      opened += 1;
      return {};
    };
    const pubsub = { type: "test", metadata: {}, create };
    await run([served], { pubsub }).runner.run(served, call([event("a")]));
    expect(opened).toBe(0);
  });
});

describe("the deadline", () => {
  test("fires the signal first, then gives the run up in time; a handler that goes on changes nothing", async () => {
    vi.useFakeTimers();
    try {
      const seen: string[] = [];
      const end = gate();
      const served = serve(async (_arrival, { signal, deadline }) => {
        signal.addEventListener("abort", () =>
          seen.push(`signal ${deadline - Date.now()}: ${(signal.reason as FaastenError).code}`),
        );
        await end.passed;
        seen.push("zombie");
        return done;
      });
      const { runner, lines } = run([served]);
      const start = Date.now();
      const running = runner.run(served, call([event("a")], start + 30_000)).then((outcomes) => {
        seen.push(`given up ${start + 30_000 - Date.now()}`);
        return outcomes;
      });
      await vi.advanceTimersByTimeAsync(28_999);
      expect(seen).toEqual([]);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(seen).toEqual(["signal 1000: TIMEOUT", "given up 500"]);
      expect(await running).toEqual([{ kind: "retry", reason: "work did not end within 30000 ms" }]);
      end.open();
      await vi.advanceTimersByTimeAsync(10);
      expect(seen.at(-1)).toBe("zombie");
      expect(await running).toEqual([{ kind: "retry", reason: "work did not end within 30000 ms" }]);
      expect(lines).toMatchObject([{ level: "error", message: "failed", error: { code: "TIMEOUT" } }]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("is known to who asks for the signal only after it; a late failure is logged", async () => {
    vi.useFakeTimers();
    try {
      const end = gate();
      let late: AbortSignal | undefined;
      const served = serve(async (_arrival, invocation) => {
        await end.passed;
        late = invocation.signal;
        throw new Error("too late");
      });
      const { runner, lines } = run([served]);
      const running = runner.run(served, call([event("a")], Date.now() + 1_000));
      await vi.advanceTimersByTimeAsync(1_000);
      await running;
      end.open();
      await vi.advanceTimersByTimeAsync(1);
      expect(late?.aborted).toBe(true);
      expect(lines.at(-1)).toMatchObject({
        level: "warn",
        message: "failed after it was given up",
        error: { message: "too late" },
      });
    } finally {
      vi.useRealTimers();
    }
  });

  test("is no timer at all where there is none, or where it is months away", async () => {
    vi.useFakeTimers();
    try {
      for (const deadline of [Number.POSITIVE_INFINITY, Date.now() + 90 * 86_400_000]) {
        const served = serve(async (_arrival, { signal }) => {
          expect(vi.getTimerCount()).toBe(0);
          expect(signal.aborted).toBe(false);
          return done;
        });
        expect(await run([served]).runner.run(served, call([event("a")], deadline))).toEqual([done]);
      }
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("an error that nobody caught", () => {
  const two = () => {
    const ends = [gate(), gate()];
    const functions = ends.map((end, index) =>
      serve(
        async () => {
          await end.passed;
          return done;
        },
        { name: `f${index}` },
      ),
    );
    return { ...run(functions), functions, ends };
  };

  test("fails the only run there is", async () => {
    const {
      runner,
      lines,
      functions: [first],
      ends: [end],
    } = two();
    if (!first) return;
    const running = runner.run(first, call([event("a")]));
    await turn();
    runner.uncaught(new Error("stray"));
    expect(await running).toEqual([{ kind: "retry", reason: "stray" }]);
    expect(lines[0]).toMatchObject({
      level: "error",
      message: "an error that nobody caught",
      function: "f0",
      error: { message: "stray" },
    });
    end?.open();
  });

  test("fails none of several, and is logged with all their names", async () => {
    const { runner, lines, functions, ends } = two();
    const running = functions.map((each) => runner.run(each, call([event("a")])));
    await turn();
    runner.uncaught(new Error("stray"));
    for (const end of ends) end.open();
    expect(await Promise.all(running)).toEqual([[done], [done]]);
    expect(lines).toMatchObject([{ function: "f0, f1", error: { message: "stray" } }]);
  });

  test("fails the one of several that the host saw it come from", async () => {
    const { runner, functions, ends } = two();
    const calls = functions.map(() => call([event("a")]));
    const running = functions.map((each, index) => runner.run(each, calls[index] ?? call([])));
    await turn();
    runner.uncaught(new Error("stray"), { invocation: calls[1]?.id ?? "", function: "f1" });
    for (const end of ends) end.open();
    expect(await Promise.all(running)).toEqual([[done], [{ kind: "retry", reason: "stray" }]]);
  });

  test("after the reply is logged with the function's name, and fails nobody else", async () => {
    const {
      runner,
      lines,
      functions: [first, second],
      ends,
    } = two();
    if (!first || !second) return;
    ends[0]?.open();
    const before = call([event("a")]);
    await runner.run(first, before);
    runner.uncaught(new Error("left behind"));
    expect(lines.at(-1)).toMatchObject({ function: "f0", error: { message: "left behind" } });
    const running = runner.run(second, call([event("a")]));
    await turn();
    runner.uncaught(new Error("left behind"), { invocation: before.id, function: "f0" });
    expect(lines.at(-1)).toMatchObject({ function: "f0", error: { message: "left behind" } });
    ends[1]?.open();
    expect(await running).toEqual([done]);
  });
});

describe("what a run is", () => {
  test("a part of the trace that its event or its call belongs to, and one of its own where neither says", async () => {
    const seen: string[] = [];
    const served = serve((_arrival, { traceparent }) => {
      seen.push(traceparent);
      return done;
    });
    const { runner } = run([served]);
    const [ofEvent, ofCall] = ["a", "b"].map((digit) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`);
    const carrying = event("a");
    await runner.run(served, {
      ...call([{ ...carrying, event: { ...carrying.event, extensions: { traceparent: ofEvent ?? "" } } }, event("b")]),
      traceparent: ofCall ?? "",
    });
    await runner.run(served, call([event("c")]));
    expect(seen[0]).toMatch(/^00-a{32}-(?!a{16})[0-9a-f]{16}-01$/);
    expect(seen[1]).toMatch(/^00-b{32}-(?!b{16})[0-9a-f]{16}-01$/);
    expect(seen[2]).toMatch(/^00-(?![ab]{32})[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  test("refuses what the function was not granted, by name", async () => {
    const grant = { block: "state", component: "orders", right: "readWrite", open: () => "client" } as const;
    const results: unknown[] = [];
    const served = serve((_arrival, invocation) => {
      try {
        results.push(invocation.open(grant));
      } catch (error) {
        results.push((error as FaastenError).code, (error as FaastenError).message);
      }
      return done;
    });
    await run([served]).runner.run(served, call([event("a")]));
    expect(results).toEqual(["NOT_GRANTED", "work may not readWrite orders: name it in its `uses`"]);
    const granted = serve(
      (_arrival, invocation) => {
        results.push(invocation.open(grant));
        return done;
      },
      { uses: { orders: grant } },
    );
    await run([granted]).runner.run(granted, call([event("a")]));
    expect(results.at(-1)).toBe("client");
  });
});

/** Throws itself at whoever looks at it. */
function untouchable(): object {
  const trap = (): never => {
    throw it;
  };
  const it: object = new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap });
  return it;
}
