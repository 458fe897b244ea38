// Secrets in Key Vault.
// https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
// https://docs.dapr.io/reference/components-reference/supported-secret-stores/azure-keyvault/
import { SecretClient } from "@azure/keyvault-secrets";
import { type Create, type SecretStore, setting } from "../../../src/provider.ts";
import { absentIf, createClient } from "../client.ts";

export const create: Create<SecretStore> = (options) => {
  const vault = setting(options, "vaultName") ?? "";
  const { call, close } = createClient(
    options,
    async (credential) => new SecretClient(addressOf(vault), await credential()),
  );
  return {
    async get(name, { signal } = {}) {
      signal?.throwIfAborted();
      // No vault can hold one of another name, and says that the request is bad.
      if (!/^[\dA-Za-z-]{1,127}$/.test(name)) return undefined;
      const asked = call("get secret", (client, sdk) => client.getSecret(name, sdk), { ...(signal && { signal }) });
      const value = (await absentIf(asked, 404))?.value;
      return value === undefined ? undefined : { [name]: value };
    },
    close,
  };
};

/** Of a vault's name, as Dapr has it; a host or a whole address stays what it is. */
function addressOf(vault: string): string {
  if (vault.includes("://")) return vault;
  return `https://${vault.includes(".") ? vault : `${vault}.vault.azure.net`}`;
}
