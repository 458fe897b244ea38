// One process that serves one version of the app. A save makes a new one: Node never frees an imported module.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { prefixed } from "../blocks/prefix.ts";
import { type Binding, bind } from "../build/bind.ts";
import { discover, type EntryModule, type Found } from "../build/discover.ts";
import { allProviders, providerOf } from "../build/providers.ts";
import { createSources } from "../build/sources.ts";
import type { Create } from "../contracts/component.ts";
import type { App, Bound } from "../contracts/provider.ts";
import type { Trigger } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import { Problems } from "../manifest/problems.ts";
import { createControl } from "./control.ts";
import { createLines } from "./lines.ts";
import type { FromWorker, Load, ToWorker } from "./messages.ts";

const say = (message: FromWorker): void => void process.send?.(message);
const lines = createLines((batch, left) => say({ kind: "lines", lines: batch, left }));

let stop: (() => Promise<void>) | undefined;
process.on("SIGINT", () => {}); // the server tells us when to stop
process.on("disconnect", () => process.exit(0));
process.on("message", (message: ToWorker) => {
  if (message.kind === "load") void load(message).catch(failed);
  else void end();
});
say({ kind: "waiting" });

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
  const { components, triggers } = bind(found, { provider, providers, declared }, problems);
  if (order.check || problems.list().length > 0) {
    say({ kind: "wrong", problems: problems.list() });
    return;
  }

  const app: App = {
    service: order.service,
    functions: await Promise.all(found.map((one) => serveOne(one, triggers.get(one.name) ?? []))),
    components: Object.fromEntries(await Promise.all([...components.values()].map(bound))),
  };
  const { serve } = await import("../../providers/local/host.ts");
  const local = serve(app, { timeout: order.timeout, token: order.token, sink: lines.add, watch: lines.done });
  const control = createControl(local, order.token);
  const server = createServer((request, response) => {
    if (!control.answer(request, response)) local.answer(request, response);
  });
  server.on("error", failed);
  await local.start();
  server.listen(order.port, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : order.port;
    control.open(port);
    say({ kind: "ready", port, functions: found.map(describe) });
  });

  stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    const patience = setTimeout(() => server.closeAllConnections(), 5_000);
    await closed;
    clearTimeout(patience);
    await local.stop();
  };
}

async function end(): Promise<void> {
  await stop?.();
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
    case "schedule":
      return `${name}  at ${on.cron}${on.timeZone === undefined ? "" : ` ${on.timeZone}`}`;
  }
}
