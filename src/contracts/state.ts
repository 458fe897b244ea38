// What a provider implements to offer `state(name)`.
import type { CallOptions, Component, Value } from "./component.ts";

/** An opaque version of one entry; new on every write, also of an equal value. A foreign one is a mismatch, never an error. */
export type Etag = string;

export interface StateEntry {
  readonly value: Value;
  readonly etag: Etag;
  /** Unix milliseconds; left out: it never expires. */
  readonly expiresAt?: number;
}

export type Condition =
  | { readonly ifEtag?: Etag; readonly ifAbsent?: never }
  | { readonly ifAbsent?: true; readonly ifEtag?: never };

/** `partition`: the one that `transact` wrote the entry into. Left out: the key alone, as in Dapr. */
export interface StateOptions extends CallOptions {
  readonly partition?: string;
}

/** Strong unless `eventual` is asked for. */
export interface ReadOptions extends StateOptions {
  readonly consistency?: "strong" | "eventual";
}

/** `expiresAt` in Unix milliseconds; kept in whole seconds, rounded up. Left out: never, also where the entry had one before. */
export type SetOptions = Condition & StateOptions & { readonly expiresAt?: number };

export interface ListOptions extends CallOptions {
  /** Keys up to and with this one are left out. */
  readonly after?: string;
}

export type StateOperation =
  | ({ readonly kind: "set"; readonly key: string; readonly value: Value; readonly expiresAt?: number } & Condition)
  | ({ readonly kind: "delete"; readonly key: string } & Condition);

/**
 * Keys and values, with compare-and-set and expiry.
 *
 * Both are the floor, not features: locks, idempotency, actors and workflows are built on them, once, for every store.
 * A backend without compare-and-set is no state store. An ability that only some stores have is an optional method;
 * having the method is having the ability.
 *
 * Bytes come back byte for byte; JSON comes back as the same JSON value. Every store takes values of 256 KiB and keys of
 * 1 to 255 bytes of UTF-8. An expired entry does not exist, swept or not: for reads, lists and conditions alike; never
 * early, at most one second late.
 *
 * A write that rejects may have happened, unless its error's code says otherwise (`FaastenError`): no client library may
 * repeat a conditional write whose reply was lost, because the repeat would report a mismatch.
 */
export interface StateStore extends Component {
  /** The largest value it takes, in bytes, where that is less than a function could hold. */
  readonly maxValueBytes?: number;
  /** Your own app's last write, unless `eventual` is asked for. */
  get(key: string, options?: ReadOptions): Promise<StateEntry | undefined>;
  /** Writes and returns the new etag; `undefined`, nothing written, if the condition did not hold. */
  set(key: string, value: Value, options?: SetOptions): Promise<Etag | undefined>;
  /** `false`, nothing removed, if the condition did not hold. Without one, removing what is not there is `true`. */
  delete(key: string, options?: Condition & StateOptions): Promise<boolean>;
  getMany?(keys: readonly string[], options?: ReadOptions): Promise<ReadonlyMap<string, StateEntry>>;
  /** Live keys that begin with `prefix`, in UTF-8 order. Only where the service reads a range; a scan must be asked for in the YAML. */
  list?(prefix: string, options?: ListOptions): AsyncIterable<string>;
  /** All of the operations on entries of one partition, or none and `false`. At most 100, each key once. */
  transact?(partition: string, operations: readonly StateOperation[], options?: CallOptions): Promise<boolean>;
}
