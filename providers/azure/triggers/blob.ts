// What happened in a container of Blob Storage, told by Event Grid through the function's inbox.
// https://learn.microsoft.com/azure/event-grid/event-schema-blob-storage
import type { Arrival, CloudEvent, ObjectChange } from "../../../src/provider.ts";
import { gridArrival, isFilled } from "../grid-event.ts";
import { inboxBinding, settled } from "../inbox.ts";
import { type AzureTrigger, type Invoked, isInvokedBy } from "../invoked.ts";

export const trigger: AzureTrigger<Invoked, undefined> = {
  name: "azure.blob",
  binding: inboxBinding,
  accepts: (payload): payload is Invoked => isInvokedBy("binding", payload),
  decode: ({ payload }) => [toArrival(gridArrival(payload))],
  encode: settled,
};

const changes: ReadonlyMap<string, ObjectChange["change"]> = new Map([
  ["Microsoft.Storage.BlobCreated", "created"],
  ["Microsoft.Storage.BlobDeleted", "deleted"],
]);

/** What is no such change stays what it is. */
function toArrival(arrival: Arrival): Arrival {
  if (arrival.kind !== "event") return arrival;
  const { event, ...beside } = arrival;
  const change = changes.get(event.type);
  if (!change) return arrival;
  const changed = changeEvent(change, event);
  if (changed) return { ...beside, event: changed };
  const reason = "the event has no blob as its subject: it is none of Blob Storage";
  return { ...beside, kind: "malformed", reason, raw: event.data ?? { json: "null" } };
}

/** The same change has the same id, however often it is told. */
function changeEvent(change: ObjectChange["change"], event: CloudEvent): CloudEvent | undefined {
  const { id, source, subject, time, data } = event;
  const [, container, key] = /^\/blobServices\/default\/containers\/([^/]+)\/blobs\/(.+)$/s.exec(subject ?? "") ?? [];
  if (container === undefined || key === undefined) return undefined;
  const { contentLength: size, sequencer } = Object(data && "json" in data ? JSON.parse(data.json) : undefined);
  const told: ObjectChange = { change, key, ...(change === "created" && typeof size === "number" && { size }) };
  return {
    specversion: "1.0",
    id: isFilled(sequencer) ? `${key}/${sequencer}/${change}` : id,
    source: `${source}/blobServices/default/containers/${container}`,
    type: `object.${change}`,
    ...(time !== undefined && { time }),
    subject: key,
    datacontenttype: "application/json",
    data: { json: JSON.stringify(told) },
  };
}
