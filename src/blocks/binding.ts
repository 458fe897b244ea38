// A service outside the app, through a Binding: what was granted of it, and nothing else.
import type { Binding, Listed, NativeReply } from "../contracts/binding.ts";
import type { Value } from "../contracts/component.ts";
import type { Grant, Invocation } from "../contracts/function.ts";
import { FaastenError, notHere } from "../errors.ts";
import { type Duration, toMilliseconds } from "./duration.ts";
import { toValue } from "./value.ts";

export interface CreateChoice {
  /** By which it is found again; left out: the service names it, or it has no name at all. */
  readonly key?: string;
  /** Media type; left out: that of text, of JSON, or of bytes, whichever was given. */
  readonly contentType?: string;
  /** As the service keeps it beside the data: names in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface PresignChoice {
  /** What the address is good for; `get` if left out. */
  readonly operation?: "get" | "create";
  readonly expiresIn: Duration;
}

/** Bytes that came, and what they are by other readings. */
export interface Content {
  readonly bytes: Uint8Array<ArrayBuffer>;
  text(): string;
  json(): unknown;
}

export interface BindingObject extends Content {
  readonly key: string;
  readonly contentType?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a call without a portable form has given. No data are no bytes. */
export interface NativeResult extends Content {
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is the same of every service that can do it. */
export interface PortableOperations {
  /** Stores, sends or calls: text as it is, bytes as they are, anything else as JSON. Resolves with the key, where there is one. An object of that key is replaced. */
  create(data: unknown, choice?: CreateChoice): Promise<{ readonly key?: string }>;
  /** `undefined`: there is none of that key. */
  get(key: string): Promise<BindingObject | undefined>;
  /** Those whose key begins with `prefix`, all if it is left out, in UTF-8 order. */
  list(prefix?: string): AsyncIterable<Listed>;
  /** `false`: there was none, where the service tells. */
  delete(key: string): Promise<boolean>;
  /** An address at which whoever holds it may do the one thing until then, without further proof. */
  presign(key: string, choice: PresignChoice): Promise<string>;
}

export interface NativeOperations<Operation extends string> {
  /** An operation of this type of component's own, with data and metadata as Dapr has them. */
  invoke(operation: Operation, data?: unknown, metadata?: Readonly<Record<string, string>>): Promise<NativeResult>;
}

/** Exactly what was granted: portable operations as methods, all others by `invoke`. */
export type BindingClient<Operation extends string> = Pick<PortableOperations, Operation & keyof PortableOperations> &
  ([Exclude<Operation, keyof PortableOperations>] extends [never]
    ? {}
    : NativeOperations<Exclude<Operation, keyof PortableOperations>>);

export function outputOf<Operation extends string>(
  component: string,
  operations: readonly Operation[],
): Grant<BindingClient<Operation>> {
  return {
    block: "bindings",
    component,
    right: "output",
    operations,
    open: import.meta.without?.output
      ? notHere
      : (open, invocation) =>
          clientOf(
            component,
            operations,
            open as () => Binding | Promise<Binding>,
            invocation,
          ) as unknown as BindingClient<Operation>, // by its names
  };
}

function clientOf(
  name: string,
  granted: readonly string[],
  open: () => Binding | Promise<Binding>,
  invocation: Invocation,
): Partial<PortableOperations & NativeOperations<string>> {
  const what = `binding ${name}`;
  const able = async <A extends "create" | "get" | "list" | "delete" | "presign" | "invoke">(
    ability: A,
  ): Promise<Binding & Required<Pick<Binding, A>>> => {
    const component = await open();
    if (component[ability]) return component as Binding & Required<Pick<Binding, A>>;
    throw new FaastenError("UNSUPPORTED", `${what}: its component has no ${ability}: give it a type that has`);
  };
  const signal = (): { readonly signal: AbortSignal } => ({ signal: invocation.signal });

  const portable: PortableOperations = {
    async create(data, { key, contentType, metadata } = {}) {
      const value = valueOf(data, `${what}: the data`);
      const type = contentType ?? (typeof data === "string" ? "text/plain; charset=utf-8" : undefined);
      const sent = { value, ...(type !== undefined && { contentType: type }), ...(metadata && { metadata }) };
      return (await able("create")).create(sent, { ...signal(), ...(key !== undefined && { key }) });
    },
    async get(key) {
      const found = await (await able("get")).get(key, signal());
      if (!found) return undefined;
      const { contentType, metadata = {} } = found;
      return { ...contentOf(found.value), key, ...(contentType !== undefined && { contentType }), metadata };
    },
    async *list(prefix = "") {
      yield* (await able("list")).list(prefix, signal());
    },
    delete: async (key) => (await able("delete")).delete(key, signal()),
    async presign(key, { operation = "get", expiresIn }) {
      const expiresAt = invocation.now() + toMilliseconds(expiresIn);
      return (await able("presign")).presign(key, { operation, expiresAt, ...signal() });
    },
  };
  const client: Partial<PortableOperations & NativeOperations<string>> = {};
  for (const operation of granted) {
    if (Object.hasOwn(portable, operation)) Object.assign(client, { [operation]: Reflect.get(portable, operation) });
    else client.invoke ??= invoke;
  }
  return client;

  async function invoke(
    operation: string,
    data?: unknown,
    metadata?: Readonly<Record<string, string>>,
  ): Promise<NativeResult> {
    if (!granted.includes(operation)) {
      const mend = `name it in \`uses\`, with \`.output("${operation}")\``;
      throw new FaastenError("NOT_GRANTED", `${invocation.function} may not ask ${what} for ${operation}: ${mend}`);
    }
    const value = data === undefined ? {} : { data: valueOf(data, `${what}, ${operation}: the data`) };
    const reply: NativeReply = await (await able("invoke")).invoke(
      { operation, ...value, ...(metadata && { metadata }) },
      signal(),
    );
    return { ...contentOf(reply.data ?? { bytes: new Uint8Array() }), metadata: reply.metadata };
  }
}

function valueOf(data: unknown, what: string): Value {
  return typeof data === "string" ? { bytes: new TextEncoder().encode(data) } : toValue(data, what);
}

function contentOf(value: Value): Content {
  const bytes = "bytes" in value ? plain(value.bytes) : new TextEncoder().encode(value.json);
  const text = (): string => new TextDecoder().decode(bytes);
  return { bytes, text, json: () => JSON.parse(text()) as unknown };
}

/** No Buffer, whose methods of the same names do other things. */
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(bytes);
}
