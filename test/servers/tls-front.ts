// TLS in front of a server that speaks plainly, under the names that the services of Azure have.
import { readFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { createServer } from "node:tls";
import { fileURLToPath } from "node:url";

export const certificateFile: string = fileURLToPath(new URL("../fixtures/tls/cert.pem", import.meta.url));

export interface TlsFront {
  readonly port: number;
  close(): Promise<void>;
}

/** `target`: where what came is handed on, as it is. */
export async function startTlsFront(target: string | number): Promise<TlsFront> {
  const cert = readFileSync(certificateFile);
  const key = readFileSync(new URL("../fixtures/tls/key.pem", import.meta.url));
  const port = typeof target === "number" ? target : Number(new URL(target).port);
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer({ cert, key }, (socket) => {
    const onward = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
