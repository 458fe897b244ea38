// What happened in a bucket, as its notification tells it to a topic: in the attributes of a message.
// https://docs.cloud.google.com/storage/docs/pubsub-notifications#attributes
import type { Arrival } from "../../../src/provider.ts";
import type { GoogleTrigger } from "../message.ts";
import { changeEvent } from "../object-change.ts";
import { eventOf } from "../pubsub-message.ts";
import { type Push, pushed } from "../push.ts";
import { isFilled, malformed, messageIn, noMessage, type PushedMessage, recordOf } from "../pushed-message.ts";

export const trigger: GoogleTrigger<Push> = {
  ...pushed,
  name: "gcp.storage-push",
  decode({ payload }) {
    const message = messageIn(payload);
    if (!message) return [malformed(payload, noMessage)];
    return isReplaced(message) ? [] : [toArrival(message, payload)];
  },
  /** What says nothing is done. */
  encode: (outcomes, call) => pushed.encode(outcomes.length > 0 ? outcomes : [{ kind: "done" }], call),
};

/** Whoever writes over an object deletes the version before; the object is still there. */
function isReplaced({ attributes }: PushedMessage): boolean {
  return attributes["eventType"] === "OBJECT_DELETE" && isFilled(attributes["overwrittenByGeneration"]);
}

/** As Eventarc calls them. */
const types: ReadonlyMap<unknown, string> = new Map([
  ["OBJECT_FINALIZE", "finalized"],
  ["OBJECT_DELETE", "deleted"],
  ["OBJECT_ARCHIVE", "archived"],
  ["OBJECT_METADATA_UPDATE", "metadataUpdated"],
]);

function toArrival({ attempt, orderingKey: _, ...message }: PushedMessage, push: Push): Arrival {
  const counted = attempt === undefined ? {} : { attempt };
  const { eventType, bucketId: bucket, objectId: key, objectGeneration: generation, eventTime } = message.attributes;
  const what = types.get(eventType);
  const told = eventOf({ ...message, attributes: {} });
  // Whoever else publishes there says it in its own way.
  if (what === undefined) return { kind: "event", event: eventOf(message), ...counted };
  if (!isFilled(bucket) || !isFilled(key))
    return {
      ...malformed(push, "the message lacks a bucket or an object: it is no notification of Cloud Storage"),
      ...counted,
    };
  const { size } = recordOf(told.data && "json" in told.data ? JSON.parse(told.data.json) : undefined);
  const event = changeEvent({
    what,
    bucket,
    key,
    generation: isFilled(generation) ? generation : undefined,
    size,
    time: isFilled(eventTime) ? eventTime : message.publishTime,
    id: message.id,
    resource: told.data,
  });
  return { kind: "event", event, ...counted };
}
