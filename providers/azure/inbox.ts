// What triggers share whose function has a queue of Service Bus as its inbox.
// https://learn.microsoft.com/azure/azure-functions/functions-bindings-service-bus-trigger
import { type Arrival, type Outcome, Redeliver, variableOf } from "../../src/provider.ts";
import { type AzureTrigger, type Binding, connectionOf, type Invoked } from "./invoked.ts";
import { attemptProperty, eventOf } from "./message.ts";

export const inboxBinding: AzureTrigger["binding"] = ({ name, definition: { on } }): Binding => ({
  trigger: {
    type: "serviceBusTrigger",
    queueName: `%${variableOf("inbox", name)}%`,
    connection: connectionOf(on.kind === "topic" ? on.pubsub : on.kind === "binding" ? on.binding : ""),
    cardinality: "one",
    // Otherwise the library parses every text that happens to be JSON, and 1.50 becomes 1.5.
    dataType: "binary",
    isSessionsEnabled: on.kind === "topic" && on.ordered,
  },
});

/** The host takes a message back from a call that failed, and knows no other sign. */
export function settled([outcome]: readonly Outcome[]): undefined {
  if (outcome?.kind === "done" || outcome?.kind === "drop") return undefined;
  throw new Redeliver(outcome && "reason" in outcome ? outcome.reason : "the message was not settled");
}

export function messageArrival({ function: name, input, context: { triggerMetadata = {} } }: Invoked): Arrival {
  const { deliveryCount } = triggerMetadata;
  const properties = propertiesOf(triggerMetadata["applicationProperties"]);
  const text = (key: string): string | undefined => toText(triggerMetadata[key]);
  const [body, order, receipt] = [toBytes(input), text("sessionId"), text("lockToken")];
  const before = properties[attemptProperty];
  const beside = {
    // Counted from 1: the host's client has added the delivery that is under way.
    ...(isCount(deliveryCount) && { attempt: deliveryCount + (isCount(before) ? before : 0) }),
    ...(order !== undefined && { order }),
    ...(receipt !== undefined && { receipt }),
  };
  const id = text("messageId") ?? text("sequenceNumber");
  if (id === undefined) {
    const reason = "a message of Service Bus has an id or a sequence number, and this one has neither";
    return { kind: "malformed", reason, raw: { bytes: body }, ...beside };
  }
  const sentAt = new Date(text("enqueuedTimeUtc") ?? Number.NaN);
  const event = eventOf({ id, body, subscriber: name, sentAt, contentType: text("contentType"), properties });
  return { kind: "event", event, ...beside };
}

/** The library parses texts of metadata as well: the id "123" comes as a number, "true" as a boolean. */
export function toText(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Bytes, since the binding asks for them; anything else is as near to them as what the library has left. */
export function toBytes(input: unknown): Uint8Array {
  if (input instanceof Uint8Array) return input;
  if (input === undefined || input === null) return new Uint8Array();
  return Buffer.from(typeof input === "string" ? input : JSON.stringify(input));
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

/**
 * The library makes the first letter of every name a small one, which cannot be undone but where the name is known: Azure's
 * own clients call the trace context `Diagnostic-Id`.
 */
function propertiesOf(properties: unknown): Readonly<Record<string, unknown>> {
  if (typeof properties !== "object" || properties === null) return {};
  const { "diagnostic-Id": traceparent, ...others } = properties as Readonly<Record<string, unknown>>;
  return traceparent === undefined ? others : { traceparent, ...others };
}
