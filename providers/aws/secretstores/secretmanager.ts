// Secrets in Secrets Manager.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
// https://docs.dapr.io/reference/components-reference/supported-secret-stores/aws-secret-manager/
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { type Create, FaastenError, flag, type SecretStore, setting } from "../../../src/provider.ts";
import { absentIf, createClient } from "../client.ts";

export const create: Create<SecretStore> = (options) => {
  const prefix = setting(options, "prefix") ?? "";
  const severalKeys = flag(options, "multipleKeyValuesPerSecret");
  const { call, close } = createClient(options, (config) => new SecretsManagerClient(config), {
    GetSecretValue: GetSecretValueCommand,
  });
  return {
    async get(name, { signal } = {}) {
      const asked = call("GetSecretValue", { SecretId: prefix + name }, { ...(signal && { signal }) });
      const found = await absentIf(asked, "ResourceNotFoundException");
      if (found?.SecretString === undefined) return undefined;
      return severalKeys
        ? keysOf(found.SecretString, `component "${options.name}": ${name}`)
        : { [name]: found.SecretString };
    },
    async close() {
      close();
    },
  };
};

/** Of a JSON object; what is no string is told as JSON. */
function keysOf(text: string, what: string): Readonly<Record<string, string>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new FaastenError(
      "MISCONFIGURED",
      `${what} is no JSON object, and multipleKeyValuesPerSecret says that it is`,
    );
  const keys: Record<string, string> = Object.create(null);
  for (const [key, each] of Object.entries(value)) keys[key] = typeof each === "string" ? each : JSON.stringify(each);
  return keys;
}
