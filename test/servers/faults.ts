// A proxy that spoils calls on their way: what a bad network and an overloaded service do.
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  request as send,
} from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as passes } from "node:timers/promises";

/** What becomes of one call. `cut`: it arrives, and its reply does not. `lost`: it does not arrive. */
export type Fault =
  | "cut"
  | "lost"
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly delay: number };

/** One call, as its sender made it. */
export interface Heard {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface FaultProxy {
  readonly url: string;
  /** What becomes of the calls to come, counted from 1; `undefined`: nothing. */
  spoil(fault: (call: number, heard: Heard) => Fault | undefined): void;
  /** So many came since then. */
  readonly calls: number;
  close(): Promise<void>;
}

/** `target`: where all calls go, or where one goes. */
export async function createFaultProxy(target: string | ((heard: Heard) => string)): Promise<FaultProxy> {
  let fault: (call: number, heard: Heard) => Fault | undefined = () => undefined;
  let calls = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      calls++;
      const body = Buffer.concat(parts);
      const { method = "", url = "", headers } = request;
      const heard = { method, url, headers, body: body.toString() };
      const to = typeof target === "string" ? target : target(heard);
      void carry({ to, request, response, body }, fault(calls, heard));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoil(next) {
      calls = 0;
      fault = next;
    },
    get calls() {
      return calls;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Carried {
  readonly to: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
}

async function carry({ to, request, response, body }: Carried, fault: Fault | undefined): Promise<void> {
  if (fault === "lost") {
    request.socket.destroy();
    return;
  }
  if (typeof fault === "object" && "status" in fault) {
    response.writeHead(fault.status, fault.headers).end(fault.body);
    return;
  }
  if (typeof fault === "object") await passes(fault.delay);
  const { method, headers, url } = request;
  const onward = send(new URL(url ?? "/", to), { method, headers, agent: false }, (reply) => {
    if (fault === "cut") {
      reply.resume().on("end", () => request.socket.destroy());
      return;
    }
    response.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(response);
  });
  onward.on("error", () => request.socket.destroy());
  onward.end(body);
}
