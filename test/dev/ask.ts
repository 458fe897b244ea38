// Requests as no polite client sends them.
import { request } from "node:http";
import { connect } from "node:net";

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

export interface Asking {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** With the target and the headers as they are given. `host` "": none at all. */
export function ask(url: string, { method = "GET", path, headers = {}, body }: Asking): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const { host = `${hostname}:${port}`, ...others } = headers;
  return new Promise((resolve, reject) => {
    const sent = request({
      hostname,
      port,
      method,
      path,
      agent: false,
      setHost: false,
      headers: { ...(host !== "" && { host }), ...others },
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(parts).toString() }),
      );
    });
    sent.end(body);
  });
}

/** All that comes back for these bytes until the server closes; `half`: our side is closed once they are sent. */
export function raw(url: string, text: string | Uint8Array, { half = false } = {}): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const parts: Buffer[] = [];
    socket.setTimeout(20_000, () => socket.destroy(new Error(`no end after ${Buffer.concat(parts).toString()}`)));
    socket.on("data", (part) => parts.push(part));
    socket.on("error", (error) => (parts.length > 0 ? resolve(Buffer.concat(parts).toString()) : reject(error)));
    socket.on("end", () => {
      socket.end();
      resolve(Buffer.concat(parts).toString());
    });
    if (half) socket.end(text);
    else socket.write(text);
  });
}
