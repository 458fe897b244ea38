// The secret stores that the cases run on.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create as createEnv } from "../../providers/local/secretstores/env.ts";
import { create as createFile } from "../../providers/local/secretstores/file.ts";
import type { SecretStoreHarness } from "../../src/conformance/cases.ts";
import type { ComponentOptions } from "../../src/provider.ts";

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
};

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
