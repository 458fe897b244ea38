// The server of one version, and how it makes room for the next without failing a request.
import type { IncomingMessage, ServerResponse } from "node:http";
import { Server as Listener } from "node:net";

// Importing node:http loads undici, which costs 30 ms.
const { createServer, request: send } = process.getBuiltinModule("node:http");

export interface VersionServer {
  /** Gives the port that it got. */
  listen(port: number): Promise<number>;
  /**
   * Another serves the port now: this one takes no new connection, ends each that is open with its next reply, and passes
   * on what still comes there. To close those that are idle would fail the request that is on its way. Resolves when all are gone.
   */
  retire(): Promise<void>;
  /** Ends the idle connections at once, and the others soon. */
  close(): Promise<void>;
}

export function createVersionServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): VersionServer {
  const running = new Set<ServerResponse>();
  let port = 0;
  let retired: Promise<void> | undefined;

  const server = createServer((request, response) => {
    if (retired) {
      response.setHeader("connection", "close");
      passOn(request, response, port);
      return;
    }
    running.add(response);
    response.once("close", () => running.delete(response));
    answer(request, response);
  });

  return {
    listen(wanted) {
      return new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(wanted, "127.0.0.1", () => {
          const address = server.address();
          port = typeof address === "object" && address !== null ? address.port : wanted;
          resolve(port);
        });
      });
    },

    retire() {
      for (const response of running) if (!response.headersSent) response.setHeader("connection", "close");
      // The HTTP server's own `close` would close the idle connections, too.
      retired ??= new Promise((resolve) => Listener.prototype.close.call(server, () => resolve()));
      return retired;
    },

    async close() {
      const closed = retired ?? new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), patience);
      await closed;
      clearTimeout(late);
    },
  };
}

const patience = 5_000;

function passOn(request: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url, headers } = request;
  const onward = send({ host: "127.0.0.1", port, method, path: url, headers: { ...headers, connection: "close" } });
  onward.on("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, { ...answer.headers, connection: "close" });
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  onward.on("error", () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(503, { "content-type": "text/plain" }).end("the app is being started again\n");
  });
  response.once("close", () => onward.destroy());
  request.pipe(onward);
}
