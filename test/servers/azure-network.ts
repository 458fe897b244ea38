// Loaded before anything else of a process: whoever it calls in one of Azure's domains is a server on this machine.
import { Socket } from "node:net";

/** Domain → port. Read at once: a worker that loads an app has the app's environment. */
const ports = JSON.parse(process.env["AZURE_NETWORK"] ?? "{}") as Readonly<Record<string, number>>;
const { connect } = Socket.prototype;

Reflect.set(Socket.prototype, "connect", function (this: Socket, ...given: unknown[]): unknown {
  const [first] = given;
  // What went through `net.connect` before is a list already, which Node marks as such.
  if (Array.isArray(first)) first[0] = atHome(first[0]);
  else given[0] = atHome(first);
  return Reflect.apply(connect, this, given);
});

function atHome(options: unknown): unknown {
  const { host } = (options ?? {}) as { readonly host?: unknown };
  const [, port] = Object.entries(ports).find(([domain]) => String(host).endsWith(domain)) ?? [];
  return port === undefined ? options : { ...(options as object), host: "127.0.0.1", port };
}
