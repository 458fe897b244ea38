// Calls to a service at a fixed address. It tells nobody who calls.
// https://docs.dapr.io/reference/resource-specs/httpendpoints-schema/
import { type Create, FaastenError, type ServiceCaller, sendRequest, setting } from "../../../src/provider.ts";

export const create: Create<ServiceCaller> = (options) => {
  const where = `service "${options.name}"`;
  const given = setting(options, "baseUrl");
  const base = given !== undefined && URL.canParse(given) ? new URL(given) : undefined;
  const usable = base && /^https?:$/.test(base.protocol) && !base.username && !base.password;
  if (!usable || base.search || base.hash) {
    throw new FaastenError(
      "MISCONFIGURED",
      `${where}: its baseUrl is an address such as "https://billing.example", with no user, query or fragment`,
    );
  }
  return { call: (request, { signal } = {}) => sendRequest(request, { base, signal, where }) };
};
