// Who the app is to Microsoft Entra: the identity of the function app, or a client with a secret. Loaded when it is first needed.
// https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/system-assigned-managed-identity
// https://docs.dapr.io/developing-applications/integrations/azure/azure-authentication/authenticating-azure/
import { AzureAuthorityHosts, ClientSecretCredential, ManagedIdentityCredential } from "@azure/identity";
import { type ComponentOptions, FaastenError, setting } from "../../src/provider.ts";

/** Of `@azure/identity`, what every client of the SDK takes. */
export interface Credential {
  getToken(
    scopes: string | string[],
    options?: object,
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** By Dapr's metadata; without any, the identity that the app setting `AZURE_CLIENT_ID` names, or the app's only one. */
export function createCredential(component: ComponentOptions): Credential {
  const [tenant, client, secret] = ["TenantId", "ClientId", "ClientSecret"].map(
    (field) => setting(component, `azure${field}`) ?? setting(component, `spn${field}`) ?? setting(component, field),
  );
  if (secret !== undefined) {
    if (tenant === undefined || client === undefined)
      throw new FaastenError(
        "MISCONFIGURED",
        `component "${component.name}": azureClientSecret needs azureTenantId and azureClientId beside it`,
      );
    return new ClientSecretCredential(tenant, client, secret, { authorityHost: authorityOf(component) });
  }
  const clientId = client ?? process.env["AZURE_CLIENT_ID"];
  return clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential();
}

function authorityOf(component: ComponentOptions): string {
  const name = setting(component, "azureEnvironment") ?? "AzurePublicCloud";
  const host = authorities[name.toLowerCase()];
  if (host !== undefined) return host;
  throw new FaastenError(
    "MISCONFIGURED",
    `component "${component.name}": azureEnvironment is AzurePublicCloud, AzureChinaCloud or AzureUSGovernmentCloud, and not "${name}"`,
  );
}

const authorities: Readonly<Record<string, string>> = {
  azurepubliccloud: AzureAuthorityHosts.AzurePublicCloud,
  azurechinacloud: AzureAuthorityHosts.AzureChina,
  azureusgovernmentcloud: AzureAuthorityHosts.AzureGovernment,
};
