// What the binding cases run on, and how they watch.
import assert from "node:assert/strict";
import type { Binding, BindingInput, BindingObject, Listed, ObjectChange } from "../contracts/binding.ts";
import type { CloudEvent } from "../contracts/event.ts";
import type { EventArrival, Outcome } from "../contracts/trigger.ts";
import type { Case, Harness } from "./case.ts";

/** An input and its handler. */
export interface BindingReceiver {
  readonly input: BindingInput;
  handle(arrival: EventArrival): Outcome | Promise<Outcome>;
}

export interface BindingHarness extends Harness {
  readonly component: Binding;
  /** It keeps what is created, and gives it back by its key: `get`, `list` and `delete` are there. */
  readonly storage?: true;
  /** Another client of the same data. */
  readonly second?: Binding;
  /**
   * Delivers as the host would: from now on to these receivers and to no others. Resolves once what comes reaches them.
   * A `handle` that rejects is what a crashed handler is.
   */
  pump?(receivers: readonly BindingReceiver[]): Promise<void>;
  /** The delivering process ends. What comes meanwhile is kept; the next `pump` goes on with it. */
  pause?(): Promise<void>;
  /** Of inputs, where it is not the component that keeps them. */
  deadLetters?(of: BindingInput): AsyncIterable<CloudEvent>;
  redrive?(of: BindingInput, id: string): Promise<boolean>;
  /** What an address that was signed answers, asked with no other proof. */
  reach?(address: string, init?: RequestInit): Promise<Response>;
  /** Puts an object there behind the component's back. */
  plant?(key: string, bytes: Uint8Array): Promise<void>;
}

export type BindingCase = Case<BindingHarness>;

/** A key that no other run has. */
export const fresh = (name = "key"): string => `${name}-${crypto.randomUUID()}`;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function assertObject(found: BindingObject | undefined, key: string, expected: Uint8Array): void {
  assert.ok(found, `there is no ${key}`);
  assert.equal(found.key, key);
  const { value } = found;
  assert.ok("bytes" in value, "an object came back as JSON: it is bytes");
  assert.equal(Buffer.compare(value.bytes, expected), 0, "the bytes are not those that were created");
}

export async function listed({ component }: BindingHarness, prefix: string): Promise<Listed[]> {
  assert.ok(component.list, "the binding has no list");
  const all: Listed[] = [];
  for await (const one of component.list(prefix)) all.push(one);
  return all;
}

export interface BindingRecorder extends BindingReceiver {
  readonly arrivals: EventArrival[];
}

export function recorder(
  handle: BindingReceiver["handle"] = () => ({ kind: "done" }),
  options: Partial<BindingInput> = {},
): BindingRecorder {
  const arrivals: EventArrival[] = [];
  return {
    input: { subscriber: fresh("subscriber"), attempts: 5, ...options },
    arrivals,
    handle(arrival) {
      arrivals.push(arrival);
      return handle(arrival);
    },
  };
}

/** Those of one input so far. */
export async function deadLetters(harness: BindingHarness, { input }: BindingRecorder): Promise<CloudEvent[]> {
  const keeper = harness.component.deadLetters ? harness.component : harness;
  const all: CloudEvent[] = [];
  for await (const letter of keeper.deadLetters?.(input) ?? []) all.push(letter);
  return all;
}

/** The changes of one key that reached it, each once however often it was delivered, in order. */
export function changesOf({ arrivals }: BindingRecorder, key: string): readonly ObjectChange[] {
  const seen = new Set<string>();
  return arrivals.flatMap(({ event }) => {
    const change = changeIn(event.data);
    if (change.key !== key || seen.has(event.id)) return [];
    seen.add(event.id);
    return [change];
  });
}

export function changeIn(data: EventArrival["event"]["data"]): ObjectChange {
  assert.ok(data && "json" in data, "an input's event of a storage holds JSON");
  return JSON.parse(data.json) as ObjectChange;
}

/** Waits for what must come to pass. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Creates another object, and waits until each has heard of it: what was told before it, and has not come, is not coming. */
export async function overtaken(
  { component }: BindingHarness,
  ...recorders: readonly BindingRecorder[]
): Promise<void> {
  const key = fresh("last");
  await component.create?.({ value: { bytes: bytes("last") } }, { key });
  for (const each of recorders) await until(() => changesOf(each, key).length > 0, "a later change arrived");
}
