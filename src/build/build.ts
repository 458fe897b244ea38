// `faasten build`: discover → bind → bundle → the resource graph.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build as esbuild } from "esbuild";
import type { Graph } from "../contracts/graph.ts";
import type { Provider } from "../contracts/provider.ts";
import { Problems } from "../manifest/problems.ts";
import { readApp } from "./app.ts";
import { bind } from "./bind.ts";
import { bundling, forCommonJs, lazyBuiltins, ours } from "./bundling.ts";
import { type Deployable, deployablesOf } from "./deployables.ts";
import { discover, type Find } from "./discover.ts";
import { importEntries, report } from "./discovery.ts";
import { entrySource, handedOver, hasLambda } from "./entry.ts";
import { checkEnvironments } from "./environment.ts";
import { withoutFeatures } from "./features.ts";
import { graphOf } from "./graph.ts";
import { isPromised } from "./handed.ts";
import { plainFiles } from "./handler-files.ts";
import { type LambdaModules, noLambdaModules } from "./lambda-modules.ts";
import { cloudPackages } from "./packages.ts";
import { allProviders, providerOf, type Target } from "./providers.ts";
import { type Weight, weigh } from "./report.ts";
import { declaredBy, modulesOf, placeIn, type SectionModule, sectionPlugin } from "./section-modules.ts";
import { emitStack, nodeOf } from "./stack.ts";
import { userModules } from "./user-modules.ts";
import { zip } from "./zip.ts";

export interface BuildOptions {
  readonly folder: string;
  readonly target: Target;
  readonly stage?: string;
  readonly params?: Readonly<Record<string, string>>;
}

export interface Built {
  /** `.faasten/<target>`, absolute. */
  readonly output: string;
  readonly graph: Graph;
  /** Deployable → what its bundle weighs. */
  readonly weights: Readonly<Record<string, Weight>>;
  /** What was done that its author should know of. */
  readonly notes: readonly string[];
}

/** Writes `.faasten/<target>`. Throws one `MISCONFIGURED` with every mistake of the app, and then writes nothing. */
export async function build({ folder, target, stage, params = {} }: BuildOptions): Promise<Built> {
  const problems = new Problems(folder);
  const [provider, providers] = await Promise.all([providerOf(target), allProviders()]);
  const types = providers.flatMap(({ components }) => Object.keys(components));
  const app = readApp(folder, { target, types, params, ...(stage !== undefined && { stage }) }, problems);
  const output = join(folder, ".faasten", target);
  const discovery = app.entries.length > 0 ? await importEntries(folder, app.entries, output, problems) : undefined;
  const section = modulesOf(app.section.functions, provider);
  const modules = [...(discovery?.modules ?? []), ...declaredBy(app.section.functions, provider)];
  const find: Find = (exported, entry) =>
    placeIn(section, exported, entry) ?? discovery?.find(exported, entry) ?? { file: entry, line: 1 };
  const found = discover(modules, find, problems, { cloud: target !== "local" });
  const plain = await plainFiles({ folder, modules: section, entries: app.entries }, problems);
  const declared = { components: byName(app.components), scopedOut: byName(app.scopedOut) };
  const bindings = bind(found, { provider, providers, declared }, problems);
  problems.throwIfAny();

  const service = app.manifest?.service ?? "";
  const deployables = deployablesOf(found, provider);
  checkEnvironments(deployables, app.section.functions, problems);
  problems.throwIfAny();
  const known = { deployables, bindings, provider, section: app.section.functions };
  const graph = graphOf({ service, target, folder, found, ...known });
  const files = new Map(
    modules.flatMap(({ file, exports }) =>
      found
        .filter(({ exported, definition }) => exports[exported] === definition)
        .map(({ name }) => [name, file] as const),
    ),
  );
  const functions = new Set(found.map(({ exported }) => exported));
  const weights: Record<string, Weight> = {};
  const notes = app.section.notes.map(({ file, line, message }) => `${file}:${line}  ${message}`);
  const node = nodeOf(app.manifest?.provider ?? {});
  const callbacks = node < 24;
  const { handlers, all } = discovery?.lambdas ?? noLambdaModules;
  const lambdas: LambdaModules = { handlers, all: new Set([...all, ...plain]) };
  // The local target's own folder holds the data of `faasten dev`.
  for (const made of ["functions", "app", "app.zip", "graph.json", "report.json"])
    rmSync(join(output, made), { recursive: true, force: true });
  for (const deployable of deployables) {
    const fileOf = (name: string): string => files.get(name) ?? "";
    const source = entrySource({ service, deployable, bindings, provider, fileOf, callbacks });
    const handed = handedOver(deployable, provider);
    if (handed && isPromised(handed.definition, callbacks))
      notes.push(
        `${handed.name} takes a callback, which Node.js ${node} on Lambda does not: it is deployed as a handler that returns a promise`,
      );
    const own = { source, functions, section, lambdas };
    weights[deployable.name] = await bundle({ folder, output, deployable, provider, ...own, problems });
  }
  problems.throwIfAny();
  write(join(output, "graph.json"), graph);
  write(join(output, "report.json"), weights);
  if (app.manifest) await emitStack({ provider, manifest: app.manifest, graph, output });
  return { output, graph, weights, notes };
}

interface BundleOptions {
  readonly folder: string;
  readonly output: string;
  readonly deployable: Deployable;
  readonly provider: Provider;
  readonly source: string;
  readonly functions: ReadonlySet<string>;
  readonly section: readonly SectionModule[];
  readonly lambdas: LambdaModules;
  readonly problems: Problems;
}

async function bundle({
  folder,
  output,
  deployable,
  provider,
  source,
  functions,
  section,
  lambdas,
  problems,
}: BundleOptions): Promise<Weight> {
  const { external, require } = provider.bundle;
  const common = require || hasLambda(deployable);
  const without = withoutFeatures(
    deployable.functions.map(({ definition }) => definition),
    provider,
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
      plugins: [
        ours({ external: false }),
        lazyBuiltins,
        cloudPackages(provider.name),
        sectionPlugin(section, folder),
        userModules({
          folder,
          functions,
          handed: handedOver(deployable, provider)?.exported,
          lambdas: () => lambdas,
        }),
      ],
    });
    const place = deployable.name === "app" ? join(output, "app") : join(output, "functions", deployable.name);
    mkdirSync(place, { recursive: true });
    const shipped: Record<string, Uint8Array> = {};
    for (const { path, contents } of outputFiles) {
      const name = path.endsWith(".map") ? "index.mjs.map" : "index.mjs";
      writeFileSync(join(place, name), contents);
      if (name === "index.mjs") shipped[name] = contents;
    }
    for (const [name, text] of Object.entries(provider.files ?? {})) {
      shipped[name] = new TextEncoder().encode(text);
      writeFileSync(join(place, name), text);
    }
    writeFileSync(`${place}.zip`, zip(shipped));
    return weigh(metafile, root(folder));
  } catch (error) {
    report(error, folder, problems);
    return { bytes: 0, rooms: {}, modules: {} };
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

function write(file: string, data: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(data, null, 2)}\n`);
}

function byName<T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((item) => [item.name, item]));
}
