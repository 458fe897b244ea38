// Settings in App Configuration, without a label.
// https://learn.microsoft.com/azure/azure-app-configuration/rest-api-key-value
// https://docs.dapr.io/reference/components-reference/supported-configuration-stores/azure-appconfig-configuration-store/
import { AppConfigurationClient } from "@azure/app-configuration";
import { type ConfigurationItem, type ConfigurationStore, type Create, setting } from "../../../src/provider.ts";
import { absentIf, createClient } from "../client.ts";

/** Keys that are read at once. */
const atOnce = 10;

export const create: Create<ConfigurationStore> = (options) => {
  const { call, close } = createClient(options, async (credential) => {
    const connectionString = setting(options, "connectionString");
    if (connectionString === undefined)
      return new AppConfigurationClient(setting(options, "host") ?? "", await credential());
    return new AppConfigurationClient(connectionString, {
      allowInsecureConnection: /(?:^|;)endpoint=http:\/\/(?:127\.0\.0\.1|localhost)[:/;]/i.test(connectionString),
    });
  });

  async function read(key: string, signal: AbortSignal | undefined): Promise<ConfigurationItem | undefined> {
    // No store can hold one of these names, and says that the request is bad.
    if (key === "" || key === "." || key === ".." || key.includes("%")) return undefined;
    const asked = call("get key-value", (client, sdk) => client.getConfigurationSetting({ key }, sdk), {
      ...(signal && { signal }),
    });
    const { value, etag } = (await absentIf(asked, 404)) ?? {};
    return value === undefined ? undefined : { value, ...(etag !== undefined && { version: etag }) };
  }

  return {
    async get(keys, { signal } = {}) {
      signal?.throwIfAborted();
      const found = new Map<string, ConfigurationItem>();
      const wanted = new Set(keys).values();
      const readers = Array.from({ length: atOnce }, async () => {
        for (const key of wanted) {
          const item = await read(key, signal);
          if (item) found.set(key, item);
        }
      });
      await Promise.all(readers);
      return found;
    },
    close,
  };
};
