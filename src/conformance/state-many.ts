// Several keys at once: getMany, list and transact.
import assert from "node:assert/strict";
import type { StateOperation } from "../contracts/state.ts";
import { assertValue, fresh, json, listed, type StateCase, type StateHarness, written } from "./state-harness.ts";

export const manyCases: readonly StateCase[] = [
  {
    name: "getMany gives what is there and leaves out what is not, each key once",
    needs: "getMany",
    async run({ component }) {
      assert.ok(component.getMany);
      const [first, second, absent] = [fresh(), fresh("__proto__"), fresh()];
      const etag = await component.set(first, json(1));
      await component.set(second, { bytes: new Uint8Array([0, 255]) });
      const found = await component.getMany([first, absent, second, first]);
      assert.deepEqual([...found.keys()].sort(), [first, second].sort());
      assertValue(found.get(first), json(1));
      assertValue(found.get(second), { bytes: new Uint8Array([0, 255]) });
      assert.equal(found.get(first)?.etag, etag);
      assert.equal((await component.getMany([])).size, 0);
    },
  },
  {
    name: "getMany takes a hundred keys",
    needs: "getMany",
    async run({ component }) {
      assert.ok(component.getMany);
      const keys = Array.from({ length: 100 }, (_, index) => fresh(`${index} '"%`));
      await Promise.all(keys.map((key) => component.set(key, json(key))));
      const found = await component.getMany(keys);
      assert.equal(found.size, 100);
      for (const key of keys) assertValue(found.get(key), json(key));
    },
  },
  {
    name: "list gives the keys of a prefix and no others, without wildcards, in UTF-8 order",
    needs: "list",
    async run({ component }) {
      const prefix = fresh("%_*[a]/");
      const inside = ["", " ", "%", "A", "a", "a/b", "aa", "b", "é", "\uffee", "😀", "\u{10ffff}", "\u{10ffff}z"];
      for (const key of inside.toReversed()) await component.set(prefix + key, json(1));
      for (const outside of [prefix.slice(0, -1), `x${prefix}`, prefix.replace("%", "x"), prefix.toUpperCase()]) {
        await component.set(outside, json(1));
      }
      assert.deepEqual(
        await listed(component, prefix),
        inside.map((key) => prefix + key),
      );
    },
  },
  {
    name: "list goes on after a key, there or not",
    needs: "list",
    async run({ component }) {
      const prefix = fresh("/");
      for (const key of ["a", "b", "c"]) await component.set(prefix + key, json(1));
      assert.deepEqual(await listed(component, prefix, `${prefix}a`), [`${prefix}b`, `${prefix}c`]);
      assert.deepEqual(await listed(component, prefix, `${prefix}bb`), [`${prefix}c`]);
      assert.deepEqual(await listed(component, prefix, `${prefix}c`), []);
      assert.deepEqual(await listed(component, prefix, " "), [`${prefix}a`, `${prefix}b`, `${prefix}c`]);
    },
  },
  {
    name: "list pages through more than a thousand keys, each once",
    needs: "list",
    async run({ component, second }) {
      const prefix = fresh("/");
      const keys = Array.from({ length: 1100 }, (_, index) => `${prefix}${String(index).padStart(4, "0")}`);
      for (let at = 0; at < keys.length; at += 100) {
        await Promise.all(keys.slice(at, at + 100).map((key) => component.set(key, json(1))));
      }
      assert.deepEqual(await listed(second, prefix), keys);
    },
  },
  {
    name: "list leaves out what was deleted and what has expired; an empty prefix lists all",
    needs: "list",
    async run({ component }) {
      const prefix = fresh("/");
      for (const key of ["deleted", "expired", "live"]) await component.set(prefix + key, json(1));
      await component.delete(`${prefix}deleted`);
      await component.set(`${prefix}expired`, json(1), { expiresAt: Date.now() - 5000 });
      assert.deepEqual(await listed(component, prefix), [`${prefix}live`]);
      assert.ok((await listed(component, "")).includes(`${prefix}live`));
    },
  },
  {
    name: "a transaction does all of its operations, and each entry can then be read by itself",
    needs: "transact",
    async run(harness) {
      const [partition, set, created, deleted] = [fresh("partition"), fresh(), fresh(), fresh()];
      await transact(harness, partition, [put(set, 1), put(deleted, 1)]);
      const ifEtag = written((await harness.component.get(set, { partition }))?.etag);
      const expiresAt = Math.ceil(Date.now() / 1000) * 1000 + 60_000;
      const operations: StateOperation[] = [
        { ...put(set, 2), ifEtag },
        { ...put(created, 3), ifAbsent: true, expiresAt },
        { kind: "delete", key: deleted },
      ];
      assert.equal(await transact(harness, partition, operations), true);
      const entry = await harness.second.get(set, { partition });
      assertValue(entry, json(2));
      assert.notEqual(entry?.etag, ifEtag);
      assertValue(await harness.second.get(created, { partition }), json(3));
      assert.equal((await harness.second.get(created, { partition }))?.expiresAt, expiresAt);
      assert.equal(await harness.second.get(deleted, { partition }), undefined);
    },
  },
  ...badConditions().map(
    ([name, condition]): StateCase => ({
      name: `a transaction with one condition that does not hold leaves nothing: ${name}`,
      needs: "transact",
      async run(harness) {
        const [partition, there, absent] = [fresh("partition"), fresh(), fresh()];
        await transact(harness, partition, [put(there, 1)]);
        const before = await harness.component.get(there, { partition });
        const operations = [put(absent, 2), { kind: "delete" as const, key: there, ...condition }];
        assert.equal(await transact(harness, partition, operations), false);
        const others = [{ ...put(there, 2), ...condition }, put(absent, 2)];
        assert.equal(await transact(harness, partition, others), false);
        assert.equal(await harness.component.get(absent, { partition }), undefined);
        assert.deepEqual(await harness.component.get(there, { partition }), before);
      },
    }),
  ),
  {
    name: "of ten transactions on one etag one goes through, whole",
    needs: "transact",
    async run(harness) {
      const [partition, guard, other] = [fresh("partition"), fresh(), fresh()];
      await transact(harness, partition, [put(guard, 0)]);
      const ifEtag = written((await harness.component.get(guard, { partition }))?.etag);
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          transact(harness, partition, [{ ...put(guard, index), ifEtag }, put(other, index)]),
        ),
      );
      assert.equal(outcomes.filter(Boolean).length, 1);
      const winner = json(outcomes.indexOf(true));
      assertValue(await harness.component.get(guard, { partition }), winner);
      assertValue(await harness.component.get(other, { partition }), winner);
    },
  },
  {
    name: "a transaction takes a hundred operations, none at all, and refuses 101 with INVALID",
    needs: "transact",
    async run(harness) {
      const partition = fresh("partition");
      const keys = Array.from({ length: 101 }, () => fresh());
      const operations = keys.map((key) => put(key, 1));
      await assert.rejects(transact(harness, partition, operations), { code: "INVALID" });
      assert.equal(await harness.component.get(String(keys[0]), { partition }), undefined);
      assert.equal(await transact(harness, partition, operations.slice(1)), true);
      for (const key of keys.slice(1)) assertValue(await harness.component.get(key, { partition }), json(1));
      assert.equal(await transact(harness, partition, []), true);
    },
  },
  {
    name: "a transaction that names a key twice is INVALID, and leaves nothing",
    needs: "transact",
    async run(harness) {
      const [partition, key] = [fresh("partition"), fresh()];
      const twice: StateOperation[] = [put(key, 1), { kind: "delete", key }];
      await assert.rejects(transact(harness, partition, twice), { code: "INVALID" });
      await assert.rejects(transact(harness, partition, [put(key, 1), put("", 1)]), { code: "INVALID" });
      assert.equal(await harness.component.get(key, { partition }), undefined);
    },
  },
  {
    name: "a transaction under an aborted signal rejects and leaves nothing",
    needs: "transact",
    async run({ component }) {
      const [partition, key] = [fresh("partition"), fresh()];
      await assert.rejects(async () => component.transact?.(partition, [put(key, 1)], { signal: AbortSignal.abort() }));
      assert.equal(await component.get(key, { partition }), undefined);
    },
  },
];

function transact(
  { component }: StateHarness,
  partition: string,
  operations: readonly StateOperation[],
): Promise<boolean> {
  assert.ok(component.transact, "the store has no transact");
  return component.transact(partition, operations);
}

function put(key: string, value: unknown): { kind: "set"; key: string; value: { json: string } } {
  return { kind: "set", key, value: { json: JSON.stringify(value) } };
}

function badConditions(): readonly (readonly [string, { ifEtag: string } | { ifAbsent: true }])[] {
  return [
    ["a foreign etag", { ifEtag: "foreign" }],
    ["an empty etag", { ifEtag: "" }],
    ["ifAbsent where something is", { ifAbsent: true }],
  ];
}
