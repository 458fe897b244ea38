// Secrets out of the environment's variables, for development.
// https://docs.dapr.io/reference/components-reference/supported-secret-stores/envvar-secret-store/
import { type Create, FaastenError, type SecretStore, setting } from "../../../src/provider.ts";

/** A secret is the variable of its name behind the `prefix`. Dapr's own variables are no secrets, and are refused. */
export const create: Create<SecretStore> = (options) => {
  const prefix = setting(options, "prefix") ?? "";
  return {
    async get(name, { signal } = {}) {
      signal?.throwIfAborted();
      const variable = prefix + name;
      if (/^(DAPR_.*|APP_API_TOKEN)$/is.test(variable)) {
        throw new FaastenError(
          "DENIED",
          `secret store "${options.name}": the variable ${variable} is Dapr's own and is not given out: use another name`,
        );
      }
      const value = Object.hasOwn(process.env, variable) ? process.env[variable] : undefined;
      return value === undefined ? undefined : { [name]: value };
    },
  };
};
