// What comes to a binding that stores, and what becomes of it: told at least once, until it is handled or given up.
import assert from "node:assert/strict";
import type { CloudEvent } from "../contracts/event.ts";
import {
  type BindingCase,
  type BindingHarness,
  bytes,
  changeIn,
  changesOf,
  deadLetters,
  fresh,
  overtaken,
  recorder,
  until,
} from "./binding-harness.ts";

const create = async ({ component }: BindingHarness, key: string, text = "x"): Promise<void> => {
  await component.create?.({ value: { bytes: bytes(text) } }, { key });
};

export const inputCases: readonly BindingCase[] = [
  {
    name: "what is created and deleted is told to every input, as an event of its own",
    needs: "pump",
    async run(harness) {
      const [one, other] = [recorder(), recorder()];
      await harness.pump?.([one, other]);
      const key = fresh("folder/é");
      await create(harness, key, "four");
      for (const each of [one, other]) await until(() => changesOf(each, key).length === 1, "its creation was told");
      await harness.component.delete?.(key);
      for (const each of [one, other]) {
        await until(() => changesOf(each, key).length === 2, "its deletion was told");
        assert.deepEqual(changesOf(each, key), [
          { change: "created", key, size: 4 },
          { change: "deleted", key },
        ]);
        for (const { event, attempt } of each.arrivals) {
          assert.equal(event.type, `object.${changeIn(event.data).change}`);
          assert.equal(event.datacontenttype, "application/json");
          assert.ok(event.id !== "" && event.source !== "" && !Number.isNaN(Date.parse(event.time ?? "")));
          assert.ok([undefined, 1].includes(attempt), "the first attempt is not 1");
        }
      }
    },
  },
  {
    name: "what is replaced is created again; one that was created and deleted in a moment is told of as well",
    needs: "pump",
    async run(harness) {
      const each = recorder();
      await harness.pump?.([each]);
      const [twice, gone] = [fresh(), fresh()];
      await create(harness, twice, "one");
      await create(harness, twice, "two");
      await create(harness, gone);
      await harness.component.delete?.(gone);
      await until(() => changesOf(each, twice).length >= 2, "both creations were told");
      await until(() => changesOf(each, gone).length >= 2, "creation and deletion were told");
      await overtaken(harness, each);
      for (const { change } of changesOf(each, twice)) assert.equal(change, "created");
      assert.deepEqual(
        changesOf(each, gone)
          .map(({ change }) => change)
          .sort(),
        ["created", "deleted"],
      );
    },
  },
  {
    name: "what was there before, and what was not done, is not told",
    needs: "pump",
    async run(harness) {
      const old = fresh();
      await create(harness, old);
      const each = recorder();
      await harness.pump?.([each]);
      const none = fresh();
      await harness.component.delete?.(none);
      await overtaken(harness, each);
      assert.deepEqual([...changesOf(each, old), ...changesOf(each, none)], []);
    },
  },
  {
    name: "one that is to come again does, with the same id and a higher attempt, until it is done",
    needs: "pump",
    async run(harness) {
      const key = fresh();
      const each = recorder(({ event, attempt }) =>
        changeIn(event.data).key === key && attempt !== 3
          ? { kind: "retry", notBefore: Date.now(), reason: "not yet" }
          : { kind: "done" },
      );
      await harness.pump?.([each]);
      await create(harness, key);
      const deliveries = (): typeof each.arrivals =>
        each.arrivals.filter(({ event }) => changeIn(event.data).key === key);
      await until(() => deliveries().length === 3, "it came three times");
      assert.deepEqual(
        deliveries().map(({ attempt }) => attempt),
        [1, 2, 3],
      );
      assert.equal(new Set(deliveries().map(({ event }) => event.id)).size, 1);
      await overtaken(harness, each);
      assert.equal(deliveries().length, 3, "it came again after it was done");
    },
  },
  {
    name: "a handler that crashes has it again, and its neighbours' go on",
    needs: "pump",
    async run(harness) {
      const key = fresh();
      let crashes = 1;
      const crashing = recorder(({ event }) => {
        if (changeIn(event.data).key !== key || crashes-- <= 0) return { kind: "done" };
        throw new Error("the first time");
      });
      const healthy = recorder();
      await harness.pump?.([crashing, healthy]);
      await create(harness, key);
      await until(() => crashing.arrivals.length >= 2, "it came again");
      await overtaken(harness, crashing, healthy);
      assert.equal(changesOf(healthy, key).length, 1);
    },
  },
  {
    name: "what is dead, dropped, or has used up its attempts comes no more",
    needs: "pump",
    async run(harness) {
      const [dead, dropped, failing] = [fresh(), fresh(), fresh()];
      const each = recorder(
        ({ event }) => {
          const { key } = changeIn(event.data);
          if (key === dead) return { kind: "dead", reason: "no use" };
          if (key === dropped) return { kind: "drop", reason: "no need" };
          return key === failing ? { kind: "retry", notBefore: Date.now(), reason: "no luck" } : { kind: "done" };
        },
        { attempts: 2 },
      );
      await harness.pump?.([each]);
      for (const key of [dead, dropped, failing]) await create(harness, key);
      const deliveries = (key: string): number =>
        each.arrivals.filter(({ event }) => changeIn(event.data).key === key).length;
      await until(() => deliveries(failing) === 2, "the last attempt was made");
      await new Promise((resolve) => setTimeout(resolve, 300));
      await overtaken(harness, each);
      assert.deepEqual([deliveries(dead), deliveries(dropped), deliveries(failing)], [1, 1, 2]);
    },
  },
  {
    name: "what is dead, or has used up its attempts, is kept as it came, with its reason, and what was dropped is not",
    needs: "deadLetters",
    async run(harness) {
      const [dead, dropped, failing] = [fresh(), fresh(), fresh()];
      const each = recorder(
        ({ event, attempt }) => {
          const { key } = changeIn(event.data);
          if (key === dead) return { kind: "dead", reason: "no use: é" };
          if (key === dropped) return { kind: "drop", reason: "no need" };
          return key === failing
            ? { kind: "retry", notBefore: Date.now(), reason: `no luck at ${attempt}` }
            : { kind: "done" };
        },
        { attempts: 2 },
      );
      await harness.pump?.([each]);
      for (const key of [dead, dropped, failing]) await create(harness, key);
      await overtaken(harness, each);
      await until(async () => (await deadLetters(harness, each)).length >= 2, "both are dead");
      const letters = await deadLetters(harness, each);
      const told = letters.map(({ data, extensions = {} }) => {
        const { faastenreason, faastenattempt, faastenfunction } = extensions;
        return [changeIn(data).key, faastenreason, faastenattempt, faastenfunction];
      });
      const { subscriber } = each.input;
      assert.deepEqual(
        new Map(told.map(([key, ...rest]) => [key, rest])),
        new Map([
          [dead, ["no use: é", 1, subscriber]],
          [failing, ["no luck at 2", 2, subscriber]],
        ]),
      );
      const came = each.arrivals.find(({ event }) => changeIn(event.data).key === dead)?.event;
      const kept = letters.find(({ data }) => changeIn(data).key === dead);
      const context = ({ id, source, type, time }: CloudEvent): readonly unknown[] => [id, source, type, time];
      assert.deepEqual(kept && context(kept), came && context(came));
    },
  },
  {
    name: "redrive hands a dead one over again, once",
    needs: "redrive",
    async run(harness) {
      let healed = false;
      const key = fresh();
      const each = recorder(({ event }) =>
        healed || changeIn(event.data).key !== key ? { kind: "done" } : { kind: "dead", reason: "ill" },
      );
      await harness.pump?.([each]);
      await create(harness, key);
      await until(async () => (await deadLetters(harness, each)).length === 1, "it is dead");
      const [letter] = await deadLetters(harness, each);
      healed = true;
      const keeper = harness.component.redrive ? harness.component : harness;
      assert.equal(await keeper.redrive?.(each.input, letter?.id ?? ""), true);
      await until(() => each.arrivals.length === 2, "it came again");
      assert.deepEqual(each.arrivals[1]?.event, each.arrivals[0]?.event);
      assert.deepEqual(await deadLetters(harness, each), []);
      assert.equal(await keeper.redrive?.(each.input, letter?.id ?? ""), false);
    },
  },
  {
    name: "one that is put off is not delivered before its time",
    needs: "pump",
    async run(harness) {
      let notBefore = 0;
      const times: number[] = [];
      const key = fresh();
      const each = recorder(({ event }) => {
        if (changeIn(event.data).key !== key) return { kind: "done" };
        times.push(Date.now());
        if (times.length > 1) return { kind: "done" };
        notBefore = Date.now() + 1000;
        return { kind: "retry", notBefore, reason: "later" };
      });
      await harness.pump?.([each]);
      await create(harness, key);
      await until(() => times.length === 2, "it came again");
      assert.ok((times[1] ?? 0) >= notBefore, "it came before its time");
    },
  },
  {
    name: "what came while nobody delivered is told, and so is what was running",
    needs: "pause",
    async run(harness) {
      const each = recorder();
      await harness.pump?.([each]);
      await overtaken(harness, each);
      await harness.pause?.();
      const [made, gone] = [fresh(), fresh()];
      await create(harness, made);
      await create(harness, gone);
      await harness.component.delete?.(gone);
      assert.deepEqual(changesOf(each, made), [], "a paused pump delivered");
      await harness.pump?.([each]);
      await until(() => changesOf(each, made).length > 0, "the creation was told");
      await until(() => changesOf(each, gone).some(({ change }) => change === "deleted"), "the deletion was told");
    },
  },
  {
    name: "what is put there behind its back is told",
    needs: "plant",
    async run(harness) {
      const each = recorder();
      await harness.pump?.([each]);
      for (const text of ["hand", "other"]) {
        const key = fresh("by/hand");
        await harness.plant?.(key, bytes(text));
        await until(() => changesOf(each, key).length > 0, "it was told");
        assert.deepEqual(changesOf(each, key)[0], { change: "created", key, size: text.length });
      }
    },
  },
];
