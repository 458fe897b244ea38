// The app's processes: one serves, one waits for the next version, and former ones finish what they had begun.
import cluster, { type Worker } from "node:cluster";
import { getCompileCacheDir } from "node:module";
import { fileURLToPath } from "node:url";
import type { FromWorker, Load, ToWorker } from "./messages.ts";

export type Answer = Extract<FromWorker, { readonly kind: "ready" | "wrong" | "failed" }>;

export interface Crew {
  /** Has a version loaded. One that is ready has taken the place of the former, which gets no connection any more. */
  load(order: Load): Promise<Answer>;
  /** A newer version wants to be loaded: one that takes long, or for ever, is given up. */
  hurry(): void;
  readonly serving: boolean;
  stop(): Promise<void>;
}

export interface Heard {
  lines(lines: readonly string[], left: number): void;
  /** The process that served has ended by itself, `age` milliseconds after it was ready. */
  ended(how: string, order: Load, age: number): void;
}

export function createCrew(heard: Heard): Crew {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ exec: workerFile, execArgv: [...process.execArgv, "--disable-warning=ExperimentalWarning"] });

  let waiting = fork();
  let serving: { readonly worker: Worker; readonly order: Load; readonly since: number } | undefined;
  let loading: Asked<Answer["kind"]> | undefined;
  const former = new Set<Worker>();
  let stopping = false;
  // One that loops hears of nothing, not even that we are gone.
  process.once("exit", () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill("SIGKILL");
  });

  function fork(): Worker {
    const cache = getCompileCacheDir();
    const worker = cluster.fork(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache });
    worker.on("error", () => undefined); // a broken channel: `exit` tells of it
    worker.on("message", (message: FromWorker) => {
      if (message.kind === "lines") heard.lines(message.lines, message.left);
    });
    worker.on("exit", (code, signal) => {
      former.delete(worker);
      if (stopping || serving?.worker !== worker) return;
      const { order, since } = serving;
      serving = undefined;
      heard.ended(signal ?? `code ${code}`, order, Date.now() - since);
    });
    return worker;
  }

  /** Resolves once it takes no new connection. It has as long as a function may run, and may wait to run again; but few do so at a time. */
  async function retire(worker: Worker, timeout: number): Promise<void> {
    former.add(worker);
    const [oldest] = former;
    if (former.size > mostFormer && oldest) tell(oldest, { kind: "stop" });
    const within = timeout + longestRests;
    setTimeout(() => worker.process.kill("SIGKILL"), within + longestEnd).unref();
    const { answer } = ask(worker, { kind: "retire", within }, ["retired"], patience);
    if (typeof (await answer) === "string") worker.process.kill("SIGKILL");
  }

  return {
    get serving() {
      return serving !== undefined;
    },

    async load(order) {
      const worker = waiting.isConnected() ? waiting : fork();
      loading = ask(worker, order, ["ready", "wrong", "failed"], longestLoad);
      const said = await loading.answer;
      loading = undefined;
      if (!stopping) waiting = fork();
      const answer: Answer = typeof said === "string" ? { kind: "failed", code: "INTERNAL", message: said } : said;
      if (answer.kind !== "ready") {
        worker.process.kill("SIGKILL");
        return answer;
      }
      const before = serving;
      serving = { worker, order, since: Date.now() };
      if (before) await retire(before.worker, before.order.longest);
      return answer;
    },

    hurry() {
      loading?.hurry(1_000);
    },

    async stop() {
      stopping = true;
      loading?.hurry(0);
      const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
      const gone = workers.map((worker) => new Promise<void>((resolve) => worker.once("exit", () => resolve())));
      for (const worker of workers) tell(worker, { kind: "stop" });
      const late = setTimeout(() => {
        for (const worker of workers) worker.process.kill("SIGKILL");
      }, longestEnd);
      await Promise.all(gone);
      clearTimeout(late);
    },
  };
}

const workerFile = fileURLToPath(import.meta.url).replace(/crew(\.[jt]s)$/, "worker$1");
const longestLoad = 10_000;
const patience = 3_000;
/** Between the runs of a schedule that fails. */
const longestRests = 6_000;
/** From being told that it is over. */
const longestEnd = 7_000;
const mostFormer = 3;

interface Asked<Kind extends FromWorker["kind"]> {
  /** What it said, or why it says nothing. */
  readonly answer: Promise<Extract<FromWorker, { readonly kind: Kind }> | string>;
  /** No longer than this, from the question on. */
  hurry(within: number): void;
}

function ask<Kind extends FromWorker["kind"]>(
  worker: Worker,
  question: ToWorker,
  kinds: readonly Kind[],
  within: number,
): Asked<Kind> {
  type Said = Extract<FromWorker, { readonly kind: Kind }>;
  const { promise: answer, resolve } = Promise.withResolvers<Said | string>();
  const asked = Date.now();
  let timer: NodeJS.Timeout | undefined;
  const hurry = (time: number): void => {
    clearTimeout(timer);
    timer = setTimeout(
      () =>
        settle(
          `the app was not loaded within ${time / 1000} s: does one of its files loop, or await something that never comes, at its top level?`,
        ),
      Math.max(0, asked + time - Date.now()),
    );
  };
  const settle = (said: Said | string): void => {
    clearTimeout(timer);
    worker.off("message", listen).off("exit", died);
    resolve(said);
  };
  const listen = (message: FromWorker): void => {
    if (isOf(message, kinds)) settle(message);
  };
  const died = (code: number | null, signal: string | null): void =>
    settle(`the app ended while it was loaded (${signal ?? `code ${code}`})`);
  worker.on("message", listen).on("exit", died);
  hurry(within);
  tell(worker, question);
  return { answer, hurry };
}

function isOf<Kind extends FromWorker["kind"]>(
  message: FromWorker,
  kinds: readonly Kind[],
): message is Extract<FromWorker, { readonly kind: Kind }> {
  return kinds.some((kind) => kind === message.kind);
}

/** A process that is just ending takes nothing more: whoever waits for it hears of its end. */
function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, undefined, undefined, () => undefined);
}
