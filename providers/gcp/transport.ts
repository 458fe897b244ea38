// One origin over HTTP, its connections kept: Node's own, because a first `fetch` costs a function 25 ms.
import type { IncomingHttpHeaders } from "node:http";

export interface Sent {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Transport {
  /** Rejects with what Node says, and with the signal's reason once that is aborted. Redirects are not followed. */
  send(sent: Sent, signal?: AbortSignal): Promise<Received>;
  close(): void;
}

/** Milliseconds after which a connection that lies idle may have been closed by the other side, and is not used again. */
const longestIdle = 30_000;

export function createTransport(endpoint: string): Transport {
  const { protocol, hostname, port } = new URL(endpoint);
  const plain = protocol === "http:";
  const { Agent, request } = process.getBuiltinModule(plain ? "node:http" : "node:https");
  const agent = new Agent({ keepAlive: true });
  let running = 0;
  let usedAt = Date.now();

  function exchange({ method, path, headers, body }: Sent, signal: AbortSignal | undefined): Promise<Received> {
    return new Promise((resolve, reject) => {
      const options = { method, path, headers, agent, host: bare(hostname), port, ...(signal && { signal }) };
      const asked = request(options, (reply) => {
        const parts: Buffer[] = [];
        reply
          .on("data", (part: Buffer) => parts.push(part))
          .on("end", () =>
            resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(parts) }),
          )
          .on("error", reject);
      });
      asked.on("error", reject);
      asked.end(body);
    });
  }

  return {
    async send(sent, signal) {
      signal?.throwIfAborted();
      // A frozen instance does not see its connections end: a write on one of them would have an unknown outcome.
      if (running === 0 && Date.now() - usedAt > longestIdle) agent.destroy();
      running++;
      try {
        return await exchange(sent, signal);
      } finally {
        running--;
        usedAt = Date.now();
      }
    },
    close: () => agent.destroy(),
  };
}

/** IPv6 in a URL has brackets, and a socket wants none. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}
