// An event of Event Grid that lies in an inbox: a CloudEvent, or in the service's own schema.
// https://learn.microsoft.com/azure/event-grid/event-schema
import type { Arrival, CloudEvent } from "../../src/provider.ts";
import { messageArrival } from "./inbox.ts";
import type { Invoked } from "./invoked.ts";
import { messageType } from "./message.ts";

/** Neither of both: the message itself, as any queue has it. */
export function gridArrival(payload: Invoked): Arrival {
  const arrival = messageArrival(payload);
  if (arrival.kind !== "event" || arrival.event.type !== messageType) return arrival;
  const { data } = arrival.event;
  const event = data && "json" in data ? gridEvent(JSON.parse(data.json)) : undefined;
  return event ? { ...arrival, event } : arrival;
}

/** Of Event Grid's own schema, alone or as the one of a list. */
function gridEvent(message: unknown): CloudEvent | undefined {
  const [event, ...others] = [message].flat();
  if (others.length > 0 || typeof event !== "object" || event === null) return undefined;
  const { id, eventType, subject, eventTime, topic, data, dataVersion } = event as Readonly<Record<string, unknown>>;
  if (!isFilled(id) || !isFilled(eventType) || "specversion" in event) return undefined;
  return {
    specversion: "1.0",
    id,
    source: isFilled(topic) ? topic : "//eventgrid.azure.net",
    type: eventType,
    ...(isFilled(eventTime) && !Number.isNaN(Date.parse(eventTime)) && { time: eventTime }),
    ...(isFilled(subject) && { subject }),
    ...(data !== undefined && { datacontenttype: "application/json", data: { json: JSON.stringify(data) } }),
    ...(isFilled(dataVersion) && { extensions: { dataversion: dataVersion } }),
  };
}

export function isFilled(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
