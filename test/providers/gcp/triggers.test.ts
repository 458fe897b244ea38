// What Google posts, as arrivals; and what became of them, as a status.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Push } from "../../../providers/gcp/push.ts";
import { trigger as http } from "../../../providers/gcp/triggers/http.ts";
import { trigger as pubsubPush } from "../../../providers/gcp/triggers/pubsub-push.ts";
import { trigger as scheduler } from "../../../providers/gcp/triggers/scheduler.ts";
import { topic } from "../../../src/index.ts";
import { type Call, createRunner, type Outcome, type PubSub, type Reply, type Served } from "../../../src/provider.ts";

interface Recorded {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Bytes are `{ base64 }`. */
  readonly arrivals: readonly unknown[];
}

const tables = [
  { trigger: pubsubPush, file: "pubsub-push" },
  { trigger: scheduler, file: "scheduler" },
] as const;

for (const { trigger, file } of tables) {
  describe(trigger.name, () => {
    for (const recorded of read(file)) {
      test(recorded.name, async () => {
        const call = callOf(recorded);
        expect(trigger.accepts(call.payload)).toBe(true);
        expect(withoutBytes(await trigger.decode(call))).toEqual(recorded.arrivals);
      });
    }

    test.each<[string, readonly Outcome[], number]>([
      ["done, or buried", [{ kind: "done" }], 204],
      ["dropped", [{ kind: "drop", reason: "" }], 204],
      ["to come again", [{ kind: "retry", reason: "" }], 503],
      ["to come again later", [{ kind: "retry", notBefore: 1, reason: "" }], 503],
      ["dead, and stored by nobody", [{ kind: "dead", reason: "" }], trigger === scheduler ? 204 : 503],
      ["nothing", [], 503],
    ])("%s", async (_name, outcomes, status) => {
      const call = callOf({ name: "", headers: {}, body: "", arrivals: [] });
      expect(await trigger.encode(outcomes, call)).toEqual({ status, headers: [], cookies: [], body: undefined });
    });
  });
}

describe(http.name, () => {
  test("no push is a request", () => {
    expect(http.accepts(callOf({ name: "", headers: {}, body: "", arrivals: [] }).payload)).toBe(false);
    expect(pubsubPush.accepts({ request: new Request("http://x/"), path: "/" })).toBe(false);
  });
  test("what is no reply is an error", async () => {
    const call = { id: "1", payload: { request: new Request("http://x/"), path: "/" }, context: {}, deadline: 0 };
    expect((await http.encode([{ kind: "done" }], call)).status).toBe(500);
  });
});

describe("a push, changed at any place", () => {
  const pushes = read("pubsub-push");
  const mutated = fc
    .tuple(fc.constantFrom(...pushes), fc.nat(), fc.nat(), fc.string({ maxLength: 3 }))
    .map(([recorded, at, cut, text]) => {
      const from = at % (recorded.body.length + 1);
      return { ...recorded, body: recorded.body.slice(0, from) + text + recorded.body.slice(from + (cut % 4)) };
    });

  test("is acknowledged exactly if it was handled or dropped", async () => {
    let handled = 0;
    let dropped = 0;
    const definition = topic("any", { raw: true }).subscribe((event) => {
      if (event.data.length % 3 === 0) throw new Error("not today");
      if (event.data.length % 3 === 1) dropped++;
      else handled++;
      if (event.data.length % 3 === 1) event.drop("not for us");
    });
    const served: Served = { name: "any", definition, triggers: [pubsubPush] };
    const broker: PubSub = { publish: async () => {} };
    const pubsub = { type: "none", metadata: {}, create: () => broker };
    const runner = createRunner({ service: "s", functions: [served], components: { pubsub } }, () => {});
    await fc.assert(
      fc.asyncProperty(mutated, async (recorded) => {
        const before = handled + dropped;
        const { status } = (await runner.run(served, callOf(recorded))) as Reply;
        expect(status === 204).toBe(handled + dropped > before);
      }),
      { numRuns: 500 },
    );
    expect(Math.min(handled, dropped)).toBeGreaterThan(0);
  });
});

function read(file: string): readonly Recorded[] {
  return JSON.parse(readFileSync(new URL(`../../fixtures/gcp/${file}.json`, import.meta.url), "utf8"));
}

function callOf({ headers, body }: Recorded): Call<Push> {
  const payload: Push = { service: "orders", function: "countOrders", headers, body: new TextEncoder().encode(body) };
  return { id: "1", payload, context: {}, deadline: Number.POSITIVE_INFINITY };
}

function withoutBytes(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutBytes);
  if ("bytes" in value) return { base64: Buffer.from(value.bytes as Uint8Array).toString("base64") };
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutBytes(member)]));
}
