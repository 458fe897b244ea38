// Calls to another app's private service on Cloud Run, proved by an ID token for its address.
// https://docs.cloud.google.com/run/docs/authenticating/service-to-service
// https://docs.cloud.google.com/compute/docs/instances/verifying-instance-identity
import {
  type Create,
  failedRequest,
  provedBase,
  type ServiceCaller,
  sendRequest,
  setting,
} from "../../../src/provider.ts";
import { createIdTokens } from "../credentials.ts";

/** The `baseUrl` is the service's own address: its origin is the token's audience unless `audience` says another. */
export const create: Create<ServiceCaller> = (options) => {
  const where = `service "${options.name}"`;
  const base = provedBase(options, "https://billing-abc-ew.a.run.app");
  const tokens = createIdTokens(options, setting(options, "audience") ?? base.origin);
  return {
    async call(request, { signal } = {}) {
      const headers = new Headers(request.headers);
      const token = await tokens({ ...(signal && { signal }) }).catch((error: unknown) => {
        throw failedRequest(error, signal, where);
      });
      headers.set("authorization", `Bearer ${token}`);
      return sendRequest({ ...request, headers }, { base, signal, where });
    },
  };
};
