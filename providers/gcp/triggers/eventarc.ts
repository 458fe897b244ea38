// CloudEvents that Eventarc posts, in any of HTTP's content modes. Those of Cloud Storage say what happened to an object.
// https://docs.cloud.google.com/eventarc/docs/cloudevents
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
import { type Arrival, type CloudEvent, fromBatch, fromBinary, fromStructured } from "../../../src/provider.ts";
import type { GoogleTrigger } from "../message.ts";
import { changeEvent, storageTypes } from "../object-change.ts";
import { header, type Push, pushed } from "../push.ts";
import { isFilled, malformed, recordOf } from "../pushed-message.ts";

export const trigger: GoogleTrigger<Push> = {
  ...pushed,
  name: "gcp.eventarc",
  accepts: (payload): payload is Push => pushed.accepts(payload) && modeOf(payload) !== undefined,
  decode: ({ payload }) =>
    eventsIn(payload).map((event) => (event ? toArrival(event, payload) : malformed(payload, none))),
  /** A batch of nothing is done. */
  encode: (outcomes, call) => pushed.encode(outcomes.length > 0 ? outcomes : [{ kind: "done" }], call),
};

const none = "what was posted is no CloudEvent 1.0";

/** `undefined`: this is no CloudEvent at all. */
function modeOf(push: Push): "batched" | "structured" | "binary" | undefined {
  const [essence = ""] = header(push, "content-type")?.toLowerCase().split(";") ?? [];
  if (essence.trim() === "application/cloudevents-batch+json") return "batched";
  if (essence.trim().startsWith("application/cloudevents")) return "structured";
  return header(push, "ce-specversion") === undefined ? undefined : "binary";
}

function eventsIn(push: Push): readonly (CloudEvent | undefined)[] {
  const mode = modeOf(push);
  const text = (): string => Buffer.from(push.body).toString();
  if (mode === "batched") return fromBatch(text()) ?? [undefined];
  if (mode === "structured") return [fromStructured(text())];
  const headers = Object.keys(push.headers).map((name) => [name, header(push, name)]);
  return [fromBinary(Object.fromEntries(headers), push.body)];
}

/** JSON in base64 is JSON, where the event says that it is. */
function unwrapped(event: CloudEvent): CloudEvent {
  const { data, datacontenttype = "" } = event;
  if (!data || !("bytes" in data) || !/[/+]json\s*(?:;|$)/i.test(datacontenttype)) return event;
  try {
    const json = new TextDecoder("utf-8", { fatal: true }).decode(data.bytes);
    JSON.parse(json);
    return { ...event, data: { json } };
  } catch {
    return event;
  }
}

function toArrival(posted: CloudEvent, push: Push): Arrival {
  const event = unwrapped(posted);
  const { type, data, subject, time, id } = event;
  if (!type.startsWith(storageTypes)) return { kind: "event", event };
  const resource = recordOf(data && "json" in data ? JSON.parse(data.json) : undefined);
  const key = isFilled(resource["name"]) ? resource["name"] : subject?.replace(/^objects\//, "");
  const bucket = isFilled(resource["bucket"]) ? resource["bucket"] : /\/buckets\/([^/]+)$/.exec(event.source)?.[1];
  if (!isFilled(key) || !isFilled(bucket))
    return malformed(push, "the event lacks a bucket or an object: it is none of Cloud Storage");
  const { generation, size } = resource;
  const version = typeof generation === "number" ? String(generation) : generation;
  return {
    kind: "event",
    event: changeEvent({
      what: type.slice(storageTypes.length),
      bucket,
      key,
      generation: isFilled(version) ? version : undefined,
      size,
      time,
      id,
      resource: data,
    }),
  };
}
