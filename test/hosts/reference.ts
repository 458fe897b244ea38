// The local host, as the reference: `faasten dev` on the same app.

import { copyBehaviours } from "../build/built.ts";
import { type Running, remove, startDev } from "../dev/running.ts";
import type { HostReply, HostRequest } from "./behaviours.ts";
import { sendTo } from "./requests.ts";

export interface Reference {
  send(request: HostRequest): Promise<HostReply>;
  stop(): Promise<void>;
}

export async function startReference(): Promise<Reference> {
  const folder = copyBehaviours();
  const running: Running = await startDev(folder);
  return {
    send: (request) => sendTo(running.url, request),
    async stop() {
      await running.stop();
      remove(folder);
    },
  };
}
