// What proves who the app is to Microsoft Entra. Loaded when it is first needed, and alone: it imports nothing of ours.
// https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/overview
import { AzureAuthorityHosts, ClientSecretCredential, ManagedIdentityCredential } from "@azure/identity";

/** Of `@azure/identity`, what every client of the SDK takes. */
export interface Credential {
  getToken(
    scopes: string | string[],
    options?: object,
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** `cloud`: in small letters, as Dapr's `azureEnvironment` names it. */
export function clientSecret(tenant: string, client: string, secret: string, cloud: Cloud): Credential {
  return new ClientSecretCredential(tenant, client, secret, { authorityHost: authorities[cloud] });
}

/** Left out: the app's only one. */
export function managedIdentity(clientId: string | undefined): Credential {
  return clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential();
}

export type Cloud = "azurepubliccloud" | "azurechinacloud" | "azureusgovernmentcloud";

const authorities: Readonly<Record<Cloud, string>> = {
  azurepubliccloud: AzureAuthorityHosts.AzurePublicCloud,
  azurechinacloud: AzureAuthorityHosts.AzureChina,
  azureusgovernmentcloud: AzureAuthorityHosts.AzureGovernment,
};
