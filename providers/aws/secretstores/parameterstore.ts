// Secrets in Parameter Store, decrypted.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
// https://docs.dapr.io/reference/components-reference/supported-secret-stores/aws-parameter-store/
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { type Create, type SecretStore, setting } from "../../../src/provider.ts";
import { absentIf, createClient } from "../client.ts";

export const create: Create<SecretStore> = (options) => {
  const prefix = setting(options, "prefix") ?? "";
  const { call, close } = createClient(options, (config) => new SSMClient(config), {
    GetParameter: GetParameterCommand,
  });
  return {
    async get(name, { signal } = {}) {
      const asked = call("GetParameter", { Name: prefix + name, WithDecryption: true }, { ...(signal && { signal }) });
      const value = (await absentIf(asked, "ParameterNotFound"))?.Parameter?.Value;
      return value === undefined ? undefined : { [name]: value };
    },
    async close() {
      close();
    },
  };
};
