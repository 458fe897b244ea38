// A binding: what may be asked of a service outside the app, and the functions that it triggers.
import { type BindingClient, outputOf } from "../blocks/binding.ts";
import { idempotency } from "../blocks/idempotency.ts";
import type { Output, Schema } from "../blocks/schema.ts";
import type { ObjectChange } from "../contracts/binding.ts";
import type { Definition, Grant, Uses } from "../contracts/function.ts";
import type { TriggerSpec } from "../contracts/trigger.ts";
import { given } from "./given.ts";
import { leftOut, one, type Subscribed, type SubscribeOptions, type Subscriber } from "./subscriber.ts";

export interface BindingDeclaration<T = ObjectChange> {
  readonly name: string;
  /** What comes, for a handler that is declared elsewhere: `lambda(handler, { on: uploads })`. */
  readonly trigger: Extract<TriggerSpec, { readonly kind: "binding" }>;
  /**
   * A client that has exactly these operations: `create`, `get`, `list`, `delete` and `presign` as methods, any other by
   * `invoke`, as this type of component has it in Dapr. A build refuses what the type cannot do.
   */
  output<const Operations extends readonly [string, ...string[]]>(
    ...operations: Operations
  ): Grant<BindingClient<Operations[number]>>;
  /** Runs for each thing that comes, at least once. What was tried in vain, or is dead, is logged, and lies among the function's dead letters where its platform keeps such. */
  input(handler: Subscriber<T, {}>): Subscribed<T>;
  input<const U extends Uses = {}>(options: SubscribeOptions<T, U>, handler: Subscriber<T, U>): Subscribed<T>;
}

/**
 * A component of a type of Dapr's `bindings`, by name. What comes from a storage is an `ObjectChange`; of anything else, a
 * schema or a type argument says what comes.
 */
export function binding<S extends Schema>(name: string, options: { readonly schema: S }): BindingDeclaration<Output<S>>;
/** The data as bytes, whatever it is. */
export function binding(name: string, options: { readonly raw: true }): BindingDeclaration<Uint8Array>;
export function binding<T = ObjectChange>(name: string): BindingDeclaration<T>;
/* @__NO_SIDE_EFFECTS__ */
export function binding<T>(
  name: string,
  { schema, raw = false }: { readonly schema?: Schema<unknown, T>; readonly raw?: boolean } = {},
): BindingDeclaration<T> {
  const trigger: BindingDeclaration["trigger"] = { kind: "binding", binding: name, attempts: 5 };
  return {
    name,
    trigger,
    output: (...operations) => outputOf(name, operations),
    input(...all: readonly unknown[]): Definition {
      const [options, handler] = given<SubscribeOptions<T, Uses>, Subscriber<T, Uses>>(all, name);
      const { name: own, uses = {}, attempts = trigger.attempts, idempotent } = options;
      return {
        faasten: "function",
        ...(own !== undefined && { name: own }),
        on: { ...trigger, attempts },
        uses,
        ...(idempotent && !import.meta.without?.idempotency && { needs: [idempotency] }),
        ...(import.meta.without?.subscriptions
          ? leftOut
          : one({ what: `binding ${name}`, schema, raw }, options, handler)),
      };
    },
  };
}
