// `faasten build`: discover → bind → bundle → the resource graph.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build as esbuild, type Plugin } from "esbuild";
import type { Graph } from "../contracts/graph.ts";
import type { Planned } from "../contracts/plan.ts";
import type { Provider } from "../contracts/provider.ts";
import type { Stack } from "../contracts/stack.ts";
import type { TriggerSpec } from "../contracts/trigger.ts";
import { readAwsSection } from "../manifest/aws-section.ts";
import { Problems } from "../manifest/problems.ts";
import type { Framework } from "../manifest/variables.ts";
import { type AppManifests, readApp } from "./app.ts";
import { type Bindings, bind } from "./bind.ts";
import { bundling, forCommonJs, lazyBuiltins, ours } from "./bundling.ts";
import { report } from "./compile-errors.ts";
import { type Deployable, deployablesOf } from "./deployables.ts";
import { discover, type Find, type Found } from "./discover.ts";
import { importEntries } from "./discovery.ts";
import { componentsOf, entrySource, handedOver, hasLambda } from "./entry.ts";
import { checkEnvironments } from "./environment.ts";
import { withoutFeatures } from "./features.ts";
import { graphOf } from "./graph.ts";
import { isPromised } from "./handed.ts";
import { plainFiles } from "./handler-files.ts";
import { type LambdaModules, noLambdaModules } from "./lambda-modules.ts";
import { cloudPackages } from "./packages.ts";
import { allProviders, providerOf, type Target } from "./providers.ts";
import { type Weight, weigh } from "./report.ts";
import { declaredBy, modulesOf, placeIn, sectionPlugin } from "./section-modules.ts";
import { emitStack, nodeOf, planStack } from "./stack.ts";
import { userModules } from "./user-modules.ts";
import { zip } from "./zip.ts";

export interface BuildOptions {
  readonly folder: string;
  readonly target: Target;
  readonly stage?: string;
  readonly params?: Readonly<Record<string, string>>;
  /** In place of the manifest's. */
  readonly region?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly framework?: Framework;
}

export interface Built extends Made {
  /** Deployable → its archive. */
  readonly archives: ReadonlyMap<string, Uint8Array>;
  readonly stack: Stack | undefined;
  readonly planned: Planned | undefined;
  /** Deployable → what its bundle weighs. */
  readonly weights: Readonly<Record<string, Weight>>;
}

/** What a build comes to, before any of it is written. */
export interface Made {
  /** `.faasten/<target>`, absolute. */
  readonly output: string;
  readonly app: AppManifests;
  readonly provider: Provider;
  /** All of the app's, also those of another cloud alone. */
  readonly found: readonly Found[];
  readonly bindings: Bindings;
  readonly graph: Graph;
  readonly bundles: ReadonlyMap<string, Bundle>;
  /** What was done that its author should know of. */
  readonly notes: readonly string[];
  /** The file that exports a function. */
  readonly fileOf: (functionName: string) => string;
  /** How the app's own modules come into a program, each Lambda handler wrapped. */
  readonly plugins: readonly Plugin[];
}

export interface Bundle {
  /** What lies beside each other there, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly weight: Weight;
}

/** Writes `.faasten/<target>`. Throws one `MISCONFIGURED` with every mistake of the app, and then writes nothing. */
export async function build(options: BuildOptions): Promise<Built> {
  const composed = await compose(options);
  const { output, bundles, graph, archives, stack, planned, weights } = composed;
  // The local target's own folder holds the data of `faasten dev`.
  for (const old of ["functions", "app", "app.zip", "graph.json", "report.json", "deploy.json"])
    rmSync(join(output, old), { recursive: true, force: true });
  for (const [name, { files }] of bundles) {
    const place = name === "app" ? join(output, "app") : join(output, "functions", name);
    for (const [file, contents] of files) write(join(place, file), contents);
    write(`${place}.zip`, archives.get(name) ?? new Uint8Array());
  }
  write(join(output, "graph.json"), json(graph));
  write(join(output, "report.json"), json(weights));
  for (const [name, text] of Object.entries({ ...stack?.files, ...planned?.files })) write(join(output, name), text);
  if (planned) write(join(output, "deploy.json"), json(planned.plan));
  return composed;
}

/** All that a build writes, before any of it is. Throws as a build does. */
export async function compose(options: BuildOptions): Promise<Built> {
  const problems = new Problems(options.folder);
  const made = await make(options, problems);
  problems.throwIfAny();
  const { app, provider, bundles, graph } = made;
  const { manifest } = app;
  const aws = manifest && provider.native ? readAwsSection(manifest, problems) : undefined;
  problems.throwIfAny();
  const archives = archivesOf(bundles);
  const { region } = options;
  const given = { ...(aws && { aws }), ...(region !== undefined && { region }) };
  const needed = manifest && { provider, manifest, graph, archives, ...given };
  const stack = needed && (await emitStack(needed));
  const planned = needed && stack && (await planStack(needed, stack));
  const weights = Object.fromEntries([...bundles].map(([name, { weight }]) => [name, weight]));
  return { ...made, archives, stack, planned, weights };
}

/** What is uploaded of each bundle: all but its map. */
export function archivesOf(bundles: ReadonlyMap<string, Bundle>): ReadonlyMap<string, Uint8Array> {
  return new Map(
    [...bundles].map(([name, { files }]) => [
      name,
      zip(Object.fromEntries([...files].filter(([file]) => !file.endsWith(".map")))),
    ]),
  );
}

/** Throws where the app cannot be bound. What cannot be bundled is reported, and lacks its bundle. `foreign`: functions of another cloud alone. */
export async function make(
  { folder, target, stage, params = {}, options = {}, framework }: BuildOptions,
  problems: Problems,
  foreign: "refused" | "left out" = "refused",
): Promise<Made> {
  const [provider, providers] = await Promise.all([providerOf(target), allProviders()]);
  const types = providers.flatMap(({ components }) => Object.keys(components));
  const given = { ...(stage !== undefined && { stage }), ...(framework && { framework }) };
  const app = readApp(folder, { target, types, params, options, ...given }, problems);
  const output = join(folder, ".faasten", target);
  const discovery = app.entries.length > 0 ? await importEntries(folder, app.entries, output, problems) : undefined;
  const section = modulesOf(app.section.functions, provider);
  const modules = [...(discovery?.modules ?? []), ...declaredBy(app.section.functions, provider)];
  const find: Find = (exported, entry) =>
    placeIn(section, exported, entry) ?? discovery?.find(exported, entry) ?? { file: entry, line: 1 };
  const all = discover(modules, find, problems, { cloud: target !== "local" });
  const found = all.filter(({ definition: { on } }) => foreign === "refused" || isOf(on, provider));
  const plain = await plainFiles({ folder, modules: section, entries: app.entries }, problems);
  const declared = { components: byName(app.components), scopedOut: byName(app.scopedOut) };
  const bindings = bind(found, { provider, providers, declared }, problems);
  problems.throwIfAny();

  const service = app.manifest?.service ?? "";
  const deployables = deployablesOf(found, provider);
  checkEnvironments(deployables, app.section.functions, app.manifest?.provider.environment ?? {}, problems);
  problems.throwIfAny();
  const known = { deployables, bindings, provider, section: app.section.functions };
  const graph = graphOf({ service, target, folder, found, ...known });
  const sources = new Map(
    modules.flatMap(({ file, exports }) =>
      all
        .filter(({ exported, definition }) => exports[exported] === definition)
        .map(({ name }) => [name, file] as const),
    ),
  );
  const fileOf = (name: string): string => sources.get(name) ?? "";
  const functions = new Set(all.map(({ exported }) => exported));
  const { handlers, all: reached } = discovery?.lambdas ?? noLambdaModules;
  const lambdas: LambdaModules = { handlers, all: new Set([...reached, ...plain]) };
  const ownModules = (handed?: string): Plugin => userModules({ folder, functions, handed, lambdas: () => lambdas });
  const wrapped = modulesOf(app.section.functions, {});
  const made = new Map<string, Bundle | undefined>();
  const notes = app.section.notes.map(({ file, line, message }) => `${file}:${line}  ${message}`);
  const node = nodeOf(app.manifest?.provider ?? {});
  const callbacks = node < 24;
  await inTurns(availableParallelism(), deployables, async (deployable) => {
    const source = entrySource({ service, deployable, bindings, provider, fileOf, callbacks, found });
    const handed = handedOver(deployable, provider);
    if (handed && isPromised(handed.definition, callbacks))
      notes.push(
        `${handed.name} takes a callback, which Node.js ${node} on Lambda does not: it is deployed as a handler that returns a promise`,
      );
    const plugins = [sectionPlugin(section, folder), ownModules(handed?.exported)];
    made.set(
      deployable.name,
      await bundle({ folder, output, deployable, bindings, provider, source, plugins, problems }),
    );
  });
  const bundles = new Map<string, Bundle>();
  for (const { name } of deployables) {
    const one = made.get(name);
    if (one) bundles.set(name, one);
  }
  return {
    output,
    app,
    provider,
    found: all,
    bindings,
    graph,
    bundles,
    notes,
    fileOf,
    plugins: [sectionPlugin(wrapped, folder), ownModules()],
  };
}

/** As many at once as there are processors: each holds all that its bundle is made of. */
async function inTurns<T>(most: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const workers = Array.from({ length: most }, async () => {
    for (const item of left) await work(item);
  });
  await Promise.all(workers);
}

function isOf(on: TriggerSpec, { name }: Provider): boolean {
  return on.kind !== "native" || on.provider === name;
}

interface BundleOptions {
  readonly folder: string;
  readonly output: string;
  readonly deployable: Deployable;
  readonly bindings: Bindings;
  readonly provider: Provider;
  readonly source: string;
  readonly plugins: readonly Plugin[];
  readonly problems: Problems;
}

async function bundle({
  folder,
  output,
  deployable,
  bindings,
  provider,
  source,
  plugins,
  problems,
}: BundleOptions): Promise<Bundle | undefined> {
  const { external, require } = provider.bundle;
  const common = require || hasLambda(deployable);
  const without = withoutFeatures(
    deployable.functions.map(({ definition }) => definition),
    provider,
    componentsOf(deployable, bindings, provider),
  );
  try {
    const { metafile, outputFiles } = await esbuild({
      ...bundling,
      // What a handler requires is mostly CommonJS, as it would be unbundled.
      ...(hasLambda(deployable) && { mainFields: ["main", "module"] }),
      stdin: { contents: source, resolveDir: folder, sourcefile: "faasten-entry.js", loader: "js" },
      outfile: join(output, "index.mjs"),
      write: false,
      minify: true,
      metafile: true,
      sourcemap: "external",
      sourcesContent: false,
      absWorkingDir: folder,
      external: [...external],
      banner: common ? forCommonJs.banner : {},
      define: { ...(common && forCommonJs.define), ...without },
      plugins: [ours({ external: false }), lazyBuiltins, cloudPackages(provider.name), ...plugins],
    });
    const named = outputFiles.map(
      ({ path, contents }) => [path.endsWith(".map") ? "index.mjs.map" : "index.mjs", contents] as const,
    );
    const beside = Object.entries(provider.files ?? {}).map(
      ([name, text]) => [name, new TextEncoder().encode(text)] as const,
    );
    return { files: new Map([...named, ...beside]), weight: weigh(metafile, root(folder)) };
  } catch (error) {
    report(error, folder, problems);
    return undefined;
  }
}

/** Our package's folder, from the app's. */
function root(folder: string): string {
  const path = relative(
    folder,
    fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "../.." : "../../..", import.meta.url)),
  );
  return path === "" ? "" : `${path.split(sep).join("/")}/`;
}

function write(file: string, contents: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, contents);
}

function json(data: unknown): string {
  return `${JSON.stringify(data, null, 2)}\n`;
}

function byName<T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((item) => [item.name, item]));
}
