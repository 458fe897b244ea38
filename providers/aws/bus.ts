// An event of an EventBridge bus: what was published there, or what the bus knows of it.
// https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
import { type Arrival, type CloudEvent, fromStructured } from "../../src/provider.ts";
import { isFilled } from "./message.ts";

export interface BusEvent {
  readonly id: string;
  readonly "detail-type": string;
  /** Of services it begins with `aws.`; no other may. */
  readonly source: string;
  readonly account: string;
  readonly region: string;
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

export function isBusEvent(payload: unknown): payload is BusEvent {
  const { source, detail, "detail-type": type } = (payload ?? {}) as Partial<BusEvent>;
  return isFilled(source) && isFilled(type) && typeof detail === "object" && detail !== null && !Array.isArray(detail);
}

/** A CloudEvent in its detail, as it is; else one of what the bus knows. */
export function fromBus(payload: BusEvent): Arrival {
  const { id, source, account, region, time, resources, detail, "detail-type": type } = payload;
  const json = JSON.stringify(detail);
  const published = fromStructured(json);
  if (published) return { kind: "event", event: published };
  if (!isFilled(id)) return malformed("the event lacks an id: it came from no bus of EventBridge", payload);
  const [subject] = Array.isArray(resources) ? (resources as readonly unknown[]) : [];
  const event: CloudEvent = {
    specversion: "1.0",
    id,
    source,
    type: `com.amazonaws.events.${type}`,
    ...(isFilled(time) && { time }),
    ...(isFilled(subject) && { subject }),
    datacontenttype: "application/json",
    data: { json },
    extensions: { ...(isFilled(account) && { account }), ...(isFilled(region) && { region }) },
  };
  return { kind: "event", event };
}

export function malformed(reason: string, payload: unknown): Arrival {
  return { kind: "malformed", reason, raw: { json: JSON.stringify(payload) } };
}
