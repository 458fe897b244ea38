// `faasten dev`: serves the app, and a new version of it on each save, without a gap and without losing data.
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import type { AppManifests } from "../build/app.ts";
import { allProviders } from "../build/providers.ts";
import { modulesOf, type SectionModule } from "../build/section-modules.ts";
import { FaastenError } from "../errors.ts";
import { Problems } from "../manifest/problems.ts";
import type { Framework } from "../manifest/variables.ts";
import { takeAddress } from "./address.ts";
import { createCrew } from "./crew.ts";
import type { Load } from "./messages.ts";
import type { Printer } from "./print.ts";
import { watchFiles } from "./watch.ts";

export interface DevOptions {
  readonly folder: string;
  readonly port: number;
  readonly stage?: string;
  readonly params: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  /** What `/_faasten/` and `access: "service"` want; a new one if left out. */
  readonly token?: string;
  readonly print: Printer;
  readonly framework?: Framework;
  /** Serverless-offline, which runs the handlers of `functions:` and answers for them: what it has no events for is left to us. */
  readonly beside?: { readonly invoke: (key: string) => string };
  /** Stops the server, also while it starts. */
  readonly signal: AbortSignal;
}

export interface Dev {
  /** Ends when the server was stopped. */
  readonly ended: Promise<void>;
}

/** What serverless-offline does by itself. */
const answered: readonly string[] = ["http", "schedule"];

/** Throws `ALREADY_EXISTS` where another serves the folder. Resolves once the first version answers, or, having said what is wrong with it, waits for the next save. */
export async function dev(options: DevOptions): Promise<Dev> {
  const { folder, print, signal, stage } = options;
  const token = options.token ?? randomBytes(16).toString("base64url");
  const data = join(folder, ".faasten", "local");
  const address = takeAddress(data);
  process.once("exit", address.release);
  const crew = createCrew({ lines: print.lines, ended });

  let port = options.port;
  let asked = port;
  let deaths = 0;
  let saves = 0;
  let stopping: Promise<void> | undefined;
  let turn = Promise.resolve();
  const { promise: over, resolve: end } = Promise.withResolvers<void>();

  // While the first process starts, the rest of us is loaded.
  const { createBundler } = await import("./bundler.ts");
  const bundler = createBundler(folder, join(data, "dev"));
  const { readApp } = await import("../build/app.ts");
  const types = Object.keys(Object.assign({}, ...(await allProviders()).map(({ components }) => components)));

  /** One thing at a time, in the order in which they happened. */
  function queue(work: () => Promise<void>): void {
    turn = turn
      .then(work)
      .catch((error: unknown) => print.problem(error instanceof Error ? error.message : String(error)));
  }

  function ended(how: string, order: Load, age: number): void {
    deaths = age > 5_000 ? 1 : deaths + 1;
    const again = deaths < 5;
    print.problem(
      `the app's process ended (${how})${again ? ": started again" : " five times in a row: save a change to try again"}`,
    );
    if (again) queue(async () => void (crew.serving || (await start(order))));
  }

  async function start(order: Load): Promise<void> {
    const replaces = crew.serving;
    // Processes share a port by the number that they ask for, which may be 0.
    if (!replaces) asked = port;
    const answer = await crew.load({ ...order, port: asked });
    if (stopping) return;
    if (answer.kind === "wrong") print.problems([...answer.problems]);
    if (answer.kind === "failed") {
      if (answer.code !== "EADDRINUSE") return print.problem(answer.message);
      const what = `port ${port} is taken: stop what uses it, or choose another with --port`;
      throw new FaastenError("UNAVAILABLE", what);
    }
    if (answer.kind !== "ready") return;
    port = answer.port;
    bundler.keep(order.file);
    address.tell({ service: order.service, port, token });
    if (replaces) print.reloaded(answer.functions);
    else print.serving({ service: order.service, port, token, functions: answer.functions });
  }

  /** One version, from its files to its answers. What is wrong in the manifests and in the code is told together. */
  async function load(): Promise<void> {
    const problems = new Problems(folder);
    const app = readApp(
      folder,
      {
        target: "local",
        types,
        params: options.params,
        options: options.options,
        ...(stage !== undefined && { stage }),
        ...(options.framework && { framework: options.framework }),
      },
      problems,
    );
    watcher.also([join(folder, "serverless.yml"), join(folder, ".env"), ...app.files, ...app.section.folders]);
    watcher.below(app.manifest?.entryFolders ?? []);
    const section = sectionOf(app);
    const some = app.entries.length > 0 || section.length > 0;
    const bundle = some ? await bundler.build(app.entries, section, problems) : undefined;
    const sources = [...app.entries, ...section.map(({ handler }) => handler.file), ...bundler.sources()];
    watcher.also([...sources, ...new Set(sources.map((file) => dirname(file)))]);
    const found = problems.list();
    if (!bundle || !app.manifest) return print.problems(found);
    print.notes(app.section.notes);
    const order = orderOf(app, section, bundle, found.length > 0);
    if (!order.check) return start(order);
    const answer = await crew.load(order);
    print.problems([...found, ...(answer.kind === "wrong" ? answer.problems : [])]);
    if (answer.kind === "failed") print.problem(answer.message);
  }

  function sectionOf({ section: { functions } }: AppManifests): readonly SectionModule[] {
    const { beside } = options;
    if (!beside) return modulesOf(functions, {});
    const left = functions.map((one) => ({
      ...one,
      events: one.events.filter(({ on }) => !answered.includes(on.kind)),
    }));
    return modulesOf(left, { invoke: ({ key }) => beside.invoke(key) });
  }

  function orderOf(app: AppManifests, section: readonly SectionModule[], file: string, check: boolean): Load {
    return {
      kind: "load",
      folder,
      service: app.manifest?.service ?? "",
      file,
      sources: bundler.sources(),
      entries: app.entries,
      section: section.map(({ specifier, places, handler }) => ({ specifier, places, handler })),
      components: app.components,
      scopedOut: app.scopedOut,
      environment: app.environment,
      port,
      token,
      timeout: app.timeout,
      longest: Math.max(app.timeout, ...app.section.functions.map(({ timeout = 0 }) => timeout * 1000)),
      check,
    };
  }

  const watcher = watchFiles(() => {
    const save = ++saves;
    deaths = 0;
    crew.hurry();
    queue(async () => void (save === saves && (await load())));
  });

  async function stop(): Promise<void> {
    stopping ??= stopAll();
    return stopping;
  }

  async function stopAll(): Promise<void> {
    watcher.close();
    await crew.stop();
    await bundler.close();
    address.release();
    end();
  }

  signal.addEventListener("abort", stop);
  try {
    signal.throwIfAborted();
    const first = load();
    turn = first.catch(() => undefined);
    await first;
  } catch (error) {
    await stop();
    if (!signal.aborted) throw error;
  }
  return { ended: over };
}
