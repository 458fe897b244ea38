// All that an app's folder says, for one target.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import type { ComponentManifest } from "../manifest/component.ts";
import { readComponents } from "../manifest/components.ts";
import { readHandlers } from "../manifest/framework-section.ts";
import { readSection, type Section } from "../manifest/functions-section.ts";
import { type Manifest, readManifest } from "../manifest/manifest.ts";
import type { Problems } from "../manifest/problems.ts";
import type { Framework } from "../manifest/variables.ts";
import { sharedEnvironment } from "./environment.ts";

export interface AppManifests {
  readonly manifest: Manifest | undefined;
  readonly entries: readonly string[];
  /** Ordinary Lambda handlers. */
  readonly section: Section;
  readonly components: readonly ComponentManifest[];
  readonly scopedOut: readonly ComponentManifest[];
  /** The manifest's environment, on this machine with that of each of its functions, under what `.env` says on the local target. Neither overrides what the shell has set. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds that a function may run. */
  readonly timeout: number;
  /** The YAML files that were read, and the folders of which another would be. */
  readonly files: readonly string[];
}

export interface ReadOptions {
  readonly target: string;
  /** All component types of all providers. */
  readonly types: readonly string[];
  readonly stage?: string;
  readonly params: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  readonly framework?: Framework;
}

export function readApp(
  folder: string,
  { target, types, stage, params, options = {}, framework }: ReadOptions,
  problems: Problems,
): AppManifests {
  const dotEnv = target === "local" ? readDotEnv(join(folder, ".env"), problems) : {};
  const env = { ...dotEnv, ...process.env };
  const given = { env, params, options, ...(framework && { framework }), ...(stage !== undefined && { stage }) };
  const manifest = readManifest(folder, given, problems);
  const componentsFolder = manifest?.components ?? join(folder, "components");
  const { components, scopedOut } = readComponents(
    { folder: componentsFolder, target, service: manifest?.service ?? "", types },
    problems,
  );
  const section = !manifest
    ? { functions: [], folders: [], notes: [] }
    : framework && target === "aws"
      ? readHandlers(manifest, folder, problems)
      : readSection(manifest, { folder, target }, problems);
  const environment: Record<string, string> = {};
  const entries = manifest?.entry ?? [];
  const common = manifest?.provider.environment ?? {};
  const others = entries.map((file) => problems.relative(file));
  const shared =
    target === "local" ? sharedEnvironment({ functions: section.functions, others, common }, problems) : common;
  for (const [name, value] of Object.entries({ ...shared, ...dotEnv })) {
    if (value !== undefined && process.env[name] === undefined) environment[name] = value;
  }
  if (manifest) checkTimeout(manifest, problems);

  return {
    manifest,
    entries,
    section,
    components: [...components.values()],
    scopedOut: [...scopedOut.values()],
    environment,
    timeout: (manifest?.provider.timeout ?? 30) * 1000,
    files: [
      ...(manifest?.included() ?? []),
      ...[componentsFolder, join(componentsFolder, target)].flatMap((at) => [
        at,
        ...(isFolder(at) ? readdirSync(at).map((name) => join(at, name)) : []),
      ]),
    ],
  };
}

function readDotEnv(file: string, problems: Problems): NodeJS.Dict<string> {
  if (!existsSync(file)) return {};
  try {
    return parseEnv(readFileSync(file, "utf8"));
  } catch (error) {
    const why = isFolder(file) ? "it is a folder" : error instanceof Error ? error.message : String(error);
    problems.add("INVALID", { file, line: 1 }, `The file cannot be read: ${why}.`);
    return {};
  }
}

function checkTimeout({ provider: { timeout }, where }: Manifest, problems: Problems): void {
  if (timeout === undefined || (timeout >= 1 && timeout <= longest)) return;
  const message = `\`provider.timeout\` counts seconds, from 1 to ${longest}, and is ${timeout}.`;
  problems.add("INVALID", where(["provider", "timeout"]), message);
}

/** What the most patient cloud gives a function. */
const longest = 3600;

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
