// faasten publish
import { findRunning, readJson } from "./running.ts";

export async function publish(
  topic: string,
  { data, pubsub }: { readonly data: string; readonly pubsub: string },
): Promise<void> {
  const order = `{"topic":${JSON.stringify(topic)},"pubsub":${JSON.stringify(pubsub)},"data":${readJson(data)}}`;
  const done = (await findRunning().ask("POST", "/publish", order)) as { readonly subscribers: readonly string[] };
  console.log(JSON.stringify(done));
  if (done.subscribers.length === 0) console.error(`no function of this app subscribes to ${topic} of ${pubsub}`);
}
