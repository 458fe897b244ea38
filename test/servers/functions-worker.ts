// A stand-in for the worker of Azure Functions, as a process: it provides `@azure/functions-core`, loads an app, and runs its
// functions through the programming model that the app's own `@azure/functions` sets. Written from the library's side of that
// interface; the host at its other end, `functions-host.ts`, is ours as well.
import { readFileSync } from "node:fs";
import Module from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export type ToWorker =
  | { readonly kind: "load"; readonly folder: string; readonly env: Readonly<Record<string, string>> }
  | { readonly kind: "terminate" }
  | { readonly kind: "invoke"; readonly function: string; readonly request: InvocationRequest };

export type FromWorker =
  | { readonly kind: "loaded"; readonly functions: readonly FunctionMetadata[]; readonly httpUri: string }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "done" | "failed"; readonly id: string; readonly reason: string };

export interface FunctionMetadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly retryOptions?: { readonly maxRetryCount?: number };
}

export interface Binding {
  readonly type: string;
  readonly direction: string;
  readonly [setting: string]: unknown;
}

/** One of its members, as in the protocol between host and worker. */
export interface TypedData {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly http?: object;
}

export interface InvocationRequest {
  readonly invocationId: string;
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
  readonly traceContext: { readonly traceParent: string };
  readonly retryContext?: { readonly retryCount: number; readonly maxRetryCount: number };
}

type Callback = (...inputs: unknown[]) => unknown;

interface InvocationModel {
  getArguments(): Promise<{ context: object; inputs: unknown[] }>;
  invokeFunction(context: object, inputs: unknown[], callback: Callback): Promise<unknown>;
  getResponse(context: object, result: unknown): Promise<unknown>;
}

interface ProgrammingModel {
  getInvocationModel(context: object): InvocationModel;
  getCapabilities(own: Record<string, string>): Promise<Record<string, string>>;
}

class Disposable {
  readonly #dispose: () => void;
  constructor(dispose: () => void) {
    this.#dispose = dispose;
  }
  dispose(): void {
    this.#dispose();
  }
}

const functions = new Map<string, { readonly metadata: FunctionMetadata; readonly callback: Callback }>();
const hooks: { readonly name: string; readonly callback: (context: object) => unknown }[] = [];
let model: ProgrammingModel | undefined;
let loading = false;

const core = {
  version: "stand-in",
  hostVersion: "stand-in",
  Disposable,
  log: (level: string, _category: string, message: string): void => {
    if (level === "error" || level === "warning") console.error(`${level}: ${message}`);
  },
  setProgrammingModel: (given: ProgrammingModel): void => {
    model = given;
  },
  registerHook: (name: string, callback: (context: object) => unknown): Disposable => {
    hooks.push({ name, callback });
    return new Disposable(() => undefined);
  },
  registerFunction: (metadata: FunctionMetadata, callback: Callback): Disposable => {
    if (!loading) throw new Error("A function can only be registered during app startup.");
    if (functions.has(metadata.name)) throw new Error(`A function with the name "${metadata.name}" is there already.`);
    functions.set(metadata.name, { metadata, callback });
    return new Disposable(() => undefined);
  },
};

const { require } = Module.prototype;
Module.prototype.require = Object.assign(function (this: unknown, id: string): unknown {
  return id === "@azure/functions-core" ? core : Reflect.apply(require, this, [id]);
}, require);

process.on("uncaughtException", (error) => {
  console.error("worker uncaught exception", error);
  process.exit(1);
});
process.on("disconnect", () => process.exit(0));
process.on("message", (message: ToWorker) => {
  if (message.kind === "load") void load(message);
  else if (message.kind === "invoke") void invoke(message);
  else void runHooks("appTerminate", { hookData: {}, appHookData: {} }).finally(() => process.exit(0));
});

/** As a worker that has waited for an app: whatever its environment was, it is another from here on. */
async function load({ folder, env }: ToWorker & { kind: "load" }): Promise<void> {
  try {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, env);
    process.chdir(folder);
    const { main } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { main: string };
    loading = true;
    await import(pathToFileURL(join(folder, main)).href);
    await runHooks("appStart", { functionAppDirectory: folder, hookData: {}, appHookData: {} });
    loading = false;
    const { HttpUri: httpUri = "" } = (await model?.getCapabilities({})) ?? {};
    tell({ kind: "loaded", functions: [...functions.values()].map(({ metadata }) => metadata), httpUri });
  } catch (error) {
    tell({ kind: "refused", reason: String(error) });
  }
}

async function invoke({ function: name, request }: ToWorker & { kind: "invoke" }): Promise<void> {
  const id = request.invocationId;
  try {
    const found = functions.get(name);
    if (!found || !model) throw new Error(`there is no function ${name}`);
    const log = (_level: string, _category: string, message: string): void => console.error(message);
    const running = model.getInvocationModel({ invocationId: id, request, metadata: found.metadata, log });
    const { context, inputs } = await running.getArguments();
    const result = await running.invokeFunction(context, inputs, found.callback);
    await running.getResponse(context, result);
    tell({ kind: "done", id, reason: "" });
  } catch (error) {
    tell({ kind: "failed", id, reason: String(error) });
  }
}

async function runHooks(name: string, context: object): Promise<void> {
  for (const hook of hooks) if (hook.name === name) await hook.callback(context);
}

function tell(message: FromWorker): void {
  process.send?.(message);
}
