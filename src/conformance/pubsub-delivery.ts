// Publishing: who gets what, and that it comes as it went.
import assert from "node:assert/strict";
import type { CloudEvent } from "../contracts/event.ts";
import { assertEvent, event, fresh, ids, overtaken, type PubSubCase, recorder, until } from "./pubsub-harness.ts";

export const deliveryCases: readonly PubSubCase[] = [
  {
    name: "every subscriber of a topic gets every message, and no other topic's",
    async run(harness) {
      const [topic, other] = [fresh("topic"), fresh("other")];
      const [first, second, elsewhere] = [recorder(topic), recorder(topic), recorder(other)];
      await harness.pump([first, second, elsewhere]);
      const events = [event(1), event(2), event(3)];
      for (const each of events) await harness.component.publish(topic, each);
      const sent = events.map(({ id }) => id).sort();
      for (const each of [first, second]) {
        await until(() => each.arrivals.length === 3, "a subscriber had all three");
        assert.deepEqual(ids(each).sort(), sent);
      }
      await overtaken(harness, elsewhere);
      assert.deepEqual(ids(elsewhere), []);
    },
  },
  ...shapes().map(
    ([name, sent]): PubSubCase => ({
      name: `an event comes as it was published: ${name}`,
      async run({ component, pump }) {
        const each = recorder(fresh("topic"));
        await pump([each]);
        await component.publish(each.subscription.topic, sent);
        await until(() => each.arrivals.length === 1, "the event arrived");
        assertEvent(each.arrivals[0]?.event, sent);
        assert.ok([undefined, 1].includes(each.arrivals[0]?.attempt), "the first attempt is not 1");
      },
    }),
  ),
  {
    name: "one subscriber changing its bytes changes no other's",
    async run({ component, pump }) {
      const topic = fresh("topic");
      const spoil = recorder(topic, ({ event: { data } }) => {
        if (data && "bytes" in data) data.bytes.fill(9);
        return { kind: "done" };
      });
      const [before, after] = [recorder(topic), recorder(topic)];
      await pump([before, spoil, after]);
      const bytes = new Uint8Array([1, 2, 3]);
      await component.publish(topic, event(undefined, { data: { bytes } }));
      bytes.fill(8);
      await until(() => before.arrivals.length + after.arrivals.length === 2, "both others had it");
      for (const { arrivals } of [before, after]) {
        const data = arrivals[0]?.event.data;
        assert.deepEqual(data && "bytes" in data && [...data.bytes], [1, 2, 3]);
      }
    },
  },
  {
    name: "publishMany delivers what publish would, and says what was not taken",
    needs: "publishMany",
    async run({ component, pump }) {
      const each = recorder(fresh("topic"));
      await pump([each]);
      const events = Array.from({ length: 25 }, (_, index) => event({ index }));
      assert.deepEqual(await component.publishMany?.(each.subscription.topic, events), []);
      await until(() => each.arrivals.length === 25, "all arrived");
      for (const sent of events) {
        assertEvent(each.arrivals.find((arrival) => arrival.event.id === sent.id)?.event, sent);
      }
      assert.deepEqual(await component.publishMany?.(each.subscription.topic, []), []);
    },
  },
  {
    name: "an event without subscribers is taken, and reaches nobody: a subscriber gets what comes after it",
    async run(harness) {
      const topic = fresh("topic");
      await harness.component.publish(topic, event("to nobody"));
      const first = recorder(topic);
      await harness.pump([first]);
      await harness.component.publish(topic, event("to the first"));
      await until(() => first.arrivals.length > 0, "the first had its event");
      const later = recorder(topic);
      await harness.pump([first, later]);
      await overtaken(harness, first, later);
      assert.deepEqual([first.arrivals.length, later.arrivals.length], [1, 0]);
    },
  },
  {
    name: "what is published while nobody delivers is kept",
    needs: "pause",
    async run({ component, pump, pause }) {
      const each = recorder(fresh("topic"));
      await pump([each]);
      await pause?.();
      const sent = [event(1), event(2)];
      for (const one of sent) await component.publish(each.subscription.topic, one);
      assert.equal(each.arrivals.length, 0, "a paused pump delivered");
      await pump([each]);
      await until(() => each.arrivals.length === 2, "both arrived");
      assert.deepEqual(ids(each).sort(), sent.map(({ id }) => id).sort());
    },
  },
  {
    name: "one event published twice is delivered twice, with the same id",
    async run({ component, pump }) {
      const each = recorder(fresh("topic"));
      await pump([each]);
      const sent = event("twice");
      await component.publish(each.subscription.topic, sent);
      await component.publish(each.subscription.topic, sent);
      await until(() => each.arrivals.length === 2, "it arrived twice");
      assert.deepEqual(ids(each), [sent.id, sent.id]);
    },
  },
  {
    name: "an event above 240 KiB is TOO_LARGE before it is sent, as JSON and as bytes",
    async run(harness) {
      const each = recorder(fresh("topic"));
      await harness.pump([each]);
      const bytes = new Uint8Array(180 * 1024 + 1);
      for (const large of [event("x".repeat(240 * 1024)), event(undefined, { data: { bytes } })]) {
        await assert.rejects(harness.component.publish(each.subscription.topic, large), { code: "TOO_LARGE" });
        if (!harness.component.publishMany) continue;
        const both = harness.component.publishMany(each.subscription.topic, [event("small"), large]);
        await assert.rejects(both, { code: "TOO_LARGE" });
      }
      await overtaken(harness, each);
      assert.deepEqual(ids(each), []);
    },
  },
  {
    name: "an event just below 240 KiB arrives whole",
    async run({ component, pump }) {
      const each = recorder(fresh("topic"));
      await pump([each]);
      const sent = event("é".repeat(119 * 1024));
      await component.publish(each.subscription.topic, sent);
      await until(() => each.arrivals.length === 1, "it arrived");
      assertEvent(each.arrivals[0]?.event, sent);
    },
  },
  {
    name: "an event whose expiration has passed is not delivered; one whose has not is",
    async run(harness) {
      const each = recorder(fresh("topic"));
      await harness.pump([each]);
      const expiring = (time: number): CloudEvent =>
        event(1, { extensions: { expiration: new Date(Date.now() + time).toISOString() } });
      const [late, timely] = [expiring(-10_000), expiring(60_000)];
      await harness.component.publish(each.subscription.topic, late);
      await harness.component.publish(each.subscription.topic, timely);
      await overtaken(harness, each);
      await until(() => each.arrivals.length > 0, "the timely one arrived");
      assert.deepEqual(ids(each), [timely.id]);
    },
  },
  {
    name: "two hundred messages reach two subscribers",
    async run({ component, pump }) {
      const topic = fresh("topic");
      const receivers = [recorder(topic), recorder(topic)];
      await pump(receivers);
      const events = Array.from({ length: 200 }, (_, index) => event(index));
      await Promise.all(events.map((each) => component.publish(topic, each)));
      for (const each of receivers) {
        await until(() => new Set(ids(each)).size === 200, "a subscriber had all two hundred");
      }
    },
  },
  {
    name: "an aborted signal rejects, and nothing is delivered",
    async run(harness) {
      const each = recorder(fresh("topic"));
      await harness.pump([each]);
      const signal = AbortSignal.abort();
      await assert.rejects(harness.component.publish(each.subscription.topic, event(1), { signal }));
      await overtaken(harness, each);
      assert.deepEqual(ids(each), []);
    },
  },
];

function shapes(): readonly (readonly [string, CloudEvent])[] {
  const everything = {
    time: "2026-01-02T03:04:05.678Z",
    subject: "a subject, not Latin: 日本 😀",
    dataschema: "https://example.com/schema",
    extensions: { text: 'with "quotes"', number: 42, negative: -1, yes: true, no: false, empty: "" },
  };
  return [
    ["the least", event()],
    ["all attributes and extensions", event({ a: [1, null, { b: "é" }] }, everything)],
    ["a type of JSON's own", event([1], { datacontenttype: "application/vnd.order+json; charset=utf-8" })],
    ["JSON null", event(null)],
    ["JSON text that is empty", event("")],
    ["names that objects inherit", event(undefined, { data: { json: '{"__proto__":{"a":1},"constructor":2}' } })],
    ["bytes that are not UTF-8", blob(Uint8Array.from({ length: 256 }, (_, index) => index))],
    ["bytes that look like JSON", blob(Buffer.from('{"a":1}'))],
    ["no bytes", blob(new Uint8Array())],
  ];
}

function blob(bytes: Uint8Array): CloudEvent {
  return event(undefined, { datacontenttype: "application/octet-stream", data: { bytes } });
}
