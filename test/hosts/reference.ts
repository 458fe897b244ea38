// The local host, as the reference: `faasten dev` on the same app.

import { copyBehaviours } from "../build/built.ts";
import { type Running, remove, startDev } from "../dev/running.ts";
import type { HostReply, HostRequest } from "./behaviours.ts";
import type { Lines } from "./checks.ts";
import { sendTo } from "./requests.ts";

export interface Reference {
  readonly url: string;
  /** All that it has printed so far. */
  readonly lines: Lines;
  send(request: HostRequest): Promise<HostReply>;
  stop(): Promise<void>;
}

export async function startReference(): Promise<Reference> {
  const folder = copyBehaviours();
  const running: Running = await startDev(folder);
  return {
    url: running.url,
    lines: () => running.output().split("\n"),
    send: (request) => sendTo(running.url, request),
    async stop() {
      await running.stop();
      remove(folder);
    },
  };
}
