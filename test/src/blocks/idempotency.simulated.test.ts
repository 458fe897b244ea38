// Idempotency on bad days: thousands of seeds of lost requests, lost replies, late writes, stale reads, pauses and deaths.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Answer, idempotency, type Keep } from "../../../src/blocks/idempotency.ts";
import type { Value } from "../../../src/contracts/component.ts";
import type { Invocation } from "../../../src/contracts/function.ts";
import type { Condition } from "../../../src/contracts/state.ts";
import { type Faults, noFaults, Simulator, storeOn } from "./simulator.ts";

const bad: Faults = {
  requestLost: 0.02,
  replyLost: 0.02,
  late: 0.5,
  stale: 0,
  throttled: 0.01,
  pause: 0.02,
  death: 0.01,
};
const allowed = 3_000;

let present: Simulator;
beforeEach(() => {
  vi.spyOn(Date, "now").mockImplementation(() => present.clock());
  vi.spyOn(Math, "random").mockImplementation(() => present.random());
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((resume: () => void, milliseconds: number) => {
    void present.sleep(milliseconds).then(resume);
  }) as typeof setTimeout);
});
afterEach(() => {
  vi.restoreAllMocks();
});

interface Outcome {
  /** What kept answers there were, as callers saw them: never two. */
  readonly answers: ReadonlySet<string>;
  /** Runs that began while another was within its claim. */
  readonly overlaps: number;
  readonly unfinished: number;
  readonly runs: number;
  /** The store failed so long that an answer was given without being kept, and the log said so. */
  readonly unkept: boolean;
}

interface Reply {
  readonly text: string;
  readonly good: boolean;
}

const keep: Keep<Reply> = {
  write: ({ text, good }) => (good ? text : undefined),
  read: (text) => ({ text, good: true }),
  lost: () => ({ text: "lost", good: true }),
};

/** Some callers want the same thing done, each tries until it has an answer. Faults end after half a minute. */
async function simulate(
  seed: number,
  faults: Faults,
  ignores?: (value: Value | undefined, options: Condition) => boolean,
): Promise<Outcome> {
  const simulator = new Simulator(seed, faults);
  present = simulator;
  const store = storeOn(simulator, ignores);
  const answers = new Set<string>();
  const holding = new Set<{ readonly until: number }>();
  let [runs, overlaps, unfinished, unkept] = [0, 0, 0, false];

  /** Takes its time, fails now and then, or ends with nothing to keep. */
  async function work(holder: { readonly until: number }): Promise<Reply> {
    for (const other of holding) if (simulator.now < Math.min(holder.until, other.until)) overlaps += 1;
    holding.add(holder);
    const text = `run ${++runs}`;
    await simulator.sleep(10 + simulator.random() * 1_500);
    const luck = simulator.random();
    if (luck < 0.2) holding.delete(holder);
    if (luck < 0.1) throw new Error("the work failed");
    return { text, good: luck >= 0.2 };
  }

  function attempt(): Promise<Answer<Reply> | "failed" | "died"> {
    return simulator.spawn(async () => {
      const abort = new AbortController();
      const deadline = Date.now() + allowed;
      const until = simulator.now + allowed;
      const holder = { until };
      simulator.at(until - 500, () => abort.abort());
      const error = (): void => {
        unkept = true;
      };
      const log = { debug() {}, info() {}, warn() {}, error };
      const now = (): number => Date.now();
      const invocation = { function: "work", deadline, now, signal: abort.signal, log } as unknown as Invocation;
      try {
        return await idempotency.open(() => store, invocation).once({ key: "k", keep }, () => work(holder));
      } catch {
        return "failed";
      } finally {
        holding.delete(holder);
      }
    });
  }

  async function call(): Promise<void> {
    unfinished += 1;
    await simulator.sleep(simulator.random() * 3_000);
    for (;;) {
      const reply = await attempt();
      if (typeof reply === "object" && reply.kind === "answer" && reply.value.good) {
        answers.add(reply.value.text);
        unfinished -= 1;
        return;
      }
      const busy = typeof reply === "object" && reply.kind === "busy" ? Math.max(0, reply.until - simulator.now) : 0;
      if (simulator.now > start + 300_000) return;
      await simulator.sleep(busy * simulator.random() + 50 + simulator.random() * 500);
    }
  }

  const start = simulator.now;
  simulator.at(start + 30_000, () => {
    simulator.faults = noFaults;
  });
  for (let index = 0; index < 2 + (seed % 3); index++) void call();
  await simulator.run();
  return { answers, overlaps, unfinished, runs, unkept };
}

/** What is broken in any of these seeds, and how many of them could not be judged. */
async function judge(
  seeds: number,
  faults: Faults,
  ignores?: (value: Value | undefined, options: Condition) => boolean,
) {
  const broken: string[] = [];
  let [unkept, runs] = [0, 0];
  for (let seed = 1; seed <= seeds && broken.length < 5; seed++) {
    const outcome = await simulate(seed, faults, ignores);
    runs += outcome.runs;
    if (outcome.unkept) unkept += 1;
    else if (outcome.answers.size !== 1) broken.push(`seed ${seed}: answers ${[...outcome.answers].join(", ")}`);
    if (outcome.overlaps > 0) broken.push(`seed ${seed}: two ran at once, and neither had outlived its claim`);
    if (outcome.unfinished > 0) broken.push(`seed ${seed}: ${outcome.unfinished} never had an answer`);
  }
  return { broken, unkept, runs };
}

test("one answer for a key, no two at once, and an answer for everyone, on five thousand bad days", async () => {
  const { broken, unkept, runs } = await judge(5_000, bad);
  expect(broken).toEqual([]);

  expect(unkept).toBeLessThan(100);
  expect(runs, "the faults were real: work was done again").toBeGreaterThan(6_000);
});

test("the same on days that are worse still", async () => {
  const { broken, unkept } = await judge(3_000, {
    ...bad,
    requestLost: 0.08,
    replyLost: 0.08,
    pause: 0.06,
    death: 0.03,
  });
  expect(broken).toEqual([]);
  expect(unkept).toBeLessThan(300);
});

test("the same where one read in ten is old", async () => {
  const { broken, unkept } = await judge(2_000, { ...bad, stale: 0.1 });
  expect(broken).toEqual([]);
  expect(unkept).toBeLessThan(40);
});

test("nothing runs twice on a good day, but for what failed", async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const { answers, runs } = await simulate(seed, noFaults);
    expect(answers.size).toBe(1);
    expect([...answers]).toEqual([`run ${runs}`]);
  }
});

const state = (value: Value | undefined): unknown =>
  value && "json" in value ? (JSON.parse(value.json) as { state: string }).state : undefined;

test.each<[string, (value: Value | undefined, options: Condition) => boolean]>([
  ["first claim", (value, { ifAbsent }) => state(value) === "busy" && ifAbsent === true],
  ["takeover", (value, { ifEtag }) => state(value) === "busy" && ifEtag !== undefined],
  ["final write", (value) => state(value) === "done"],
  ["release", (value) => value === undefined],
])("without the condition on the %s it breaks: the simulator would have found it", async (_what, ignores) => {
  const { broken } = await judge(2_000, { ...bad, pause: 0.06 }, ignores);
  expect(broken).not.toEqual([]);
});
