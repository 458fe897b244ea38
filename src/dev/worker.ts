// One process that serves one version of the app. A save makes a new one: Node never frees an imported module.
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker as Thread } from "node:worker_threads";
import type { Local } from "../../providers/local/host.ts";
import "../bridge/awslambda.ts";
import { bind } from "../build/bind.ts";
import { reportThrown } from "../build/compile-errors.ts";
import { discover, type EntryModule, type Find, type Found } from "../build/discover.ts";
import { load } from "../build/load.ts";
import { triggerText } from "../build/mermaid.ts";
import { componentModule, moduleOf } from "../build/modules.ts";
import { allProviders, providerOf } from "../build/providers.ts";
import { placeIn } from "../build/section-modules.ts";
import { createSources } from "../build/sources.ts";
import type { App, Served } from "../contracts/provider.ts";
import { FaastenError } from "../errors.ts";
import { Problems } from "../manifest/problems.ts";
import { createControl } from "./control.ts";
import { createLines } from "./lines.ts";
import type { FromWorker, Load, ToWorker } from "./messages.ts";
import { createVersionServer, type VersionServer } from "./server.ts";

type Host = typeof import("../../providers/local/host.ts");

const say = (message: FromWorker): void => void process.send?.(message);
const lines = createLines((batch, left) => say({ kind: "lines", lines: batch, left }));

let version: { readonly server: VersionServer; readonly local: Local } | undefined;
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {}); // the server tells us when to stop
process.on("exit", lines.flush);
process.on("disconnect", () => process.exit(0));
process.on("message", (message: ToWorker) => {
  if (message.kind === "load") void serveApp(message).catch(failed);
  else if (message.kind === "retire") void end(version?.server.retire(), message.within);
  else void end(version?.server.close());
});
say({ kind: "waiting" });
void prepare().catch(() => undefined); // whoever needs it hears why it cannot be had

async function serveApp(order: Load): Promise<void> {
  process.chdir(order.folder);
  Object.assign(process.env, order.environment);
  process.setSourceMapsEnabled(true);
  const problems = new Problems(order.folder);
  const [provider, providers, entries] = await Promise.all([
    providerOf("local"),
    allProviders(),
    importEntries(order).catch((error: unknown) => {
      if (!reportThrown(error, order.sources, problems)) throw error;
    }),
  ]);
  if (!entries) return say({ kind: "wrong", problems: problems.list() });

  const sources = createSources();
  for (const file of order.sources) sources.add(file);
  const find: Find = (exported, entry) => placeIn(order.section, exported, entry) ?? sources.find(exported, entry);
  const found = discover(entries, find, problems, { cloud: false });
  checkHandlers(order, found, problems);
  const declared = { components: byName(order.components), scopedOut: byName(order.scopedOut) };
  const bindings = bind(found, { provider, providers, declared }, problems);
  if (order.check || problems.list().length > 0) {
    say({ kind: "wrong", problems: problems.list() });
    return;
  }

  const app: App = { service: order.service, ...(await load(found, bindings)) };
  const { serve } = (await import(moduleOf(provider, provider.hosts.default).href)) as Host;
  const local = serve(app, { timeout: order.timeout, token: order.token, sink: lines.add, watch: lines.done });
  const control = createControl(local, order.token);
  const server = createVersionServer((request, response) => {
    if (!control.answer(request, response)) local.answer(request, response);
  });
  await local.start();
  version = { server, local };
  const port = await server.listen(order.port);
  await control.open(port);
  say({ kind: "ready", port, functions: app.functions.map(describe) });
  guardAlone();
}

/** A handler that loops would never learn that the server was killed: a thread of its own does. */
function guardAlone(): void {
  const file = fileURLToPath(import.meta.url).replace(/worker(\.[jt]s)$/, "orphan$1");
  new Thread(file, { workerData: process.ppid, execArgv: [], env: {} }).on("error", () => undefined).unref();
}

/** What nearly every app needs is loaded while nobody waits for it. */
async function prepare(): Promise<void> {
  const local = await providerOf("local");
  const components = Object.values(local.defaults).map((type) => componentModule(type, local).href);
  const triggers = Object.values(local.triggers)
    .flat()
    .map((name) => `triggers/${name}`);
  await Promise.all([
    ...["faasten", "faasten/globals"].map((name) => import(import.meta.resolve(name))),
    ...components.map((url) => import(url)),
    ...[local.hosts.default, ...triggers].map((path) => import(moduleOf(local, path).href)),
  ]);
}

/** Deliveries go to the others at once, whatever requests may still run here. */
async function end(closed: Promise<void> | undefined, within = 0): Promise<void> {
  say({ kind: "retired" });
  await Promise.all([closed, version?.local.stop(within)]);
  lines.flush();
  process.disconnect?.();
}

function failed(error: unknown): void {
  const code = error instanceof FaastenError ? error.code : String((error as { code?: unknown }).code ?? "INTERNAL");
  say({
    kind: "failed",
    code,
    message:
      error instanceof FaastenError
        ? error.message
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error),
  });
}

/** What CommonJS exports is known only now. */
function checkHandlers({ section }: Load, found: readonly Found[], problems: Problems): void {
  for (const { handler, places } of section) {
    const one = found.find(({ name, definition }) => Object.hasOwn(places, name) && definition.lambda);
    if (!one || typeof one.definition.lambda?.handler === "function") continue;
    const exported = handler.exported.join(".");
    const message = `\`${problems.relative(handler.file)}\` exports no function \`${exported}\`: write \`exports.${exported} = …\` there`;
    problems.add("NOT_FOUND", one, message);
  }
}

async function importEntries({ file, entries, section }: Load): Promise<readonly EntryModule[]> {
  const modules = [...entries, ...section.map(({ specifier }) => specifier)];
  const loaded = (await import(pathToFileURL(file).href)) as {
    readonly entries: readonly Readonly<Record<string, unknown>>[];
  };
  return modules.map((entry, index) => ({ file: entry, exports: loaded.entries[index] ?? {} }));
}

function byName<T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((item) => [item.name, item]));
}

function describe({ name, definition: { on } }: Served): string {
  return `${name}  ${triggerText(on)}`;
}
