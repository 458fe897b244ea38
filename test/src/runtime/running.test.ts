// Many runs under one timer.
import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Running, type Timed } from "../../../src/runtime/running.ts";
import { call, event, gate, run, serve } from "./stand-ins.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the runs that have not ended", () => {
  test("ring when each is due, whatever order they came in, and those that ended do not", () => {
    const rung: string[] = [];
    const running = new Running<Timed>();
    const began = Date.now();
    const add = (name: string, ...times: readonly number[]): Timed => {
      const left = times.map((time) => began + time);
      const timed = {
        due: left.shift() ?? Number.POSITIVE_INFINITY,
        ring() {
          rung.push(`${name} ${Date.now() - began}`);
          timed.due = left.shift() ?? Number.POSITIVE_INFINITY;
        },
      };
      running.add(timed);
      return timed;
    };
    add("never");
    add("late", 500, 600);
    add("early", 100);
    const ended = add("ended", 50);
    expect(vi.getTimerCount()).toBe(1);
    running.delete(ended);
    vi.advanceTimersByTime(1000);
    expect(rung).toEqual(["early 100", "late 500", "late 600"]);
    expect(vi.getTimerCount()).toBe(0);
    add("again", 1100);
    vi.advanceTimersByTime(100);
    expect(rung.at(-1)).toBe("again 1100");
  });

  test("keep the process alive, and nothing does once they have ended", () => {
    const set = vi.spyOn(globalThis, "setTimeout");
    const running = new Running<Timed>();
    const timed: Timed = { due: Date.now() + 100, ring() {} };
    running.add(timed);
    const timer = set.mock.results[0]?.value as NodeJS.Timeout;
    expect(timer.hasRef()).toBe(true);
    running.delete(timed);
    expect(timer.hasRef()).toBe(false);
    running.add({ due: Date.now() + 200, ring() {} });
    expect(timer.hasRef()).toBe(true);
    expect(set).toHaveBeenCalledTimes(1);
  });
});

test("who listens to the signal hears it in the context of its own run", async () => {
  const calls = new AsyncLocalStorage<string>();
  const heard: string[] = [];
  const { reached, open } = { reached: gate(), open: gate() };
  const served = serve(async ({ event: { id } }, { signal }) => {
    signal.addEventListener("abort", () => heard.push(`${id} in ${calls.getStore()}`));
    if (id === "b") reached.open();
    await open.passed;
    return { kind: "done" };
  });
  const { runner } = run([served]);
  const deadline = Date.now() + 10_000;
  const both = ["a", "b"].map((id) => calls.run(id, () => runner.run(served, call([event(id)], deadline))));
  await reached.passed;
  vi.advanceTimersByTime(9_000);
  open.open();
  await Promise.all(both);
  expect(heard).toEqual(["a in a", "b in b"]);
});
