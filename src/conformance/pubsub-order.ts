// Order: the events of one key, one after another, until one is buried.
import assert from "node:assert/strict";
import type { CloudEvent } from "../contracts/event.ts";
import type { Outcome } from "../contracts/trigger.ts";
import {
  again,
  deadLetter,
  done,
  event,
  fresh,
  ids,
  type PubSubCase,
  type PubSubHarness,
  pause,
  type Receiver,
  type Recorder,
  recorder,
  until,
} from "./pubsub-harness.ts";

export const orderCases: readonly PubSubCase[] = [
  {
    name: "the events of one key arrive in the order of publishing, one after another",
    async run(harness) {
      const inHand = new Map<string, number>();
      const each = ordered(async ({ order = "" }) => {
        const already = inHand.get(order) ?? 0;
        inHand.set(order, already + 1);
        await pause(1);
        inHand.set(order, already);
        return already === 0 ? done : { kind: "dead", reason: "two of one key at once" };
      });
      await harness.pump([each]);
      const keys = ["a", "b", "c"];
      const sent = await publishInTurn(harness, each, keys, 10);
      await until(() => each.arrivals.length === 30, "all arrived");
      for (const key of keys) {
        assert.deepEqual(
          each.arrivals.filter(({ order }) => order === key).map((arrival) => arrival.event.id),
          sent.get(key)?.map(({ id }) => id),
        );
      }
      if (harness.component.deadLetters) {
        for await (const letter of harness.component.deadLetters(each.subscription)) {
          assert.fail(String(letter.extensions?.["faastenreason"]));
        }
      }
    },
  },
  {
    name: "a failing event holds back its key and no other, until it is done",
    async run(harness) {
      let healed = false;
      const bad: string[] = [];
      const each = ordered(({ event: { id } }) => (bad.includes(id) && !healed ? slowly("not yet") : done), 1000);
      await harness.pump([each]);
      const stuck = [event("a1"), event("a2"), event("a3")];
      bad.push(String(stuck[0]?.id));
      const free = [event("b1"), event("b2")];
      for (const one of stuck) await publish(harness, each, one, "a");
      for (const one of free) await publish(harness, each, one, "b");
      await until(() => free.every(({ id }) => ids(each).includes(id)), "the other key went on");
      await until(() => each.arrivals.filter(({ event }) => bad.includes(event.id)).length > 2, "it failed thrice");
      for (const { id } of stuck.slice(1)) assert.ok(!ids(each).includes(id), "its key was not held back");
      healed = true;
      await until(() => ids(each).includes(String(stuck[2]?.id)), "the key went on");
      const rest = ids(each).filter((id) => stuck.slice(1).some((one) => one.id === id));
      assert.deepEqual(
        rest,
        stuck.slice(1).map(({ id }) => id),
      );
    },
  },
  {
    name: "once the failing event is buried, the rest of its key follows in order",
    async run(harness) {
      let attempts = 0;
      const bad: string[] = [];
      const each = ordered(({ event: { id } }) => {
        if (!bad.includes(id)) return done;
        attempts += 1;
        return again("never");
      }, 2);
      await harness.pump([each]);
      const sent = [event(1), event(2), event(3)];
      bad.push(String(sent[0]?.id));
      for (const one of sent) await publish(harness, each, one, "a");
      await until(() => ids(each).includes(String(sent[2]?.id)), "the rest followed");
      assert.equal(attempts, 2);
      assert.deepEqual(
        ids(each),
        [0, 0, 1, 2].map((index) => sent[index]?.id),
      );
    },
  },
  {
    name: "an event in hand holds back no other key",
    async run(harness) {
      await heldBack(harness, (each, other) => publish(harness, each, other, "b"));
    },
  },
  {
    name: "an event in hand holds back none that has no key",
    needs: "keyless",
    async run(harness) {
      await heldBack(harness, (each, other) => harness.component.publish(each.subscription.topic, other));
    },
  },
  {
    name: "what died in an order is redriven, dies again, and is redriven again",
    needs: "redrive",
    async run(harness) {
      let deaths = 0;
      const each = ordered(() => (deaths < 2 ? { kind: "dead", reason: `death ${++deaths}` } : done));
      await harness.pump([each]);
      const sent = event();
      await publish(harness, each, sent, "a");
      for (const [index, reason] of ["death 1", "death 2"].entries()) {
        assert.equal((await deadLetter(harness, each)).extensions?.["faastenreason"], reason);
        assert.equal(await harness.component.redrive?.(each.subscription, sent.id), true);
        await until(() => each.arrivals.length === index + 2, `it came again after ${reason}`);
      }
    },
  },
];

/** While one event is in hand, another arrives. */
async function heldBack(
  harness: PubSubHarness,
  publishOther: (each: Receiver, other: CloudEvent) => Promise<void>,
): Promise<void> {
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const slow = event("slow");
  const each = ordered(async ({ event: { id } }) => {
    if (id === slow.id) await held;
    return done;
  });
  await harness.pump([each]);
  await publish(harness, each, slow, "a");
  await until(() => ids(each).includes(slow.id), "it is in hand");
  const other = event("other");
  try {
    await publishOther(each, other);
    await until(() => ids(each).includes(other.id), "the other arrived");
  } finally {
    letGo();
  }
}

function ordered(handle: Receiver["handle"], attempts = 5): Recorder {
  return recorder(fresh("topic"), handle, { ordered: true, attempts });
}

function slowly(reason: string): Outcome {
  return { kind: "retry", notBefore: Date.now() + 20, reason };
}

function publish(
  { component }: PubSubHarness,
  { subscription }: Receiver,
  one: CloudEvent,
  order: string,
): Promise<void> {
  return component.publish(subscription.topic, one, { order });
}

async function publishInTurn(
  harness: PubSubHarness,
  receiver: Receiver,
  keys: readonly string[],
  count: number,
): Promise<ReadonlyMap<string, readonly CloudEvent[]>> {
  const sent = new Map(keys.map((key): [string, CloudEvent[]] => [key, []]));
  for (let index = 0; index < count; index++) {
    for (const [key, events] of sent) {
      const one = event(index);
      events.push(one);
      await publish(harness, receiver, one, key);
    }
  }
  return sent;
}
