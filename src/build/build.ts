// `faasten build`: discover → bind → bundle → the resource graph.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build as esbuild } from "esbuild";
import type { Graph } from "../contracts/graph.ts";
import type { Provider } from "../contracts/provider.ts";
import { Problems } from "../manifest/problems.ts";
import { readApp } from "./app.ts";
import { type Bindings, bind } from "./bind.ts";
import { bundling, lazyBuiltins, ours, requireBanner } from "./bundling.ts";
import { type Deployable, deployablesOf } from "./deployables.ts";
import { discover } from "./discover.ts";
import { importEntries, report } from "./discovery.ts";
import { componentsOf, entrySource } from "./entry.ts";
import { withoutFeatures } from "./features.ts";
import { graphOf } from "./graph.ts";
import { cloudPackages } from "./packages.ts";
import { allProviders, providerOf, type Target } from "./providers.ts";
import { type Weight, weigh } from "./report.ts";
import { emitStack } from "./stack.ts";
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
}

/** Writes `.faasten/<target>`. Throws one `MISCONFIGURED` with every mistake of the app, and then writes nothing. */
export async function build({ folder, target, stage, params = {} }: BuildOptions): Promise<Built> {
  const problems = new Problems(folder);
  const [provider, providers] = await Promise.all([providerOf(target), allProviders()]);
  const types = providers.flatMap(({ components }) => Object.keys(components));
  const app = readApp(folder, { target, types, params, ...(stage !== undefined && { stage }) }, problems);
  const output = join(folder, ".faasten", target);
  const discovery = app.entries.length > 0 ? await importEntries(folder, app.entries, output, problems) : undefined;
  const found = discovery ? discover(discovery.modules, discovery.find, problems, { cloud: target !== "local" }) : [];
  const declared = { components: byName(app.components), scopedOut: byName(app.scopedOut) };
  const bindings = bind(found, { provider, providers, declared }, problems);
  problems.throwIfAny();

  const service = app.manifest?.service ?? "";
  const deployables = deployablesOf(found, provider);
  const graph = graphOf({ service, target, folder, found, deployables, bindings });
  const files = new Map(
    discovery?.modules.flatMap(({ file, exports }) =>
      found
        .filter(({ exported, definition }) => exports[exported] === definition)
        .map(({ name }) => [name, file] as const),
    ),
  );
  const functions = new Set(found.map(({ exported }) => exported));
  const weights: Record<string, Weight> = {};
  // The local target's own folder holds the data of `faasten dev`.
  for (const made of ["functions", "app", "app.zip", "graph.json", "report.json"])
    rmSync(join(output, made), { recursive: true, force: true });
  for (const deployable of deployables) {
    const source = entrySource({ service, deployable, bindings, provider, fileOf: (name) => files.get(name) ?? "" });
    weights[deployable.name] = await bundle({
      folder,
      output,
      deployable,
      bindings,
      provider,
      source,
      functions,
      problems,
    });
  }
  problems.throwIfAny();
  write(join(output, "graph.json"), graph);
  write(join(output, "report.json"), weights);
  if (app.manifest) await emitStack({ provider, manifest: app.manifest, graph, output });
  return { output, graph, weights };
}

interface BundleOptions {
  readonly folder: string;
  readonly output: string;
  readonly deployable: Deployable;
  readonly bindings: Bindings;
  readonly provider: Provider;
  readonly source: string;
  readonly functions: ReadonlySet<string>;
  readonly problems: Problems;
}

async function bundle({
  folder,
  output,
  deployable,
  bindings,
  provider,
  source,
  functions,
  problems,
}: BundleOptions): Promise<Weight> {
  const { external, require } = provider.bundle;
  try {
    const { metafile, outputFiles } = await esbuild({
      ...bundling,
      stdin: { contents: source, resolveDir: folder, sourcefile: "faasten-entry.js", loader: "js" },
      outfile: join(output, "index.mjs"),
      write: false,
      minify: true,
      metafile: true,
      sourcemap: "external",
      sourcesContent: false,
      absWorkingDir: folder,
      external: [...external],
      define: withoutFeatures(
        deployable.functions.map(({ definition }) => definition),
        componentsOf(deployable, bindings),
      ),
      banner: require ? { js: requireBanner } : {},
      plugins: [
        ours({ external: false }),
        lazyBuiltins,
        cloudPackages(provider.name),
        userModules({ folder, functions }),
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
