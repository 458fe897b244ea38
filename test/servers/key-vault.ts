// A contract server of ours for Key Vault over TLS, and for the endpoint by which an app of Azure gets the tokens that it wants.
// https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
// https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer as createPlain } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Server } from "node:net";

export interface KeyVault {
  /** Of a name that leads to this machine: the vault's domain is checked by its clients. */
  readonly url: string;
  /** Its certificate, which signs itself. */
  readonly certificate: string;
  /** What the environment of an app with an identity holds. */
  readonly identity: Readonly<Record<"IDENTITY_ENDPOINT" | "IDENTITY_HEADER", string>>;
  readonly secrets: Map<string, string>;
  /** The tokens that are good; without them, all are expired. */
  readonly tokens: Set<string>;
  /** The client ids for which tokens were asked. */
  readonly asked: (string | null)[];
  close(): Promise<void>;
}

/** For which it has tokens. */
const known = ["https://vault.localhost", "api://billing"];

export async function startKeyVault(): Promise<KeyVault> {
  const file = (name: string): string =>
    readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url)).toString();
  const [cert, key] = [file("cert"), file("key")];
  const secrets = new Map<string, string>();
  const tokens = new Set<string>();
  const asked: (string | null)[] = [];
  const secret = randomUUID();

  const vault = createServer({ cert, key }, (request, response) => {
    const reply = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, { "content-type": "application/json", "x-ms-request-id": randomUUID(), ...headers });
      response.end(JSON.stringify(body));
    };
    const refuse = (status: number, code: string, message: string): void => reply(status, { error: { code, message } });
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined || !tokens.has(token)) {
      const challenge = 'Bearer authorization="https://login.localhost/tenant", resource="https://vault.localhost"';
      reply(
        401,
        { error: { code: "Unauthorized", message: "AKV10000: a token is needed" } },
        { "www-authenticate": challenge },
      );
      return;
    }
    const { pathname } = new URL(request.url ?? "/", "https://vault");
    const name = decodeURIComponent(/^\/secrets\/([^/]+)\/?$/.exec(pathname)?.[1] ?? "");
    if (!/^[\dA-Za-z-]{1,127}$/.test(name))
      refuse(400, "BadParameter", `The request URI contains an invalid name: ${name}`);
    else if (!secrets.has(name))
      refuse(404, "SecretNotFound", `A secret with (name/id) ${name} was not found in this key vault.`);
    else
      reply(200, {
        value: secrets.get(name),
        id: `https://app.vault.localhost/secrets/${name}/1`,
        attributes: { enabled: true },
      });
  });

  const endpoint = createPlain((request, response) => {
    const { searchParams } = new URL(request.url ?? "/", "http://identity");
    const resource = searchParams.get("resource") ?? "";
    const isOwn = request.headers["x-identity-header"] === secret;
    if (!isOwn || !known.includes(resource)) {
      response.writeHead(400).end("{}");
      return;
    }
    asked.push(searchParams.get("client_id"));
    const token = randomUUID();
    tokens.add(token);
    const expires_on = String(Math.floor(Date.now() / 1000) + 3600);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ access_token: token, expires_on, resource, token_type: "Bearer" }));
  });

  const [vaultPort, endpointPort] = [await listen(vault), await listen(endpoint)];
  return {
    url: `https://app.vault.localhost:${vaultPort}`,
    certificate: cert,
    identity: { IDENTITY_ENDPOINT: `http://127.0.0.1:${endpointPort}/msi/token`, IDENTITY_HEADER: secret },
    secrets,
    tokens,
    asked,
    close: async () => {
      for (const server of [vault, endpoint]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return (server.address() as AddressInfo).port;
}
