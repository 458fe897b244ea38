// A stand-in for the host of Azure Functions, in front of `functions-worker.ts`: it serves HTTP by the registered routes, hands
// over messages of Service Bus with the metadata that the extension gives, and rings timers. Written by us from the library's
// interface and the extensions' documentation: what the real host does is not proved by it.
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createProxy } from "./functions-proxy.ts";
import type {
  Binding,
  FromWorker,
  FunctionMetadata,
  InvocationRequest,
  ToWorker,
  TypedData,
} from "./functions-worker.ts";

export interface FunctionsHost {
  readonly url: string;
  readonly functions: readonly FunctionMetadata[];
  /** All lines that the worker has printed so far. */
  lines(): readonly string[];
  /** Whether the message was settled; if not, it would come again. */
  deliver(name: string, message: BusMessage): Promise<boolean>;
  /** Whether a message of a storage queue was deleted; if not, it would come again. */
  dequeue(name: string, message: QueuedMessage): Promise<boolean>;
  /** Whether a run succeeded at last: as often as the function's retry policy says, without its delays. */
  ring(name: string, status: TimerStatus): Promise<boolean>;
  /** That it is still the process which it was. */
  readonly alive: boolean;
  /** As the platform ends a worker: it hears of it first. */
  terminate(): Promise<void>;
  /** The worker dies at once, and with it all that it runs; another one takes its place, and what comes meanwhile waits for it. */
  kill(): Promise<void>;
  stop(): void;
}

/** A message as the broker holds it. */
export interface BusMessage {
  readonly body: Uint8Array;
  readonly messageId?: string;
  /** With the one that is under way. */
  readonly deliveryCount?: number;
  readonly sessionId?: string;
  readonly contentType?: string;
  readonly lockToken?: string;
  readonly sequenceNumber?: number;
  readonly enqueuedTimeUtc?: Date;
  readonly applicationProperties?: Readonly<Record<string, unknown>>;
}

/** As the queue holds it: in base64, as host.json says. */
export interface QueuedMessage {
  readonly id: string;
  readonly text: string;
  readonly dequeueCount?: number;
}

/** Times as .NET writes them. */
export interface TimerStatus {
  readonly Last: string;
  readonly Next: string;
}

export const traceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** What a process of Node.js is started with, beside the app's own: flags, and an environment that the app does not see. */
export interface WorkerOptions {
  readonly execArgv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** `settings`: the app settings, which are the worker's environment. Rejects with what the app's start fails with. */
export async function startFunctionsHost(
  folder: string,
  settings: Readonly<Record<string, string>>,
  { execArgv = [], env = {} }: WorkerOptions = {},
): Promise<FunctionsHost> {
  let output = "";
  const running = new Map<string, (done: boolean) => void>();

  async function start() {
    const worker = fork(fileURLToPath(new URL("functions-worker.ts", import.meta.url)), {
      execArgv: [...execArgv],
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { WEBSITE_PLACEHOLDER_MODE: "1", ...env },
    });
    for (const stream of [worker.stdout, worker.stderr]) {
      stream?.on("data", (part: Buffer) => {
        output += part.toString();
      });
    }
    worker.once("exit", () => {
      for (const end of running.values()) end(false);
    });
    const loaded = await load(worker, folder, settings).catch((error: unknown) => {
      worker.kill("SIGKILL");
      throw error;
    });
    worker.on("message", (message: FromWorker) => {
      if (message.kind === "done" || message.kind === "failed") running.get(message.id)?.(message.kind === "done");
    });
    return { worker, ...loaded };
  }

  let current = await start();
  let starting = Promise.resolve(current);
  const { functions } = current;
  const isAlive = (): boolean => current.worker.exitCode === null && current.worker.signalCode === null;

  async function invoke(name: string, request: Omit<InvocationRequest, "traceContext">): Promise<boolean> {
    const { worker } = await starting;
    if (!isAlive()) return false;
    const id = request.invocationId;
    const done = new Promise<boolean>((resolve) => running.set(id, resolve));
    tell(worker, { kind: "invoke", function: name, request: { ...request, traceContext: { traceParent } } });
    return done.finally(() => running.delete(id));
  }

  const server = createProxy({ functions, folder, httpUri: () => current.httpUri, invoke });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    functions,
    lines: () => output.split("\n"),
    deliver(name, message) {
      const [trigger, binding] = triggerOf(functions, name);
      return invoke(name, {
        invocationId: randomUUID(),
        inputData: [{ name: trigger, data: dataOf(message, binding) }],
        triggerMetadata: metadataOf(message),
      });
    },
    dequeue(name, { id, text, dequeueCount = 1 }) {
      const [trigger, binding] = triggerOf(functions, name);
      const body = Buffer.from(text, "base64");
      const times = { InsertionTime: "2026-11-20T10:00:00+00:00", ExpirationTime: "9999-12-31T23:59:59+00:00" };
      return invoke(name, {
        invocationId: randomUUID(),
        inputData: [{ name: trigger, data: dataOf({ body }, binding) }],
        triggerMetadata: {
          QueueTrigger: { string: body.toString() },
          Id: { string: id },
          PopReceipt: { string: "receipt" },
          DequeueCount: { json: String(dequeueCount) },
          ...Object.fromEntries(Object.entries(times).map(([key, time]) => [key, { json: JSON.stringify(time) }])),
        },
      });
    },
    async ring(name, { Last, Next }) {
      const [trigger] = triggerOf(functions, name);
      const maxRetryCount = functions.find((one) => one.name === name)?.retryOptions?.maxRetryCount ?? 0;
      const timer = {
        Schedule: { AdjustForDST: true },
        ScheduleStatus: { Last, Next, LastUpdated: Last },
        IsPastDue: false,
      };
      for (let retryCount = 0; retryCount <= maxRetryCount; retryCount++) {
        const ok = await invoke(name, {
          invocationId: randomUUID(),
          inputData: [{ name: trigger, data: { json: JSON.stringify(timer) } }],
          triggerMetadata: {},
          ...(retryCount > 0 && { retryContext: { retryCount, maxRetryCount } }),
        });
        if (ok) return true;
      }
      return false;
    },
    get alive() {
      return isAlive();
    },
    async terminate() {
      const gone = new Promise<void>((resolve) => current.worker.once("exit", () => resolve()));
      tell(current.worker, { kind: "terminate" });
      await gone;
    },
    async kill() {
      const { worker } = await starting;
      const gone = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
      worker.kill("SIGKILL");
      starting = gone.then(start);
      current = await starting;
    },
    stop() {
      current.worker.removeAllListeners("exit").kill("SIGKILL");
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The functions that the app has registered; every setting that they name must be there. */
async function load(
  worker: ChildProcess,
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<FromWorker & { kind: "loaded" }> {
  const loaded = await new Promise<FromWorker & { kind: "loaded" }>((resolve, reject) => {
    worker.once("exit", (code) => reject(new Error(`the worker ended with ${code} while the app started`)));
    worker.once("message", (message: FromWorker) => {
      if (message.kind === "loaded") resolve(message);
      else reject(new Error(`the app did not start: ${"reason" in message ? message.reason : ""}`));
    });
    tell(worker, { kind: "load", folder, env: settings });
  });
  for (const binding of loaded.functions.flatMap(({ bindings }) => Object.values(bindings))) {
    checkSettings(binding, settings);
    if (binding.type === "httpTrigger" && loaded.httpUri === "")
      throw new Error("requests go through the worker's own server alone here: set `enableHttpStream`");
  }
  return loaded;
}

/** A name in percent signs is a setting's; a connection is a setting that holds a connection string, or what several begin with if there is none of that name. */
function checkSettings(binding: Binding, settings: Readonly<Record<string, string>>): void {
  const named = Object.values(binding).flatMap((value) =>
    [...String(value).matchAll(/%([^%]+)%/g)].map(([, name]) => name),
  );
  const { connection } = binding;
  const missing = named.filter((name = "") => settings[name] === undefined);
  const exact = settings[String(connection)];
  const several = Object.keys(settings).some((name) => name.startsWith(`${connection}__`));
  if (connection !== undefined && (exact === undefined ? !several : !exact.startsWith("Endpoint=")))
    missing.push(String(connection));
  if (missing.length > 0) throw new Error(`there is no app setting ${missing.join(", ")}`);
}

function triggerOf(functions: readonly FunctionMetadata[], name: string): readonly [string, Binding] {
  const { bindings = {} } = functions.find((one) => one.name === name) ?? {};
  const found = Object.entries(bindings).find(([, { type }]) => type.endsWith("Trigger"));
  if (!found) throw new Error(`there is no function ${name}`);
  return found;
}

function dataOf({ body }: BusMessage, { dataType }: Binding): TypedData {
  return dataType === "binary" ? { bytes: body } : { string: Buffer.from(body).toString() };
}

/** Texts as texts, all else as JSON. Under the names that the extension gives them. */
function metadataOf(message: BusMessage): Record<string, TypedData> {
  const { messageId, sessionId, contentType, deliveryCount = 1, applicationProperties = {} } = message;
  const { lockToken = randomUUID(), sequenceNumber = 7, enqueuedTimeUtc = "2026-11-20T10:00:00Z" } = message;
  const texts = { MessageId: messageId, SessionId: sessionId, ContentType: contentType, LockToken: lockToken };
  const values = {
    DeliveryCount: deliveryCount,
    SequenceNumber: sequenceNumber,
    EnqueuedTimeUtc: enqueuedTimeUtc,
    ApplicationProperties: applicationProperties,
    UserProperties: applicationProperties,
  };
  const given = Object.entries(texts).flatMap(([key, string]) =>
    string === undefined ? [] : [[key, { string }] as const],
  );
  const others = Object.entries(values).map(([key, value]) => [key, { json: JSON.stringify(value) }] as const);
  return Object.fromEntries<TypedData>([...given, ...others]);
}

function tell(worker: ChildProcess, message: ToWorker): void {
  worker.send(message);
}
