// One request as the functions framework hands it over, and how a trigger of Google's takes it.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type App, type Journal, type Reply, readBody, type Served, type Trigger } from "../../src/provider.ts";
import type { Admit } from "./identity.ts";

/** The framework has read every body that has a content type; the others are still in the stream. */
export type Message = IncomingMessage & { readonly rawBody?: Uint8Array };

export interface Service {
  readonly app: App;
  /** Who may push; left out: whom the environment names. */
  readonly admit?: Admit;
  readonly journal: Journal;
  /** Gives what the function's trigger has encoded. */
  run(served: Served, payload: unknown, message: Message): Promise<unknown>;
}

/** Each brings its own way in, so that a service holds only what it needs. */
export interface GoogleTrigger<Payload = unknown> extends Trigger<Payload, Reply> {
  /** How a service, all of whose functions have this trigger, answers. What it gives never rejects. */
  receive(service: Service): (message: Message, response: ServerResponse) => Promise<void>;
}

export async function bodyOf(message: Message, limit: number): Promise<Uint8Array | undefined> {
  const { rawBody } = message;
  if (!rawBody) return readBody(message, limit);
  if (message.headers["content-encoding"] !== undefined) {
    // The framework has decoded it, so these are no longer true of it.
    delete message.headers["content-encoding"];
    delete message.headers["content-length"];
  }
  return rawBody.length > 0 ? rawBody : undefined;
}
