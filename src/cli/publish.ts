// faasten publish
import { FaastenError } from "../errors.ts";
import { type EventFlags, toMembers } from "./event.ts";
import { findRunning } from "./running.ts";

export interface PublishFlags extends EventFlags {
  readonly pubsub: string;
}

export async function publish(topic: string, { pubsub, ...event }: PublishFlags): Promise<void> {
  if (event.data === undefined && event.event === undefined)
    throw new FaastenError("INVALID", "there is nothing to publish: give --data, or --event with a whole event");
  const order = `{"topic":${JSON.stringify(topic)},"pubsub":${JSON.stringify(pubsub)},${toMembers(event)}}`;
  const done = (await findRunning().ask("POST", "/publish", order)) as { readonly subscribers: readonly string[] };
  console.log(JSON.stringify(done));
  if (done.subscribers.length === 0) console.error(`no function of this app subscribes to ${topic} of ${pubsub}`);
}
