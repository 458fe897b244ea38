// Expiry: an expired entry does not exist, swept or not.
import assert from "node:assert/strict";
import { assertValue, fresh, json, listed, type StateCase, written } from "./state-harness.ts";

export const expiryCases: readonly StateCase[] = [
  {
    name: "expiry is never early, and at most one second late: get",
    async run({ component, second }) {
      const key = fresh();
      const expiresAt = Date.now() + 1200;
      await component.set(key, json(1), { expiresAt });
      await endsOnTime(expiresAt, async () => (await second.get(key)) !== undefined);
    },
  },
  {
    name: "expiry is never early, and at most one second late: getMany",
    needs: "getMany",
    async run({ component }) {
      assert.ok(component.getMany);
      const key = fresh();
      const expiresAt = Date.now() + 1200;
      await component.set(key, json(1), { expiresAt });
      await endsOnTime(expiresAt, async () => (await component.getMany?.([key]))?.has(key) ?? false);
    },
  },
  {
    name: "expiry is never early, and at most one second late: list",
    needs: "list",
    async run({ component }) {
      const key = fresh();
      const expiresAt = Date.now() + 1200;
      await component.set(key, json(1), { expiresAt });
      await endsOnTime(expiresAt, async () => (await listed(component, key)).includes(key));
    },
  },
  {
    name: "once expired, ifAbsent succeeds and the old etag is a mismatch",
    async run({ component }) {
      const key = fresh();
      const ifEtag = written(await component.set(key, json(1), { expiresAt: Date.now() + 1 }));
      await endsOnTime(Date.now() + 1000, async () => (await component.get(key)) !== undefined, 0);
      assert.equal(await component.set(key, json(2), { ifEtag }), undefined);
      assert.equal(await component.delete(key, { ifEtag }), false);
      written(await component.set(key, json(3), { ifAbsent: true }));
      assertValue(await component.get(key), json(3));
    },
  },
  {
    name: "expiresAt is reported back, rounded up to whole seconds",
    async run({ component, second }) {
      const whole = Math.ceil(Date.now() / 1000) * 1000 + 60_000;
      for (const [asked, kept] of [
        [whole, whole],
        [whole + 1, whole + 1000],
        [whole + 999, whole + 1000],
      ] as const) {
        const key = fresh();
        await component.set(key, json(1), { expiresAt: asked });
        assert.equal((await second.get(key))?.expiresAt, kept);
      }
    },
  },
  {
    name: "an entry without expiry reports none, and writing again without one takes it off",
    async run({ component }) {
      const key = fresh();
      await component.set(key, json(1), { expiresAt: Date.now() + 60_000 });
      await component.set(key, json(2));
      assert.equal((await component.get(key))?.expiresAt, undefined);
      await component.set(key, json(3), { expiresAt: Date.now() + 1 });
      await component.set(key, json(4));
      await pause(1100);
      assertValue(await component.get(key), json(4));
    },
  },
  {
    name: "a refused write leaves the expiry as it was",
    async run({ component }) {
      const key = fresh();
      const expiresAt = Math.ceil(Date.now() / 1000) * 1000 + 60_000;
      await component.set(key, json(1), { expiresAt });
      assert.equal(await component.set(key, json(2), { ifAbsent: true }), undefined);
      assert.equal((await component.get(key))?.expiresAt, expiresAt);
    },
  },
  {
    name: "an expiry in the past is absent at once, also over a live entry",
    async run({ component }) {
      const key = fresh();
      for (const expiresAt of [Date.now() - 5000, 0]) {
        await component.set(key, json(1));
        written(await component.set(key, json(2), { expiresAt }));
        assert.equal(await component.get(key), undefined);
        written(await component.set(key, json(3), { ifAbsent: true }));
      }
    },
  },
  {
    name: "an expired row that was never swept is absent to reads",
    needs: "plantExpired",
    async run({ component, plantExpired }) {
      const key = fresh();
      await plantExpired?.(key, json(1));
      assert.equal(await component.get(key), undefined);
      if (component.getMany) assert.equal((await component.getMany([key])).size, 0);
      if (component.list) assert.deepEqual(await listed(component, key), []);
    },
  },
  {
    name: "an expired row that was never swept is absent to conditions",
    needs: "plantExpired",
    async run({ component, plantExpired }) {
      assert.ok(plantExpired);
      const key = fresh();
      const ifEtag = await plantExpired(key, json(1));
      assert.equal(await component.set(key, json(2), { ifEtag }), undefined);
      assert.equal(await component.delete(key, { ifEtag }), false);
      assert.equal(await component.delete(key, { ifAbsent: true }), true);
      written(await component.set(key, json(3), { ifAbsent: true }));
      const entry = await component.get(key);
      assertValue(entry, json(3));
      assert.equal(entry?.expiresAt, undefined, "the new entry took the old one's expiry");
    },
  },
  {
    name: "an expired row that was never swept can be deleted and written over",
    needs: "plantExpired",
    async run({ component, plantExpired }) {
      assert.ok(plantExpired);
      const key = fresh();
      await plantExpired(key, json(1));
      assert.equal(await component.delete(key), true);
      await plantExpired(key, json(1));
      written(await component.set(key, json(2)));
      assertValue(await component.get(key), json(2));
    },
  },
  {
    name: "of twenty writers with ifAbsent over an expired row one wins",
    needs: "plantExpired",
    async run({ component, second, plantExpired }) {
      assert.ok(plantExpired);
      const key = fresh();
      await plantExpired(key, json(1));
      const writes = Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? second : component).set(key, json(2), { ifAbsent: true }),
      );
      assert.equal((await Promise.all(writes)).filter((etag) => etag !== undefined).length, 1);
    },
  },
];

/** Watches until it is gone: not before `expiresAt`, unless `from` says how early it may be, and at most a second after. */
async function endsOnTime(expiresAt: number, isThere: () => Promise<boolean>, from = expiresAt): Promise<void> {
  for (;;) {
    const asked = Date.now();
    const there = await isThere();
    if (!there) {
      assert.ok(Date.now() >= from, "it expired early");
      return;
    }
    assert.ok(asked < expiresAt + 1000, "it expired more than a second late");
    await pause(20);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
