// The cloud's own template, through the provider's emitter, and the plan of how it is deployed.
import { createHash } from "node:crypto";
import type { Graph } from "../contracts/graph.ts";
import type { MakePlan, Planned, ReadChanges } from "../contracts/plan.ts";
import type { Provider } from "../contracts/provider.ts";
import type { AwsSection, Emit, Stack, StackInput } from "../contracts/stack.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { ProviderSection } from "../manifest/provider-section.ts";
import { moduleOf } from "./modules.ts";

export interface StackOptions {
  readonly provider: Provider;
  readonly manifest: Manifest;
  readonly graph: Graph;
  /** Of each deployable. */
  readonly archives: ReadonlyMap<string, Uint8Array>;
  readonly aws?: AwsSection;
  /** In place of the manifest's. */
  readonly region?: string;
}

export interface Emitted {
  readonly stack: Stack;
  /** `undefined`: this target is not deployed by commands. */
  readonly planned: Planned | undefined;
}

/** What the provider emits; `undefined`: this target needs no stack. */
export async function emitStack({
  provider,
  manifest,
  graph,
  archives,
  aws,
  region,
}: StackOptions): Promise<Emitted | undefined> {
  if (provider.stack === undefined) return undefined;
  const { emit } = (await import(moduleOf(provider, provider.stack).href)) as { readonly emit: Emit };
  const hashes = Object.fromEntries([...archives].map(([name, archive]) => [name, hashOf(archive)]));
  const settings = settingsOf(manifest, provider, region);
  const input: StackInput = { ...settings, graph, archives: hashes, ...(aws && { aws }) };
  const stack = emit(input);
  return { stack, planned: (await plannerOf(provider))?.plan(input, stack) };
}

/** How the provider's stack is deployed. */
export async function plannerOf(
  provider: Provider,
): Promise<{ readonly plan: MakePlan; readonly changes: ReadChanges } | undefined> {
  return provider.plan === undefined ? undefined : await import(moduleOf(provider, provider.plan).href);
}

/** Major version of Node.js that the functions run on. */
export function nodeOf({ runtime = "nodejs22.x" }: Pick<ProviderSection, "runtime">): number {
  return Number(/\d+/.exec(runtime)?.[0] ?? 22);
}

function settingsOf(
  { stage, provider, regions }: Manifest,
  { name }: Provider,
  given: string | undefined,
): Omit<StackInput, "graph" | "archives" | "aws"> {
  const { memorySize = 512, timeout = 30, environment, logRetentionInDays = 30, architecture } = provider;
  const region = given ?? regions[name] ?? (cloudOf(provider) === name ? provider.region : undefined);
  return {
    stage,
    ...(region !== undefined && { region }),
    node: nodeOf(provider),
    memory: memorySize,
    timeout,
    environment,
    logRetentionDays: logRetentionInDays,
    ...(architecture !== undefined && { architecture }),
  };
}

/** Whose words its region and its other settings are. */
function cloudOf({ name }: ProviderSection): string {
  return name === "google" ? "gcp" : name;
}

function hashOf(archive: Uint8Array): string {
  return createHash("sha256").update(archive).digest("hex");
}
