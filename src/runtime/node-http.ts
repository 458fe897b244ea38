// node:http's request in, node:http's response out: what the local host and Google's share. Its types alone are imported:
// importing node:http loads undici.
import type { IncomingMessage, ServerResponse } from "node:http";
import { FaastenError } from "../errors.ts";
import type { Fields } from "./headers.ts";
import { toPath } from "./path.ts";
import { toRequest } from "./request.ts";
import { isOfConnection, isStream, type Reply } from "./response.ts";

/** `path` is that of the request's target, still percent-encoded. `protocol`: where a proxy in front is known to speak it. */
export function fromNode(
  message: IncomingMessage,
  body: Uint8Array | undefined,
  protocol: "http" | "https" = "http",
): { readonly request: Request; readonly path: string } {
  const headers = fieldsOf(message);
  const { host, target } = targetOf(message.url ?? "/", headers["host"]);
  const url = (): string => `${protocol}://${isHost(host) ? host : "localhost"}${target === "*" ? "/" : target}`;
  const query = target.indexOf("?");
  return {
    request: toRequest({ method: message.method ?? "GET", url, headers, written: message.rawHeaders, body }),
    path: toPath(query < 0 ? target : target.slice(0, query)),
  };
}

/**
 * The whole body; `undefined` if there is none. Of one larger than `limit` bytes only the first `limit + 1` are read, by
 * which the caller knows. Rejects with `INVALID` if the client goes away before its end.
 */
export function readBody(message: IncomingMessage, limit: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    let size = 0;
    let settled = false; // the listeners stay: taking them off costs more than they do
    const take = (part: Uint8Array): void => {
      if (settled) return;
      parts.push(part.subarray(0, limit + 1 - size));
      size += part.byteLength;
      if (size <= limit) return;
      message.pause();
      end();
    };
    const end = (): void => {
      if (settled) return;
      settled = true;
      resolve(parts.length > 1 ? Buffer.concat(parts) : size > 0 ? parts[0] : undefined);
    };
    const fail = (cause?: Error): void => {
      if (settled) return;
      settled = true;
      reject(new FaastenError("INVALID", "the client went away before the end of its request's body", { cause }));
    };
    if (message.readableEnded) end();
    else if (message.destroyed) fail();
    else message.on("data", take).on("end", end).on("error", fail).on("close", fail);
  });
}

/**
 * Resolves once the reply is handed over, or the client has gone: then a stream is cancelled. Rejects if the stream fails;
 * what was sent until then is cut off, so that the client does not take it for the whole. `head`: no body, but its length.
 */
export async function writeReply(response: ServerResponse, reply: Reply, head = false): Promise<void> {
  const { body } = reply;
  const bodiless = reply.status === 204 || reply.status === 304;
  try {
    if (response.destroyed) return;
    const length = isStream(body) || bodiless ? undefined : body ? Buffer.byteLength(body) : 0;
    response.writeHead(reply.status, fieldsFor(reply, length));
    const closed = new Promise<void>((resolve) => response.once("close", resolve));
    if (head || bodiless) response.end();
    else if (!import.meta.without?.requests && isStream(body)) await pump(body, response);
    else response.end(typeof body === "string" && hasLatin1(reply) ? Buffer.from(body) : body);
    await closed;
    // What a client still sends of a body that was refused must be read, or its next request never is.
    response.req.resume();
  } finally {
    // Whichever way it ended: nobody reads the stream any more. One that was read to its end does not mind.
    if (isStream(body)) body.cancel().catch(() => undefined);
  }
}

/** node:http writes the head together with a text, and then all of it as UTF-8. */
function hasLatin1({ headers, cookies }: Reply): boolean {
  return headers.some(([, value]) => latin1.test(value)) || cookies.some((line) => latin1.test(line));
}

const latin1: RegExp = /[\x80-\xff]/;

/** Names and values in turn, which node:http writes as they stand. `length`: of the body, where it is known. */
function fieldsFor({ headers, cookies }: Reply, length: number | undefined): string[] {
  const fields: string[] = [];
  for (const [name, value] of headers) {
    if (!isOfConnection(name) || (name === "content-length" && length === undefined)) fields.push(name, value);
  }
  for (const cookie of cookies) fields.push("set-cookie", cookie);
  if (length !== undefined) fields.push("content-length", String(length));
  return fields;
}

async function pump(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  const reader = body.getReader();
  // Ends a read that is under way, too.
  const stop = (): void => void reader.cancel().catch(() => undefined);
  response.once("close", stop);
  response.flushHeaders();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (!response.write(part.value) && !response.destroyed) await drained(response);
    }
    response.end();
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    response.off("close", stop);
    reader.releaseLock();
  }
}

/** Or closed, when no drain will come. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const resume = (): void => {
      response.off("drain", resume).off("close", resume);
      resolve();
    };
    response.on("drain", resume).on("close", resume);
  });
}

/** As node:http has them, without a copy: only `set-cookie`, which no request should have, is a list there. */
function fieldsOf({ headers }: IncomingMessage): Fields {
  const cookies = headers["set-cookie"];
  return (cookies ? { ...headers, "set-cookie": cookies.join(", ") } : headers) as Fields;
}

/** A target may be absolute, as proxies send it, and then names the host itself; or "*", of OPTIONS. */
function targetOf(
  url: string,
  host: string | undefined,
): { readonly host: string | undefined; readonly target: string } {
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/is.exec(url);
  const target = absolute?.[2] ?? url;
  return {
    host: absolute ? absolute[1] : host,
    target: target.startsWith("/") || target === "*" ? target : `/${target}`,
  };
}

/** A host and a port, and nothing that would make another URL of it. */
function isHost(host: string | undefined): host is string {
  return host !== undefined && !/[/?#@\\\s]/.test(host) && URL.canParse(`http://${host}`);
}
