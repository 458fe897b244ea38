// The cloud's own template, through the provider's emitter.
import { createHash } from "node:crypto";
import type { Graph } from "../contracts/graph.ts";
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
}

/** What the provider emits; `undefined`: this target needs no stack. */
export async function emitStack({
  provider,
  manifest,
  graph,
  archives,
  aws,
}: StackOptions): Promise<Stack | undefined> {
  if (provider.stack === undefined) return undefined;
  const { emit } = (await import(moduleOf(provider, provider.stack).href)) as { readonly emit: Emit };
  const hashes = Object.fromEntries([...archives].map(([name, archive]) => [name, hashOf(archive)]));
  return emit({ ...settingsOf(manifest), graph, archives: hashes, ...(aws && { aws }) });
}

/** Major version of Node.js that the functions run on. */
export function nodeOf({ runtime = "nodejs22.x" }: Pick<ProviderSection, "runtime">): number {
  return Number(/\d+/.exec(runtime)?.[0] ?? 22);
}

function settingsOf({ stage, provider }: Manifest): Omit<StackInput, "graph" | "archives" | "aws"> {
  const { region, memorySize = 512, timeout = 30, environment, logRetentionInDays = 30 } = provider;
  return {
    stage,
    ...(region !== undefined && { region }),
    node: nodeOf(provider),
    memory: memorySize,
    timeout,
    environment,
    logRetentionDays: logRetentionInDays,
  };
}

function hashOf(archive: Uint8Array): string {
  return createHash("sha256").update(archive).digest("hex");
}
