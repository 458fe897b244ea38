// The secret stores that the cases run on.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create as createParameterStore } from "../../providers/aws/secretstores/parameterstore.ts";
import { create as createSecretManager } from "../../providers/aws/secretstores/secretmanager.ts";
import { create as createGoogle } from "../../providers/gcp/secretstores/secretmanager.ts";
import { create as createEnv } from "../../providers/local/secretstores/env.ts";
import { create as createFile } from "../../providers/local/secretstores/file.ts";
import type { SecretStoreHarness } from "../../src/conformance/cases.ts";
import type { ComponentOptions, SecretStore } from "../../src/provider.ts";
import { startAwsJson } from "../servers/aws-json.ts";
import { startSecretManager } from "../servers/secret-manager.ts";
import { keyvaultOnContractServer } from "./azure.ts";

type Open = () => Promise<[harness: SecretStoreHarness, close: () => Promise<void>]>;

export const secretStores: Readonly<Record<string, Open>> = {
  "secretstores.local.file": () => onFile({}),
  "secretstores.local.file, multiValued": () => onFile({ multiValued: "true" }),

  "secretstores.local.env": async () => {
    const component = await createEnv(named({ prefix: "CONFORMANCE_" }));
    const planted: string[] = [];
    const harness: SecretStoreHarness = {
      component,
      async plant(name, value) {
        planted.push(`CONFORMANCE_${name}`);
        process.env[`CONFORMANCE_${name}`] = value;
      },
    };
    const close = async (): Promise<void> => {
      for (const name of planted) delete process.env[name];
    };
    return [harness, close];
  },

  "secretstores.azure.keyvault (contract server)": keyvaultOnContractServer,
  "secretstores.aws.secretmanager (contract server)": () => onAws({}),
  "secretstores.aws.secretmanager, several keys (contract server)": () => onAws({ multipleKeyValuesPerSecret: "true" }),
  "secretstores.aws.parameterstore (contract server)": async () => {
    const { url, parameters, close } = await startAwsJson();
    const component = await createParameterStore(named({ ...access, endpoint: url, prefix: "/conformance/" }));
    const plant = async (name: string, value: string): Promise<void> => {
      parameters.set(`/conformance/${name}`, value);
    };
    return [{ component, plant }, () => closed(component, close)];
  },

  "secretstores.gcp.secretmanager (contract server)": async () => {
    const { url, addVersion, close } = await startSecretManager();
    const prefix = "projects/conformance/secrets/conformance-";
    const component = await createGoogle(named({ endpoint: url, prefix }));
    const plant = async (name: string, value: string): Promise<void> => {
      addVersion(`${prefix}${name}`, "an older version");
      addVersion(`${prefix}${name}`, value);
    };
    return [{ component, plant }, () => closed(component, close)];
  },
};

const access = { region: "eu-west-1", accessKey: "key", secretKey: "secret" };

async function onAws(metadata: Record<string, string>): ReturnType<Open> {
  const { url, secrets, close } = await startAwsJson();
  const component = await createSecretManager(named({ ...access, ...metadata, endpoint: url, prefix: "conformance-" }));
  const plantMany = async (name: string, values: Readonly<Record<string, string>>): Promise<void> => {
    secrets.set(`conformance-${name}`, JSON.stringify(values));
  };
  const plant = async (name: string, value: string): Promise<void> => {
    if (metadata["multipleKeyValuesPerSecret"]) await plantMany(name, { [name]: value });
    else secrets.set(`conformance-${name}`, value);
  };
  const harness = metadata["multipleKeyValuesPerSecret"] ? { component, plant, plantMany } : { component, plant };
  return [harness, () => closed(component, close)];
}

async function closed(component: SecretStore, close: () => Promise<void>): Promise<void> {
  await component.close?.();
  await close();
}

async function onFile(metadata: Record<string, string>): ReturnType<Open> {
  const folder = await mkdtemp(join(tmpdir(), "faasten-secrets-"));
  const file = join(folder, "secrets.json");
  const secrets: Record<string, unknown> = {};
  const plant = async (name: string, value: unknown): Promise<void> => {
    secrets[name] = value;
    await writeFile(file, JSON.stringify(secrets));
  };
  const component = await createFile(named({ ...metadata, secretsFile: file }));
  const harness = metadata["multiValued"] ? { component, plant, plantMany: plant } : { component, plant };
  return [harness, () => rm(folder, { recursive: true })];
}

function named(metadata: Record<string, string>): ComponentOptions {
  return { name: "secrets", service: "conformance", metadata };
}
