// What becomes of an event that was not handled: again, later, dead or dropped, and never lost.
import assert from "node:assert/strict";
import type { EventArrival, Outcome } from "../contracts/trigger.ts";
import {
  again,
  assertData,
  assertEvent,
  deadLetter,
  deadLetters,
  done,
  event,
  fresh,
  ids,
  overtaken,
  type PubSubCase,
  pause,
  recorder,
  until,
} from "./pubsub-harness.ts";

export const failureCases: readonly PubSubCase[] = [
  {
    name: "a retried event comes again to that subscriber alone, with the same id and a higher attempt",
    async run(harness) {
      const topic = fresh("topic");
      const bad = event("bad");
      const failing = recorder(topic, ({ event: { id }, attempt }) =>
        id === bad.id && attempt !== 3 ? again() : done,
      );
      const healthy = recorder(topic);
      await harness.pump([failing, healthy]);
      const good = [event(1), event(2)];
      for (const each of [bad, ...good]) await harness.component.publish(topic, each);
      const deliveries = (): typeof failing.arrivals => failing.arrivals.filter((each) => each.event.id === bad.id);
      await until(() => deliveries().length === 3, "it came three times");
      assert.deepEqual(
        deliveries().map(({ attempt }) => attempt),
        [1, 2, 3],
      );
      for (const { event } of deliveries()) assertEvent(event, bad);
      await overtaken(harness, failing, healthy);
      assert.equal(deliveries().length, 3, "it came again after it was done");
      assert.deepEqual(ids(healthy).sort(), [bad, ...good].map(({ id }) => id).sort());
      for (const each of good) assert.equal(ids(failing).filter((id) => id === each.id).length, 1);
    },
  },
  {
    name: "a handler that throws has the event again",
    async run({ component, pump }) {
      let thrown = false;
      const each = recorder(fresh("topic"), () => {
        if (thrown) return done;
        thrown = true;
        throw new Error("the first time");
      });
      await pump([each]);
      await component.publish(each.subscription.topic, event(1));
      await until(() => each.arrivals.length === 2, "it came again");
    },
  },
  {
    name: "a retry with a time is not delivered before it, and comes after it",
    async run({ component, pump }) {
      let notBefore = 0;
      let cameAgain = 0;
      const each = recorder(fresh("topic"), () => {
        if (notBefore > 0) {
          cameAgain ||= Date.now();
          return done;
        }
        notBefore = Date.now() + 1000;
        return { kind: "retry", notBefore, reason: "later" };
      });
      await pump([each]);
      await component.publish(each.subscription.topic, event(1));
      await until(() => each.arrivals.length === 2, "it came again");
      assert.ok(cameAgain >= notBefore, "it came before its time");
    },
  },
  {
    name: "a dead event is kept as it came, with its reason, and comes no more",
    needs: "deadLetters",
    async run(harness) {
      const sent = event({ total: -1 }, { subject: "s", extensions: { region: "eu", count: 2 } });
      const each = recorder(fresh("topic"), ({ event: { id } }) =>
        id === sent.id ? { kind: "dead", reason: "negative total: é" } : done,
      );
      await harness.pump([each]);
      await harness.component.publish(each.subscription.topic, sent);
      const letter = await deadLetter(harness, each);
      assertEvent(letter, {
        ...sent,
        extensions: {
          ...sent.extensions,
          faastenreason: "negative total: é",
          faastenattempt: 1,
          faastenfunction: each.subscription.subscriber,
        },
      });
      await overtaken(harness, each);
      assert.deepEqual(ids(each), [sent.id]);
    },
  },
  {
    name: "bytes and events without data die whole, each in its own subscriber's dead letters",
    needs: "deadLetters",
    async run(harness) {
      const topic = fresh("topic");
      const grave = recorder(topic, () => ({ kind: "dead", reason: "no" }));
      const healthy = recorder(topic);
      await harness.pump([grave, healthy]);
      const sent = [event(), event(undefined, { data: { bytes: new Uint8Array([0, 255, 254]) } })];
      for (const each of sent) await harness.component.publish(topic, each);
      await until(async () => (await deadLetters(harness, grave)).length === 2, "both are dead");
      for (const letter of await deadLetters(harness, grave)) {
        const before = sent.find(({ id }) => id === letter.id);
        assertData(letter.data, before?.data);
      }
      await until(() => healthy.arrivals.length === 2, "the other subscriber had both");
      assert.deepEqual(await deadLetters(harness, healthy), []);
    },
  },
  {
    name: "an event whose attempts are used up is dead, with the last reason",
    needs: "deadLetters",
    async run(harness) {
      const handle = ({ attempt = 0 }: EventArrival): Outcome => again(`no luck at ${attempt}`);
      const each = recorder(fresh("topic"), handle, { attempts: 3 });
      await harness.pump([each]);
      const sent = event(1);
      await harness.component.publish(each.subscription.topic, sent);
      const { id, source, extensions } = await deadLetter(harness, each);
      assert.deepEqual([id, source], [sent.id, sent.source]);
      assert.equal(extensions?.["faastenreason"], "no luck at 3");
      assert.equal(extensions["faastenattempt"], 3);
      assert.equal(extensions["faastenfunction"], each.subscription.subscriber);
      assert.equal(each.arrivals.length, 3);
    },
  },
  {
    name: "a dropped event comes no more, and is in no dead letters",
    async run(harness) {
      const sent = event(1);
      const each = recorder(fresh("topic"), ({ event: { id } }) =>
        id === sent.id ? { kind: "drop", reason: "unwanted" } : done,
      );
      await harness.pump([each]);
      await harness.component.publish(each.subscription.topic, sent);
      await until(() => each.arrivals.length === 1, "it arrived");
      await pause(300);
      await overtaken(harness, each);
      assert.deepEqual(ids(each), [sent.id]);
      if (harness.component.deadLetters) assert.deepEqual(await deadLetters(harness, each), []);
    },
  },
  {
    name: "redrive puts a dead letter back as it was: once, with its attempts before it",
    needs: "redrive",
    async run(harness) {
      let healed = false;
      const handle = (): Outcome => (healed ? done : { kind: "dead", reason: "ill" });
      const each = recorder(fresh("topic"), handle);
      await harness.pump([each]);
      const sent = event({ a: 1 }, { extensions: { region: "eu" } });
      await harness.component.publish(each.subscription.topic, sent);
      await deadLetter(harness, each);
      healed = true;
      assert.equal(await harness.component.redrive?.(each.subscription, sent.id), true);
      await until(() => each.arrivals.length === 2, "it came again");
      const [, again] = each.arrivals;
      assertEvent(again?.event, sent);
      assert.ok([undefined, 1].includes(again?.attempt), "its attempts did not begin anew");
      assert.deepEqual(await deadLetters(harness, each), []);
      assert.equal(await harness.component.redrive?.(each.subscription, sent.id), false);
    },
  },
  {
    name: "what is redriven and dies again is a dead letter again, with the new reason",
    needs: "redrive",
    async run(harness) {
      let died = 0;
      const each = recorder(fresh("topic"), () => ({ kind: "dead", reason: `death ${++died}` }));
      await harness.pump([each]);
      const sent = event();
      await harness.component.publish(each.subscription.topic, sent);
      await deadLetter(harness, each);
      await harness.component.redrive?.(each.subscription, sent.id);
      await until(() => each.arrivals.length === 2, "it came again");
      const letter = await deadLetter(harness, each);
      assert.equal(letter.extensions?.["faastenreason"], "death 2");
    },
  },
  {
    name: "redrive of an unknown id is false",
    needs: "redrive",
    async run({ component, pump }) {
      const each = recorder(fresh("topic"));
      await pump([each]);
      assert.equal(await component.redrive?.(each.subscription, "unknown"), false);
    },
  },
];
