// What the state cases run on, and how they compare.
import assert from "node:assert/strict";
import type { Value } from "../contracts/component.ts";
import type { Etag, StateEntry, StateStore } from "../contracts/state.ts";
import type { Case, Harness } from "./case.ts";

export interface StateHarness extends Harness {
  readonly component: StateStore;
  /** Another client of the same data. */
  readonly second: StateStore;
  /** Puts an entry whose expiry has passed into the data behind the component's back; returns its etag. */
  plantExpired?(key: string, value: Value): Promise<Etag>;
  /** The reply to the next write is lost on its way back, though the write itself arrives. */
  cutNextReply?(): Promise<void>;
  /** A client of the same data whose eventual reads are behind by one write. */
  readonly staleReader?: StateStore;
}

export type StateCase = Case<StateHarness>;

export const json = (value: unknown): Value => ({ json: JSON.stringify(value) });

/** A key that no other run has. */
export const fresh = (name = "key"): string => `${crypto.randomUUID()}-${name}`;

/** The etag of a write that must have happened. */
export function written(etag: Etag | undefined): Etag {
  assert.equal(typeof etag, "string", "the write was refused, and its condition held");
  return String(etag);
}

export function assertValue(entry: StateEntry | undefined, expected: Value): void {
  assert.ok(entry, "the entry is not there");
  const { value } = entry;
  if ("json" in expected) {
    assert.ok("json" in value, "JSON came back as bytes");
    assert.deepEqual(JSON.parse(value.json), JSON.parse(expected.json));
  } else {
    assert.ok("bytes" in value, "bytes came back as JSON");
    assert.equal(Buffer.compare(value.bytes, expected.bytes), 0, "the bytes are not those that were written");
  }
}

/** The keys that a list gives, in its order. */
export async function listed(store: StateStore, prefix: string, after?: string): Promise<string[]> {
  assert.ok(store.list, "the store has no list");
  const keys: string[] = [];
  for await (const key of store.list(prefix, after === undefined ? {} : { after })) keys.push(key);
  return keys;
}
