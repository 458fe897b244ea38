// What a provider implements to offer `binding(name)`.
import type { CallOptions, Component, Value } from "./component.ts";
import type { CloudEvent } from "./event.ts";
import type { EventArrival, Outcome } from "./trigger.ts";

/** What is handed to a binding: an object's bytes, a message, a request's body. */
export interface BindingData {
  readonly value: Value;
  /** Media type; left out: `application/json` of JSON, `application/octet-stream` of bytes. */
  readonly contentType?: string;
  /** As the service keeps it beside the data: names in lower case, values of text. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Left out: the service names it, or it has no name at all, as a message in a queue. */
export interface CreateOptions extends CallOptions {
  readonly key?: string;
}

export interface Created {
  /** By which it is found again: an object's key, a message's id; left out where the service tells none. */
  readonly key?: string;
}

export interface BindingObject extends BindingData {
  readonly key: string;
}

export interface Listed {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Unix milliseconds. */
  readonly modifiedAt: number;
}

export interface PresignOptions extends CallOptions {
  /** What the address is good for. */
  readonly operation: "get" | "create";
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** A call that has no portable form: operation, data and metadata as Dapr's component of that type takes them. */
export interface NativeRequest {
  readonly operation: string;
  readonly data?: Value;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface NativeReply {
  readonly data?: Value;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Whose input. `subscriber` is the function's name; `attempts` counts the first delivery too. */
export interface BindingInput {
  readonly subscriber: string;
  readonly attempts: number;
}

/** What a storage binding's input event holds as data: that something came or went, never the thing itself. */
export interface ObjectChange {
  readonly change: "created" | "deleted";
  readonly key: string;
  /** Bytes; left out of what was deleted. */
  readonly size?: number;
}

/**
 * A service outside the app: a bucket, a queue, an address. An ability that only some have is an optional method; having
 * the method is having the ability. Keys are 1 to 1024 bytes of UTF-8; what a service cannot have as a key is `INVALID`
 * before anything is done. A key that is not there is `undefined` or `false`.
 *
 * Where it triggers functions, each thing that comes is an event: of storage, type `object.created` or `object.deleted`
 * with an `ObjectChange`; of a queue, the message itself.
 */
export interface Binding extends Component {
  /** Stores, sends or calls. An object of that key is replaced. */
  create?(data: BindingData, options?: CreateOptions): Promise<Created>;
  get?(key: string, options?: CallOptions): Promise<BindingObject | undefined>;
  /** Those whose key begins with `prefix`, in UTF-8 order. */
  list?(prefix: string, options?: CallOptions): AsyncIterable<Listed>;
  /** `false`: there was none, where the service tells. */
  delete?(key: string, options?: CallOptions): Promise<boolean>;
  /** An address at which whoever holds it may do the one thing until then, without further proof. */
  presign?(key: string, options: PresignOptions): Promise<string>;
  /**
   * Answers in this process at the addresses of `presign`, which lie below `base`: for the local runtime, where no service
   * does. The address is all the proof there is. Rejects where it refuses.
   */
  attach?(base: string): (request: Request) => Promise<Response>;
  /** Everything else that the service can. */
  invoke?(request: NativeRequest, options?: CallOptions): Promise<NativeReply>;
  /**
   * Delivers in this process: for the local runtime and the sidecar, where nothing else would. `inputs` are all that the
   * service has on this binding; resolves once what comes reaches them. `deliver` settles one arrival; its outcome is carried out here. What has used
   * up its attempts, or is dead, comes no more.
   */
  consume?(
    inputs: readonly BindingInput[],
    deliver: (input: BindingInput, arrival: EventArrival) => Promise<Outcome>,
  ): Promise<void>;
  /** Where `consume` delivers, what it gave up, as of an `Inbox`. */
  deadLetters?(of: BindingInput, options?: CallOptions): AsyncIterable<CloudEvent>;
  redrive?(of: BindingInput, id: string, options?: CallOptions): Promise<boolean>;
}
