// The load, in a process of its own: keep-alive connections that each send one request after another and check every reply.
// Plain sockets, since a client that works harder than the server measures itself.
import { connect, type Socket } from "node:net";
import { parseArgs } from "node:util";

export interface Load {
  readonly requestsPerSecond: number;
  /** Of one request, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "" },
    connections: { type: "string", default: "10" },
    warm: { type: "string", default: "1" },
    seconds: { type: "string", default: "3" },
    request: { type: "string", default: "" },
    reply: { type: "string", default: "" },
  },
});
const port = Number(values.port);
const from = performance.now() + Number(values.warm) * 1000;
const until = from + Number(values.seconds) * 1000;
const took: number[] = [];

await Promise.all(Array.from({ length: Number(values.connections) }, () => run(connect(port, "127.0.0.1"))));
took.sort((a, b) => a - b);
const load: Load = { requestsPerSecond: took.length / Number(values.seconds), p50: at(0.5), p99: at(0.99) };
process.stdout.write(JSON.stringify(load));

function at(share: number): number {
  return took[Math.floor(took.length * share)] ?? Number.NaN;
}

/** Resolves when the time is up; rejects at the first reply that is not the expected one. */
function run(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let text = "";
    const send = (): void => {
      sent = performance.now();
      socket.write(values.request);
    };
    socket.setNoDelay(true).setEncoding("latin1");
    socket.on("connect", send).on("error", reject);
    socket.on("close", () => reject(new Error("the server closed a connection")));
    socket.on("data", (part: string) => {
      text += part;
      const body = bodyOf(text);
      if (body === undefined) return;
      const now = performance.now();
      if (!text.startsWith("HTTP/1.1 200 ") || body !== values.reply) {
        reject(new Error(`not the expected reply:\n${text}`));
        return;
      }
      if (now >= until) {
        resolve();
        socket.destroy();
        return;
      }
      if (sent >= from) took.push(now - sent);
      text = "";
      send();
    });
  });
}

/** `undefined`: there is more to come. */
function bodyOf(reply: string): string | undefined {
  const end = reply.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [, length] = /\r\ncontent-length: (\d+)\r\n/i.exec(reply.slice(0, end + 2)) ?? [];
  if (length === undefined) throw new Error(`a reply without its length:\n${reply}`);
  return reply.length - end - 4 < Number(length) ? undefined : reply.slice(end + 4);
}
