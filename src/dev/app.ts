// All that an app's folder says, for the local target.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import type { ComponentManifest } from "../manifest/component.ts";
import { readComponents } from "../manifest/components.ts";
import { type Manifest, readManifest } from "../manifest/manifest.ts";
import type { Problems } from "../manifest/problems.ts";

export interface AppManifests {
  readonly manifest: Manifest | undefined;
  readonly entries: readonly string[];
  readonly components: readonly ComponentManifest[];
  readonly scopedOut: readonly ComponentManifest[];
  /** `.env`, then the manifest's environment. Neither overrides what the shell has set. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds that a function may run. */
  readonly timeout: number;
  /** The YAML files that were read, and the folders of which another would be. */
  readonly files: readonly string[];
}

export interface ReadOptions {
  readonly types: readonly string[];
  readonly stage?: string;
  readonly params: Readonly<Record<string, string>>;
}

export function readApp(folder: string, { types, stage, params }: ReadOptions, problems: Problems): AppManifests {
  const file = join(folder, ".env");
  const dotEnv: NodeJS.Dict<string> = existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
  const env = { ...dotEnv, ...process.env };
  const manifest = readManifest(folder, { env, params, ...(stage !== undefined && { stage }) }, problems);
  const componentsFolder = manifest?.components ?? join(folder, "components");
  const { components, scopedOut } = readComponents(
    { folder: componentsFolder, target: "local", service: manifest?.service ?? "", types },
    problems,
  );
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...manifest?.provider.environment, ...dotEnv })) {
    if (value !== undefined && process.env[name] === undefined) environment[name] = value;
  }
  return {
    manifest,
    entries: manifest?.entry ?? [],
    components: [...components.values()],
    scopedOut: [...scopedOut.values()],
    environment,
    timeout: (manifest?.provider.timeout ?? 30) * 1000,
    files: [componentsFolder, join(componentsFolder, "local")].flatMap((at) => [
      at,
      ...(existsSync(at) ? readdirSync(at).map((name) => join(at, name)) : []),
    ]),
  };
}
