// `faasten dev`: serves the app, and a new version of it on each save, without a gap and without losing data.
import cluster, { type Worker } from "node:cluster";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { allProviders } from "../build/providers.ts";
import { FaastenError } from "../errors.ts";
import { Problems } from "../manifest/problems.ts";
import type { AppManifests } from "./app.ts";
import type { FromWorker, Load, ToWorker } from "./messages.ts";
import type { Printer } from "./print.ts";
import { watchFiles } from "./watch.ts";

export interface DevOptions {
  readonly folder: string;
  readonly port: number;
  readonly stage?: string;
  readonly params: Readonly<Record<string, string>>;
  /** What `/_faasten/` and `access: "service"` want; a new one if left out. */
  readonly token?: string;
  readonly print: Printer;
}

export interface Dev {
  /** Ends when the server was stopped. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Resolves once the first version answers, or, having said what is wrong with it, waits for the next save. */
export async function dev(options: DevOptions): Promise<Dev> {
  const { folder, print } = options;
  const token = options.token ?? randomBytes(16).toString("base64url");
  const data = join(folder, ".faasten", "local");
  const address = join(data, "dev.json");
  mkdirSync(data, { recursive: true });
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ exec: workerFile, execArgv: [...process.execArgv, "--disable-warning=ExperimentalWarning"] });

  let port = options.port;
  let next = fork();
  let current: { readonly worker: Worker; readonly order: Load; readonly since: number } | undefined;
  let stopping = false;
  let tries = 0;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();

  // While the first process starts, the rest of us is loaded.
  const { createBundler } = await import("./bundler.ts");
  const bundler = createBundler(folder, join(data, "dev"));
  const { readApp } = await import("./app.ts");
  const types = Object.keys(Object.assign({}, ...(await allProviders()).map(({ components }) => components)));

  function fork(): Worker {
    const worker = cluster.fork();
    worker.on("message", (message: FromWorker) => {
      if (message.kind === "lines") print.lines(message.lines, message.left);
    });
    worker.on("exit", (code, signal) => {
      if (stopping || current?.worker !== worker) return;
      const { order, since } = current;
      current = undefined;
      tries = Date.now() - since > 5_000 ? 1 : tries + 1;
      const again = tries <= 5;
      print.problem(
        `the app's process ended (${signal ?? `code ${code}`})${again ? ": started again" : " five times in a row: save a change to try again"}`,
      );
      if (again) void start(order);
    });
    return worker;
  }

  /** Gives a waiting process its order, and takes the old one off once the new one answers. */
  async function start(order: Load): Promise<boolean> {
    const worker = next;
    const answer = await ask(worker, order);
    next = fork();
    if (answer.kind !== "ready") {
      worker.process.kill("SIGKILL");
      if (answer.kind === "wrong") print.problems([...answer.problems]);
      else if (answer.code === "EADDRINUSE")
        throw new FaastenError(
          "UNAVAILABLE",
          `port ${port} is taken: stop what uses it, or choose another with --port`,
        );
      else print.problem(answer.message);
      return false;
    }
    const old = current;
    current = { worker, order, since: Date.now() };
    port = answer.port;
    writeFileSync(address, JSON.stringify({ port, token, pid: process.pid }), { mode: 0o600 });
    if (old) {
      tell(old.worker, { kind: "stop" });
      print.reloaded(answer.functions);
    } else print.serving({ service: order.service, port, token, functions: answer.functions });
    return true;
  }

  /** One version, from its files to its answers. What is wrong in the manifests and in the code is told together. */
  async function load(): Promise<void> {
    const problems = new Problems(folder);
    const app = readApp(
      folder,
      { types, ...(options.stage !== undefined && { stage: options.stage }), params: options.params },
      problems,
    );
    watcher.also([join(folder, "serverless.yml"), join(folder, ".env"), ...app.files]);
    const bundle = app.entries.length > 0 ? await bundler.build(app.entries, problems) : undefined;
    watcher.also(bundle?.sources ?? app.entries);
    const found = problems.list();
    if (!bundle || !app.manifest) {
      print.problems(found);
      return;
    }
    const order = orderOf(app, bundle, found.length > 0);
    if (!order.check) {
      await start(order);
      return;
    }
    const worker = next;
    next = fork();
    const answer = await ask(worker, order);
    worker.process.kill("SIGKILL");
    const inCode = answer.kind === "wrong" ? answer.problems : [];
    print.problems([...found, ...inCode]);
    if (answer.kind === "failed") print.problem(answer.message);
  }

  function orderOf(
    app: AppManifests,
    bundle: { readonly file: string; readonly sources: readonly string[] },
    check: boolean,
  ): Load {
    return {
      kind: "load",
      folder,
      service: app.manifest?.service ?? "",
      ...bundle,
      entries: app.entries,
      components: app.components,
      scopedOut: app.scopedOut,
      environment: app.environment,
      port,
      token,
      timeout: app.timeout,
      check,
    };
  }

  let loading = Promise.resolve();
  const reload = (): void => {
    loading = loading
      .then(load)
      .catch((error: unknown) => print.problem(error instanceof Error ? error.message : String(error)));
  };
  const watcher = watchFiles(reload);

  async function stop(): Promise<void> {
    if (stopping) return;
    stopping = true;
    watcher.close();
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    const gone = workers.map((worker) => new Promise<void>((resolve) => worker.once("exit", () => resolve())));
    for (const worker of workers) tell(worker, { kind: "stop" });
    const patience = setTimeout(() => {
      for (const worker of workers) worker.process.kill("SIGKILL");
    }, 7_000);
    await Promise.all(gone);
    clearTimeout(patience);
    await bundler.close();
    rmSync(address, { force: true });
    end();
  }

  try {
    await load();
  } catch (error) {
    await stop();
    throw error;
  }
  return { ended, stop };
}

const workerFile = fileURLToPath(import.meta.url).replace(/dev(\.[jt]s)$/, "worker$1");

/** A process that is just ending takes nothing more: whoever waits for it hears of its end. */
function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, undefined, undefined, () => {});
}

/** The worker's answer to an order; a process that dies over it has failed. */
function ask(worker: Worker, order: Load): Promise<Exclude<FromWorker, { readonly kind: "lines" | "waiting" }>> {
  return new Promise((resolve) => {
    const settle = (answer: Exclude<FromWorker, { readonly kind: "lines" | "waiting" }>): void => {
      worker.off("message", listen);
      worker.off("exit", died);
      resolve(answer);
    };
    const listen = (message: FromWorker): void => {
      if (message.kind !== "lines" && message.kind !== "waiting") settle(message);
    };
    const died = (code: number | null, signal: string | null): void =>
      settle({
        kind: "failed",
        code: "INTERNAL",
        message: `the app ended while it was loaded (${signal ?? `code ${code}`})`,
      });
    worker.on("message", listen);
    worker.on("exit", died);
    tell(worker, order);
  });
}
