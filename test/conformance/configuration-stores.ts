// The configuration stores that the cases run on.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create as createParameters } from "../../providers/aws/configuration/parameterstore.ts";
import { create as createEnv } from "../../providers/local/configuration/env.ts";
import { create as createSqlite } from "../../providers/local/configuration/sqlite.ts";
import type { ConfigurationHarness } from "../../src/conformance/cases.ts";
import type { ComponentOptions } from "../../src/provider.ts";
import { startAwsJson } from "../servers/aws-json.ts";
import { appconfigOnContractServer } from "./azure.ts";
import { parametersOnContract } from "./gcp.ts";

type Open = () => Promise<[harness: ConfigurationHarness, close: () => Promise<void>]>;

export const configurationStores: Readonly<Record<string, Open>> = {
  "configuration.sqlite": () =>
    onFile(async (options) => {
      const component = await createSqlite(options);
      return { component, plant: async (key, value) => void (await component.set?.(key, value)) };
    }),

  "configuration.sqlite, valuesFile": () =>
    onFile(async (options, folder) => {
      const valuesFile = join(folder, "values.json");
      await writeFile(valuesFile, "{}");
      const values: Record<string, string> = {};
      const component = await createSqlite({ ...options, metadata: { ...options.metadata, valuesFile } });
      const plant = async (key: string, value: string): Promise<void> => {
        values[key] = value;
        await writeFile(valuesFile, JSON.stringify(values));
      };
      return { component, plant };
    }),

  /** Parameter Store itself takes no empty value, and none with `{{`. */
  "configuration.aws.parameterstore (contract server)": async () => {
    const { url, parameters, close } = await startAwsJson();
    const access = { region: "eu-west-1", accessKey: "key", secretKey: "secret" };
    const metadata = { ...access, endpoint: url, prefix: "/conformance/test/" };
    const component = await createParameters({ name: "settings", service: "conformance", metadata });
    const plant = async (key: string, value: string): Promise<void> =>
      parameters.set(`/conformance/test/${key}`, value, "String");
    return [{ component, plant }, async () => void (await Promise.all([component.close?.(), close()]))];
  },

  "configuration.azure.appconfig (contract server)": appconfigOnContractServer,

  "configuration.local.env": async () => {
    const prefix = "CONFORMANCE_SETTING_";
    const planted: string[] = [];
    const component = await createEnv({ name: "settings", service: "conformance", metadata: { prefix } });
    const harness: ConfigurationHarness = {
      component,
      async plant(key, value) {
        planted.push(prefix + key);
        process.env[prefix + key] = value;
      },
    };
    const close = async (): Promise<void> => {
      for (const name of planted) delete process.env[name];
    };
    return [harness, close];
  },

  "configuration.gcp.parametermanager (contract server)": parametersOnContract,
};

async function onFile(
  make: (options: ComponentOptions, folder: string) => Promise<ConfigurationHarness>,
): ReturnType<Open> {
  const folder = await mkdtemp(join(tmpdir(), "faasten-settings-"));
  const metadata = { connectionString: join(folder, "settings.db") };
  const harness = await make({ name: "settings", service: "conformance", metadata }, folder);
  const close = async (): Promise<void> => {
    await harness.component.close?.();
    await rm(folder, { recursive: true });
  };
  return [harness, close];
}
