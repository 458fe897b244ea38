// A contract server of ours for the metadata server of an instance: its identity, and its proofs.
// https://docs.cloud.google.com/compute/docs/metadata/predefined-metadata-entries
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface MetadataServer {
  readonly host: string;
  /** What was asked for, with its query. */
  readonly asked: string[];
  /** It takes what is asked, and answers nothing. */
  hangs: boolean;
  close(): Promise<void>;
}

export interface MetadataOptions {
  /** Of the instance's own account. */
  readonly email?: string;
  readonly token?: string;
}

export async function startMetadata({
  email = "shop@conformance.iam.gserviceaccount.com",
  token = "access",
}: MetadataOptions = {}): Promise<MetadataServer> {
  const asked: string[] = [];
  const self = { hangs: false };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://metadata");
    asked.push(request.url ?? "");
    if (self.hangs) return;
    if (request.headers["metadata-flavor"] !== "Google") return response.writeHead(403).end();
    const base = "/computeMetadata/v1/instance/service-accounts/default/";
    const exp = Math.floor(Date.now() / 1000) + 3600;
    if (pathname === `${base}token`)
      return response.end(JSON.stringify({ access_token: token, expires_in: 3600, token_type: "Bearer" }));
    if (pathname === `${base}email`) return response.end(email);
    if (pathname === `${base}identity`) {
      const aud = searchParams.get("audience");
      if (!aud) return response.writeHead(400).end("non-empty audience parameter required");
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
      return response.end(
        `${part({ alg: "RS256" })}.${part({ aud, exp, iss: "https://accounts.google.com" })}.unsigned`,
      );
    }
    return response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return Object.assign(self, {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
