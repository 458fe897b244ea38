// One process that serves one version of the app. A save makes a new one: Node never frees an imported module.
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker as Thread } from "node:worker_threads";
import type { Local } from "../../providers/local/host.ts";
import { prefixed } from "../blocks/prefix.ts";
import { type Binding, bind } from "../build/bind.ts";
import { discover, type EntryModule, type Found } from "../build/discover.ts";
import { componentModule, moduleOf } from "../build/modules.ts";
import { allProviders, providerOf } from "../build/providers.ts";
import { createSources } from "../build/sources.ts";
import type { Create } from "../contracts/component.ts";
import type { App, Bound } from "../contracts/provider.ts";
import type { Trigger } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import { Problems } from "../manifest/problems.ts";
import { timetableOf } from "../runtime/clock.ts";
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
  if (message.kind === "load") void load(message).catch(failed);
  else if (message.kind === "retire") void end(version?.server.retire(), message.within);
  else void end(version?.server.close());
});
say({ kind: "waiting" });
void prepare().catch(() => undefined); // whoever needs it hears why it cannot be had

async function load(order: Load): Promise<void> {
  process.chdir(order.folder);
  Object.assign(process.env, order.environment);
  process.setSourceMapsEnabled(true);
  const problems = new Problems(order.folder);
  const [provider, providers, entries] = await Promise.all([providerOf("local"), allProviders(), importEntries(order)]);

  const sources = createSources();
  for (const file of order.sources) sources.add(file);
  const found = discover(entries, sources.find, problems, { cloud: false });
  const declared = { components: byName(order.components), scopedOut: byName(order.scopedOut) };
  const { components, triggers, clocks } = bind(found, { provider, providers, declared }, problems);
  if (order.check || problems.list().length > 0) {
    say({ kind: "wrong", problems: problems.list() });
    return;
  }

  const functions = found.map((one): Found => {
    const on = clocks.get(one.name);
    return on ? { ...one, definition: { ...one.definition, on } } : one;
  });
  const app: App = {
    service: order.service,
    functions: await Promise.all(functions.map((one) => serveOne(one, triggers.get(one.name) ?? []))),
    components: Object.fromEntries(await Promise.all([...components.values()].map(bound))),
  };
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
  say({ kind: "ready", port, functions: functions.map(describe) });
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

async function importEntries({ file, entries }: Load): Promise<readonly EntryModule[]> {
  const loaded = (await import(pathToFileURL(file).href)) as {
    readonly entries: readonly Readonly<Record<string, unknown>>[];
  };
  return entries.map((entry, index) => ({ file: entry, exports: loaded.entries[index] ?? {} }));
}

async function serveOne({ name, definition }: Found, modules: readonly URL[]): Promise<App["functions"][number]> {
  const triggers = await Promise.all(
    modules.map(async ({ href }) => ((await import(href)) as { readonly trigger: Trigger }).trigger),
  );
  return { name, definition, triggers };
}

async function bound({ name, block, type, module, metadata }: Binding): Promise<readonly [string, Bound]> {
  const { create } = (await import(module.href)) as { readonly create: Create };
  return [name, { type, metadata, create: block === "state" ? prefixed(create) : create }];
}

function byName<T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((item) => [item.name, item]));
}

function describe({ name, definition: { on } }: Found): string {
  switch (on.kind) {
    case "http":
      return `${name}  ${on.method === "*" ? "ANY" : on.method} ${on.path}`;
    case "topic":
      return `${name}  on ${on.topic}`;
    case "binding":
    case "schedule": {
      const clock = timetableOf(on);
      if (clock) return `${name}  at ${clock.cron}${clock.timeZone === undefined ? "" : ` ${clock.timeZone}`}`;
      return `${name}  on ${on.kind === "binding" ? on.binding : ""}`;
    }
  }
}
