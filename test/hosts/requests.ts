// Requests over a real socket, as raw as they are written.
import { Agent, request } from "node:http";
import type { HostReply, HostRequest } from "./behaviours.ts";

/** `origin` is `http://127.0.0.1:<port>`. */
export function sendTo(origin: string, { method, target, headers = [], body }: HostRequest): Promise<HostReply> {
  const { hostname, port, host } = new URL(origin);
  const agent = new Agent({ keepAlive: false });
  return new Promise((resolve, reject) => {
    const length = body === undefined ? [] : ["content-length", String(Buffer.byteLength(body))];
    const raw = ["host", host, ...length, ...headers.flat()];
    const outgoing = request({ hostname, port, method, path: target, headers: raw, agent }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const { "set-cookie": cookies = [], ...rest } = response.headers;
        const named = Object.entries(rest).map(([name, value]) => [name, String(value)] as const);
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(named),
          cookies,
          body: Buffer.concat(parts),
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
