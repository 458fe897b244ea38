// A contract server of ours for the endpoint by which an app of Azure gets the tokens that it wants, and what the services know of those.
// https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Entra {
  /** What the environment of an app with an identity holds. */
  readonly environment: Readonly<Record<"IDENTITY_ENDPOINT" | "IDENTITY_HEADER", string>>;
  /** The tokens that are good, and whose; without them, all are expired. */
  readonly tokens: Map<string, Issued>;
  /** The client ids for which tokens were asked. */
  readonly asked: (string | null)[];
  /** The client that the token was made out to; `undefined`: it is not good for this service. */
  whose(token: string | undefined, resource: string): string | undefined;
  close(): Promise<void>;
}

export interface Issued {
  readonly client: string;
  readonly resource: string;
}

/** `known`: what it has tokens for. */
export async function startEntra(known: readonly string[]): Promise<Entra> {
  const tokens = new Map<string, Issued>();
  const asked: (string | null)[] = [];
  const secret = randomUUID();
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "/", "http://identity");
    const resource = (searchParams.get("resource") ?? "").replace(/\/+$/, "");
    const isOwn = request.headers["x-identity-header"] === secret;
    if (!isOwn || !known.includes(resource)) {
      response.writeHead(400).end("{}");
      return;
    }
    const client = searchParams.get("client_id");
    asked.push(client);
    const token = randomUUID();
    tokens.set(token, { client: client ?? "", resource });
    const expires_on = String(Math.floor(Date.now() / 1000) + 3600);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ access_token: token, expires_on, resource, token_type: "Bearer" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    environment: {
      IDENTITY_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}/msi/token`,
      IDENTITY_HEADER: secret,
    },
    tokens,
    asked,
    whose(token, resource) {
      const issued = tokens.get(token ?? "");
      return issued?.resource === resource ? issued.client : undefined;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
