// A contract server of ours for App Configuration: one key-value at a time, each request signed.
// https://learn.microsoft.com/azure/azure-app-configuration/rest-api-key-value
// https://learn.microsoft.com/azure/azure-app-configuration/rest-api-authentication-hmac
import { createHash, createHmac, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface AppConfiguration {
  readonly url: string;
  readonly connectionString: string;
  /** Who asked by a token for which key. */
  readonly read: { readonly by: string; readonly key: string }[];
  /** Sets one, as whoever operates the app would. */
  set(key: string, value: string): void;
  close(): Promise<void>;
}

/** `whose`: of a token of Microsoft Entra; `undefined`: nobody's. */
export async function startAppConfiguration(
  whose: (token: string) => string | undefined = () => undefined,
): Promise<AppConfiguration> {
  const secret = Buffer.from(randomUUID()).toString("base64");
  const values = new Map<string, { readonly value: string; readonly etag: string }>();
  const read: { readonly by: string; readonly key: string }[] = [];
  const server = createServer((request, response) => {
    const reply = (
      status: number,
      type: string,
      body: object,
      headers: Readonly<Record<string, string>> = {},
    ): void => {
      response.writeHead(status, { "content-type": type, "x-ms-request-id": randomUUID(), ...headers });
      response.end(JSON.stringify(body));
    };
    const refuse = (status: number, title: string): void =>
      reply(status, "application/problem+json", { title, status });
    const by = whose(request.headers.authorization?.replace(/^Bearer /, "") ?? "");
    if (by === undefined && !isSigned(request, secret)) {
      refuse(401, "Unauthorized");
      return;
    }
    const { pathname } = new URL(request.url ?? "/", "http://configuration");
    const key = decodeURIComponent(/^\/kv\/([^/]+)$/.exec(pathname)?.[1] ?? "");
    const found = values.get(key);
    if (by !== undefined) read.push({ by, key });
    if (request.method !== "GET" || key === "" || key.includes("%")) refuse(400, "Bad Request");
    else if (!found) response.writeHead(404).end();
    else {
      const item = { key, label: null, content_type: null, ...found, tags: {}, locked: false };
      reply(200, "application/vnd.microsoft.appconfig.kv+json; charset=utf-8", item, { etag: `"${found.etag}"` });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    connectionString: `Endpoint=${url};Id=id;Secret=${secret}`,
    read,
    set: (key, value) => void values.set(key, { value, etag: randomUUID() }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isSigned({ method, url, headers }: IncomingMessage, secret: string): boolean {
  const hash = createHash("sha256").update("").digest("base64");
  const text = `${method}\n${url}\n${headers["x-ms-date"]};${headers.host};${hash}`;
  const signature = createHmac("sha256", Buffer.from(secret, "base64")).update(text).digest("base64");
  return (
    headers.authorization ===
    `HMAC-SHA256 Credential=id&SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=${signature}`
  );
}
