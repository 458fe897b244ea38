// Calls to another app's functions behind App Service's own authentication, proved by a token of the app's identity.
// https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad#daemon-client-application-service-to-service-calls
import { type Create, FaastenError, type ServiceCaller, sendRequest, setting } from "../../../src/provider.ts";
import { createClient } from "../client.ts";

/** `audience` is the application ID URI under which the service is registered, such as `api://billing`. */
export const create: Create<ServiceCaller> = (options) => {
  const where = `service "${options.name}"`;
  const given = setting(options, "baseUrl") ?? "";
  const base = URL.canParse(given) ? new URL(given) : undefined;
  if (!base || !isSafe(base) || base.username || base.password || base.search || base.hash)
    throw new FaastenError(
      "MISCONFIGURED",
      `${where}: its baseUrl is an address such as "https://billing.azurewebsites.net", with no user, query or fragment: a token goes nowhere without TLS`,
    );
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

/** What stays on this machine needs none. */
function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname));
}
