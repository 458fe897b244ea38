// A contract server of ours for the queues of Azure Storage, of which messages are put.
// https://learn.microsoft.com/rest/api/storageservices/put-message
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { signature } from "./shared-key.ts";

export interface QueuedText {
  readonly text: string;
  readonly id: string;
  /** Seconds; -1: for ever. */
  readonly ttl: number;
  /** Seconds until it can be seen. */
  readonly delay: number;
}

export interface StorageQueue {
  readonly url: string;
  readonly account: string;
  readonly key: string;
  /** What was put into each queue. */
  readonly queues: Map<string, QueuedText[]>;
  close(): Promise<void>;
}

export async function startStorageQueue(): Promise<StorageQueue> {
  const account = "contract";
  const key = Buffer.from(randomUUID()).toString("base64");
  const queues = new Map<string, QueuedText[]>();
  const server = createServer(async (request, response) => {
    const { method = "", headers } = request;
    const url = new URL(request.url ?? "/", "http://storage");
    const body = await text(request);
    const refuse = (status: number, code: string): void => {
      response.writeHead(status, { "content-type": "application/xml", "x-ms-error-code": code });
      response.end(
        `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
      );
    };
    const proof = `SharedKey ${account}:${signature(method, url, headers, account, key)}`;
    const [, name = ""] = /^(?:\/contract)?\/([^/]+)\/messages$/.exec(url.pathname) ?? [];
    const [, escaped = ""] = /<MessageText>(.*)<\/MessageText>/s.exec(body) ?? [];
    const [ttl, delay] = ["messagettl", "visibilitytimeout"].map((each) => Number(url.searchParams.get(each) ?? 0));
    const queue = queues.get(name);
    if (headers.authorization !== proof) refuse(403, "AuthenticationFailed");
    else if (!queue) refuse(404, "QueueNotFound");
    else if (method !== "POST") refuse(405, "UnsupportedHttpVerb");
    else if (Buffer.byteLength(escaped) > 65_536 + 1024) refuse(413, "RequestBodyTooLarge");
    else {
      const id = randomUUID();
      queue.push({ text: unescaped(escaped), id, ttl: ttl || 604_800, delay: delay ?? 0 });
      const at = new Date().toUTCString();
      response.writeHead(201, { "content-type": "application/xml", "x-ms-request-id": randomUUID() });
      response.end(
        `<?xml version="1.0" encoding="utf-8"?><QueueMessagesList><QueueMessage><MessageId>${id}</MessageId><InsertionTime>${at}</InsertionTime><ExpirationTime>${at}</ExpirationTime><PopReceipt>receipt</PopReceipt><TimeNextVisible>${at}</TimeNextVisible></QueueMessage></QueueMessagesList>`,
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${account}`,
    account,
    key,
    queues,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function unescaped(text: string): string {
  const plain = text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'");
  return plain
    .replaceAll(/&#x([0-9a-f]+);/gi, (_all, code) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll("&amp;", "&");
}
