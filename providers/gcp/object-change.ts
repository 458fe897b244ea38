// What happened to an object of a bucket, told by the bucket's own notification or by Eventarc, as one event.
// https://docs.cloud.google.com/storage/docs/pubsub-notifications
import type { CloudEvent, ObjectChange } from "../../src/provider.ts";

export interface ChangedObject {
  /** The last part of the type that Eventarc gives it: `finalized`, `deleted`, `archived`, `metadataUpdated`. */
  readonly what: string;
  readonly bucket: string;
  readonly key: string;
  /** One a version; `undefined`: it was not told. */
  readonly generation: string | undefined;
  /** Bytes: a text, as JSON has numbers of 64 bits, or a number. */
  readonly size: unknown;
  readonly time: string | undefined;
  /** Where no generation was told. */
  readonly id: string;
  /** All that was told of the object. */
  readonly resource: CloudEvent["data"];
}

export const storageTypes = "google.cloud.storage.object.v1.";

/** The same change has the same id, whichever way and however often it is told. What is neither is told as it came. */
export function changeEvent(changed: ChangedObject): CloudEvent {
  const { what, bucket, key, generation, time, id, resource } = changed;
  const change = changes.get(what);
  const data = change ? { json: JSON.stringify(toldOf(change, changed)) } : resource;
  return {
    specversion: "1.0",
    id: generation === undefined ? id : `${key}/${generation}/${change ?? `${what}/${id}`}`,
    source: `//storage.googleapis.com/projects/_/buckets/${bucket}`,
    type: change ? `object.${change}` : storageTypes + what,
    ...(time !== undefined && { time }),
    subject: key,
    ...(data && { datacontenttype: "json" in data ? "application/json" : "application/octet-stream", data }),
    ...(generation !== undefined && { extensions: { generation } }),
  };
}

const changes: ReadonlyMap<string, ObjectChange["change"]> = new Map([
  ["finalized", "created"],
  ["deleted", "deleted"],
]);

function toldOf(change: ObjectChange["change"], { key, size }: ChangedObject): ObjectChange {
  const bytes = typeof size === "number" || (typeof size === "string" && /^\d+$/.test(size)) ? Number(size) : undefined;
  return { change, key, ...(change === "created" && bytes !== undefined && { size: bytes }) };
}
