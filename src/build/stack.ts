// The cloud's own template, through the provider's emitter.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
  /** The folder that holds the archives, and gets the template. */
  readonly output: string;
  readonly aws?: AwsSection;
}

/** Writes what the provider emits; `undefined`: this target needs no stack. */
export async function emitStack({ provider, manifest, graph, output, aws }: StackOptions): Promise<Stack | undefined> {
  if (provider.stack === undefined) return undefined;
  const { emit } = (await import(moduleOf(provider, provider.stack).href)) as { readonly emit: Emit };
  const archives = graph.deployables.map(({ name }) => [name, hashOf(archiveOf(output, name))]);
  const stack = emit({ ...settingsOf(manifest), graph, archives: Object.fromEntries(archives), ...(aws && { aws }) });
  for (const [name, text] of Object.entries(stack.files)) writeFileSync(join(output, name), text);
  return stack;
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

/** As `build` writes it. */
export function archiveOf(output: string, deployable: string): string {
  return deployable === "app" ? join(output, "app.zip") : join(output, "functions", `${deployable}.zip`);
}

function hashOf(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
