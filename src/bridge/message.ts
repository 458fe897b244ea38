// The text of a message, as it lies in an inbox on AWS.
import type { Value } from "../contracts/component.ts";
import type { CloudEvent } from "../contracts/event.ts";
import { toStructured } from "../runtime/cloudevent.ts";

/** Where messages came from. */
export interface Inbox {
  /** The topic's, or the binding's. */
  readonly name: string;
  readonly ordered: boolean;
  /** Messages are the data alone, in no envelope. */
  readonly raw: boolean;
}

/** The data as text where the inbox is raw; else the whole event, in structured JSON. Bytes that are no UTF-8 are lost, as in SQS. */
export function messageOf(event: CloudEvent, { raw }: Inbox): string {
  return raw ? textOf(event.data) : toStructured(event);
}

export function textOf(data: Value | undefined): string {
  if (data === undefined) return "";
  return "json" in data ? data.json : Buffer.from(data.bytes).toString("utf8");
}
