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

/** What the provider emits; `undefined`: this target needs no stack. */
export async function emitStack(options: StackOptions): Promise<Stack | undefined> {
  const { provider } = options;
  if (provider.stack === undefined) return undefined;
  const { emit } = (await import(moduleOf(provider, provider.stack).href)) as { readonly emit: Emit };
  return emit(inputOf(options));
}

/** How it gets to the cloud; `undefined`: not by commands. */
export async function planStack(options: StackOptions, stack: Stack): Promise<Planned | undefined> {
  return (await plannerOf(options.provider))?.plan(inputOf(options), stack);
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

function inputOf({ provider, manifest, graph, archives, aws, region }: StackOptions): StackInput {
  const hashes = Object.fromEntries([...archives].map(([name, archive]) => [name, hashOf(archive)]));
  return { ...settingsOf(manifest, provider, region), graph, archives: hashes, ...(aws && { aws }) };
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
