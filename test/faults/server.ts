// The local host with the app that is killed, as `faasten dev` runs it, without the time that a build and a watcher take.
import { createServer } from "node:http";
import { serve } from "../../providers/local/host.ts";
import { create as createBroker } from "../../providers/local/pubsub/sqlite.ts";
import { create as createStore } from "../../providers/local/state/sqlite.ts";
import { trigger as http } from "../../providers/local/triggers/http.ts";
import { trigger as inbox } from "../../providers/local/triggers/inbox.ts";
import { prefixed } from "../../src/blocks/prefix.ts";
import type { Definition } from "../../src/contracts/function.ts";
import { onOrdered, onPlain, pid, publish, write } from "./app.ts";

const served = (name: string, definition: Definition) => ({
  name,
  definition,
  triggers: [definition.on.kind === "http" ? http : inbox],
});
const store = { type: "state.sqlite", metadata: {}, create: prefixed(createStore) };
const local = serve({
  service: "faults",
  functions: [
    served("write", write),
    served("publish", publish),
    served("pid", pid),
    served("onPlain", onPlain),
    served("onOrdered", onOrdered),
  ],
  components: {
    written: store,
    handled: store,
    pubsub: { type: "pubsub.sqlite", metadata: {}, create: createBroker },
  },
});
const server = createServer(local.answer);
await local.start();
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.(typeof address === "object" && address !== null ? address.port : 0);
});
process.on("message", async () => {
  server.close();
  await local.stop();
  process.exit(0);
});
