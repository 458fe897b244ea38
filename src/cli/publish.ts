// faasten publish
import { findRunning, readJson } from "./running.ts";

export async function publish(
  topic: string,
  { data, pubsub }: { readonly data: string; readonly pubsub: string },
): Promise<void> {
  console.log(JSON.stringify(await findRunning().ask("POST", "/publish", { topic, pubsub, data: readJson(data) })));
}
