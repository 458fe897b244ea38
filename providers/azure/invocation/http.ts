// Calls to another app's functions behind App Service's own authentication, proved by a token of the app's identity.
// https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad#daemon-client-application-service-to-service-calls
import { type Create, provedBase, type ServiceCaller, sendRequest, setting } from "../../../src/provider.ts";
import { createClient } from "../client.ts";

/** `audience` is the application ID URI under which the service is registered, such as `api://billing`. */
export const create: Create<ServiceCaller> = (options) => {
  const where = `service "${options.name}"`;
  const base = provedBase(options, "https://billing.azurewebsites.net");
  const scope = `${setting(options, "audience") ?? ""}/.default`;
  const { call, close } = createClient(options, (credential) => credential());
  return {
    async call(request, { signal } = {}) {
      const calling = signal ? { signal } : {};
      // The SDK keeps it until shortly before its end.
      const token = await call("get token", (credential, sdk) => credential.getToken(scope, sdk), calling);
      const headers = new Headers(request.headers);
      headers.set("authorization", `Bearer ${token?.token}`);
      return sendRequest({ ...request, headers }, { base, signal, where });
    },
    close,
  };
};
