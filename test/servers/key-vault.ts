// A contract server of ours for Key Vault over TLS.
// https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { type Entra, startEntra } from "./entra.ts";

export interface KeyVault {
  /** Of a name that leads to this machine: the vault's domain is checked by its clients. */
  readonly url: string;
  /** Its certificate, which signs itself. */
  readonly certificate: string;
  /** Whose tokens are good here. */
  readonly entra: Entra;
  readonly secrets: Map<string, string>;
  /** Who asked for which secret. */
  readonly read: { readonly by: string; readonly secret: string }[];
  close(): Promise<void>;
}

export interface KeyVaultOptions {
  /** The domain of all vaults, for which their tokens are. */
  readonly domain?: string;
  readonly entra?: Entra;
}

export async function startKeyVault({ domain = "vault.localhost", entra }: KeyVaultOptions = {}): Promise<KeyVault> {
  const own = entra ?? (await startEntra([`https://${domain}`, "api://billing"]));
  const file = (name: string): string =>
    readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url)).toString();
  const [cert, key] = [file("cert"), file("key")];
  const secrets = new Map<string, string>();
  const read: { readonly by: string; readonly secret: string }[] = [];

  const vault = createServer({ cert, key }, (request, response) => {
    const reply = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, { "content-type": "application/json", "x-ms-request-id": randomUUID(), ...headers });
      response.end(JSON.stringify(body));
    };
    const refuse = (status: number, code: string, message: string): void => reply(status, { error: { code, message } });
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const by = own.whose(token, `https://${domain}`);
    if (by === undefined) {
      const challenge = `Bearer authorization="https://login.localhost/tenant", resource="https://${domain}"`;
      reply(
        401,
        { error: { code: "Unauthorized", message: "AKV10000: a token is needed" } },
        { "www-authenticate": challenge },
      );
      return;
    }
    const { pathname } = new URL(request.url ?? "/", "https://vault");
    const name = decodeURIComponent(/^\/secrets\/([^/]+)\/?$/.exec(pathname)?.[1] ?? "");
    read.push({ by, secret: name });
    if (!/^[\dA-Za-z-]{1,127}$/.test(name))
      refuse(400, "BadParameter", `The request URI contains an invalid name: ${name}`);
    else if (!secrets.has(name))
      refuse(404, "SecretNotFound", `A secret with (name/id) ${name} was not found in this key vault.`);
    else
      reply(200, {
        value: secrets.get(name),
        id: `https://app.${domain}/secrets/${name}/1`,
        attributes: { enabled: true },
      });
  });

  const port = await listen(vault);
  return {
    url: `https://app.${domain}:${port}`,
    certificate: cert,
    entra: own,
    secrets,
    read,
    async close() {
      vault.closeAllConnections();
      await new Promise((resolve) => vault.close(resolve));
      if (own !== entra) await own.close();
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return (server.address() as AddressInfo).port;
}
