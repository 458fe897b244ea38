// Compare-and-set: one winner, and no mismatch that was none.
import assert from "node:assert/strict";
import { FaastenError } from "../errors.ts";
import { assertValue, fresh, json, type StateCase, written } from "./state-harness.ts";

export const conditionCases: readonly StateCase[] = [
  {
    name: "every write gives a new etag, also of an equal value, and reads give the same",
    async run({ component }) {
      const key = fresh();
      const seen = new Set<string>();
      for (let round = 0; round < 10; round++) {
        const etag = written(await component.set(key, json("same")));
        seen.add(etag);
        assert.equal((await component.get(key))?.etag, etag);
        assert.equal((await component.get(key))?.etag, etag, "a read moved the etag");
      }
      assert.equal(seen.size, 10);
    },
  },
  {
    name: "an etag never comes back: not after a delete and an equal write",
    async run({ component }) {
      const key = fresh();
      const first = written(await component.set(key, json(1)));
      await component.delete(key);
      const again = written(await component.set(key, json(1)));
      assert.notEqual(again, first);
      assert.equal(await component.set(key, json(2), { ifEtag: first }), undefined);
      assertValue(await component.get(key), json(1));
    },
  },
  {
    name: "ifEtag writes over the version that it names, once",
    async run({ component, second }) {
      const key = fresh();
      const first = written(await component.set(key, json(1)));
      const next = written(await second.set(key, json(2), { ifEtag: first }));
      assert.notEqual(next, first);
      assert.equal(await component.set(key, json(3), { ifEtag: first }), undefined);
      const entry = await component.get(key);
      assertValue(entry, json(2));
      assert.equal(entry?.etag, next, "a refused write moved the etag");
    },
  },
  {
    name: "ifEtag on what is absent is a mismatch, and writes nothing",
    async run({ component }) {
      const key = fresh();
      const etag = written(await component.set(key, json(1)));
      await component.delete(key);
      assert.equal(await component.set(key, json(2), { ifEtag: etag }), undefined);
      assert.equal(await component.get(key), undefined);
    },
  },
  {
    name: "ifAbsent writes where nothing is, and refuses where something is",
    async run({ component, second }) {
      const key = fresh();
      written(await component.set(key, json(1), { ifAbsent: true }));
      assert.equal(await second.set(key, json(2), { ifAbsent: true }), undefined);
      assertValue(await second.get(key), json(1));
      await component.delete(key);
      written(await second.set(key, json(3), { ifAbsent: true }));
    },
  },
  {
    name: "without a condition a write takes the place of any version",
    async run({ component, second }) {
      const key = fresh();
      written(await component.set(key, json(1)));
      written(await second.set(key, json(2)));
      assertValue(await component.get(key), json(2));
    },
  },
  ...foreignEtags().map(
    ([name, etag]): StateCase => ({
      name: `a foreign etag is a mismatch and never an error: ${name}`,
      async run({ component }) {
        const key = fresh();
        assert.equal(await component.set(key, json(1), { ifEtag: etag }), undefined);
        assert.equal(await component.delete(key, { ifEtag: etag }), false);
        await component.set(key, json(1));
        assert.equal(await component.set(key, json(2), { ifEtag: etag }), undefined);
        assert.equal(await component.delete(key, { ifEtag: etag }), false);
        assertValue(await component.get(key), json(1));
      },
    }),
  ),
  {
    name: "another key's etag is a mismatch",
    async run({ component }) {
      const [key, other] = [fresh(), fresh()];
      await component.set(key, json(1));
      const etag = written(await component.set(other, json(1)));
      assert.equal(await component.set(key, json(2), { ifEtag: etag }), undefined);
    },
  },
  {
    name: "delete removes; what is not there is removed too",
    async run({ component, second }) {
      const key = fresh();
      assert.equal(await component.delete(key), true);
      await component.set(key, json(1));
      assert.equal(await second.delete(key), true);
      assert.equal(await component.get(key), undefined);
    },
  },
  {
    name: "delete with ifEtag removes the version that it names and no other",
    async run({ component }) {
      const key = fresh();
      const first = written(await component.set(key, json(1)));
      const second = written(await component.set(key, json(1)));
      assert.equal(await component.delete(key, { ifEtag: first }), false);
      assertValue(await component.get(key), json(1));
      assert.equal(await component.delete(key, { ifEtag: second }), true);
      assert.equal(await component.get(key), undefined);
      assert.equal(await component.delete(key, { ifEtag: second }), false);
    },
  },
  {
    name: "delete with ifAbsent removes nothing, and says whether nothing was there",
    async run({ component }) {
      const key = fresh();
      assert.equal(await component.delete(key, { ifAbsent: true }), true);
      await component.set(key, json(1));
      assert.equal(await component.delete(key, { ifAbsent: true }), false);
      assertValue(await component.get(key), json(1));
    },
  },
  {
    name: "of twenty writers with the same value and etag one wins, fifty times over",
    async run({ component, second }) {
      const key = fresh();
      let ifEtag = written(await component.set(key, json("same")));
      for (let round = 0; round < 50; round++) {
        const condition = { ifEtag };
        const writes = twenty((index) => (index % 2 ? second : component).set(key, json("same"), condition));
        ifEtag = onlyWinner(await Promise.all(writes));
        assert.equal((await component.get(key))?.etag, ifEtag);
      }
    },
  },
  {
    name: "of twenty writers with ifAbsent one wins, fifty times over",
    async run({ component, second }) {
      for (let round = 0; round < 50; round++) {
        const key = fresh();
        const writes = twenty((index) => (index % 2 ? second : component).set(key, json("same"), { ifAbsent: true }));
        const etag = onlyWinner(await Promise.all(writes));
        assert.equal((await second.get(key))?.etag, etag);
        await component.delete(key);
      }
    },
  },
  {
    name: "of twenty deletes with one etag one removes",
    async run({ component, second }) {
      const key = fresh();
      const ifEtag = written(await component.set(key, json(1)));
      const deletes = twenty((index) => (index % 2 ? second : component).delete(key, { ifEtag }));
      assert.equal((await Promise.all(deletes)).filter(Boolean).length, 1);
    },
  },
  {
    name: "a counter raised by twenty loops of read, add and write ends at twenty",
    async run({ component, second }) {
      const key = fresh();
      await component.set(key, json(0));
      const raise = async (store = component): Promise<void> => {
        for (let tries = 0; tries < 1000; tries++) {
          const entry = await store.get(key);
          assert.ok(entry && "json" in entry.value);
          if (await store.set(key, json(Number(entry.value.json) + 1), { ifEtag: entry.etag })) return;
        }
        assert.fail("no write of a thousand went through");
      };
      await Promise.all(twenty((index) => raise(index % 2 ? second : component)));
      assertValue(await component.get(key), json(20));
    },
  },
  {
    name: "fifty writes and deletes at once leave what one of them left, whole",
    async run({ component, second }) {
      const key = fresh();
      const values = new Map<string, number>();
      const operate = async (index: number): Promise<void> => {
        const store = index % 2 ? second : component;
        if (index % 5 === 0) await store.delete(key);
        else values.set(written(await store.set(key, json(index))), index);
      };
      await Promise.all(Array.from({ length: 50 }, (_, index) => operate(index)));
      const entry = await component.get(key);
      if (entry) assertValue(entry, json(values.get(entry.etag)));
    },
  },
  {
    name: "a conditional write whose reply is lost rejects as unknown or succeeds, and is no mismatch",
    needs: "cutNextReply",
    async run({ component, second, cutNextReply }) {
      assert.ok(cutNextReply);
      const key = fresh();
      const ifEtag = written(await component.set(key, json(1)));
      await cutNextReply();
      const outcome = await component.set(key, json(2), { ifEtag }).catch((error: unknown) => ({ error }));
      assert.notEqual(outcome, undefined, "a write that had arrived was reported as a mismatch");
      if (typeof outcome === "object" && outcome.error instanceof FaastenError) {
        const sureOfNothing = ["INVALID", "TOO_LARGE", "DENIED", "THROTTLED", "UNSUPPORTED", "MISCONFIGURED"];
        assert.ok(!sureOfNothing.includes(outcome.error.code), "the error promises that nothing was written");
      }
      assertValue(await second.get(key), json(2));
    },
  },
];

function twenty<T>(each: (index: number) => Promise<T>): Promise<T>[] {
  return Array.from({ length: 20 }, (_, index) => each(index));
}

function onlyWinner(etags: readonly (string | undefined)[]): string {
  const winners = etags.filter((etag) => etag !== undefined);
  assert.equal(winners.length, 1, `${winners.length} of ${etags.length} writers won`);
  return written(winners[0]);
}

function foreignEtags(): readonly (readonly [string, string])[] {
  return [
    ["empty", ""],
    ["a word", "foreign"],
    ["a star", "*"],
    ["a number", "1"],
    ["a quoted one", '"0x8D"'],
    ["a uuid", "5f0c1d3e-8f43-4a6b-9d0e-0123456789ab"],
    ["not Latin", "é日本😀"],
    ["a quote that ends a string", "' OR 1=1 --"],
    ["4 KiB", "e".repeat(4096)],
  ];
}
