// What the pub/sub cases run on, and how they watch.
import assert from "node:assert/strict";
import type { Value } from "../contracts/component.ts";
import type { CloudEvent } from "../contracts/event.ts";
import type { Subscription } from "../contracts/inbox.ts";
import type { PubSub } from "../contracts/pubsub.ts";
import type { EventArrival, Outcome } from "../contracts/trigger.ts";
import type { Case, Harness } from "./case.ts";

/** A subscription and its handler. */
export interface Receiver {
  readonly subscription: Subscription;
  handle(arrival: EventArrival): Outcome | Promise<Outcome>;
}

export interface PubSubHarness extends Harness {
  readonly component: PubSub;
  /**
   * Delivers as the host would: from now on to these receivers and to no others. Resolves once what is published
   * reaches them. A `handle` that rejects is what a crashed handler is.
   */
  pump(receivers: readonly Receiver[]): Promise<void>;
  /** The delivering process ends. Its inboxes stay, and fill; the next `pump` goes on with them. */
  pause?(): Promise<void>;
  /** An ordered topic takes events that have no key, too. */
  readonly keyless?: true;
}

export type PubSubCase = Case<PubSubHarness>;

export const done: Outcome = { kind: "done" };

/** Again, and at once. */
export const again = (reason = "not yet"): Outcome => ({ kind: "retry", notBefore: Date.now(), reason });

/** A name that no other run has. */
export const fresh = (name: string): string => `${name}-${crypto.randomUUID().slice(0, 13)}`;

export function event(data?: unknown, attributes: Partial<CloudEvent> = {}): CloudEvent {
  const bare = { specversion: "1.0" as const, id: crypto.randomUUID(), source: "/conformance", type: "tried" };
  if (data === undefined) return { ...bare, ...attributes };
  const value: Value = { json: JSON.stringify(data) };
  return { ...bare, datacontenttype: "application/json", data: value, ...attributes };
}

/** A receiver that keeps what reached it, in order. */
export interface Recorder extends Receiver {
  readonly arrivals: EventArrival[];
}

export function recorder(
  topic: string,
  handle: Receiver["handle"] = () => done,
  options: Partial<Omit<Subscription, "topic">> = {},
): Recorder {
  const arrivals: EventArrival[] = [];
  return {
    subscription: { topic, subscriber: fresh("subscriber"), attempts: 5, ordered: false, ...options },
    arrivals,
    handle(arrival) {
      arrivals.push(arrival);
      return handle(arrival);
    },
  };
}

export const ids = ({ arrivals }: Recorder): string[] => arrivals.map((arrival) => arrival.event.id);

/** Waits for what must come to pass. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `waited in vain until ${what}`);
    await pause(5);
  }
}

/**
 * Waits until a new event has come the whole way to each, so that what did not arrive before it is not coming. They are
 * all that receive their topics.
 */
export async function overtaken({ component }: PubSubHarness, ...recorders: readonly Recorder[]): Promise<void> {
  const last = event("last");
  for (const topic of new Set(recorders.map(({ subscription }) => subscription.topic))) {
    await component.publish(topic, last);
  }
  for (const { arrivals } of recorders) {
    const at = (): number => arrivals.findIndex((arrival) => arrival.event.id === last.id);
    await until(() => at() >= 0, "a later event arrived");
    arrivals.splice(at(), 1);
  }
}

export async function deadLetters({ component }: PubSubHarness, { subscription }: Receiver): Promise<CloudEvent[]> {
  assert.ok(component.deadLetters, "the broker has no deadLetters");
  const letters: CloudEvent[] = [];
  for await (const letter of component.deadLetters(subscription)) letters.push(letter);
  return letters;
}

/** The one dead letter that there must come to be. */
export async function deadLetter(harness: PubSubHarness, receiver: Receiver): Promise<CloudEvent> {
  await until(async () => (await deadLetters(harness, receiver)).length > 0, "there is a dead letter");
  const [letter, ...others] = await deadLetters(harness, receiver);
  assert.ok(letter);
  assert.equal(others.length, 0, "there is more than one dead letter");
  return letter;
}

export function assertEvent(actual: CloudEvent | undefined, expected: CloudEvent): void {
  assert.ok(actual, "the event did not arrive");
  const { data, ...attributes } = actual;
  const { data: expectedData, ...expectedAttributes } = expected;
  assert.deepEqual(plain(attributes), plain(expectedAttributes));
  assertData(data, expectedData);
}

export function assertData(data: Value | undefined, expectedData: Value | undefined): void {
  if (!expectedData) assert.equal(data, undefined, "data came out of nowhere");
  else if ("json" in expectedData) {
    assert.ok(data && "json" in data, "JSON came as bytes, or not at all");
    assert.deepEqual(JSON.parse(data.json), JSON.parse(expectedData.json));
  } else {
    assert.ok(data && "bytes" in data, "bytes came as JSON, or not at all");
    assert.equal(Buffer.compare(data.bytes, expectedData.bytes), 0, "the bytes are not those that were published");
  }
}

/** Attributes compare whatever object holds them. */
function plain({ extensions, ...attributes }: Omit<CloudEvent, "data">): object {
  return { ...attributes, ...(extensions && { extensions: { ...extensions } }) };
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
