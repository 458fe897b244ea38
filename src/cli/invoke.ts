// faasten invoke
import type { TriggerSpec } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import { suggest } from "../manifest/problems.ts";
import { createRouter } from "../runtime/router.ts";
import { timetableOf } from "../runtime/timetable.ts";
import { type EventFlags, toMembers } from "./event.ts";
import { findRunning, type Running, readData, readJson } from "./running.ts";

export interface InvokeFlags extends EventFlags {
  readonly path?: string;
  readonly method?: string;
  readonly header?: readonly string[];
  readonly time?: string;
}

interface Callable<On = TriggerSpec> {
  readonly name: string;
  readonly on: On;
}

type Web = TriggerSpec & { readonly kind: "http" };

export async function invoke(name: string, flags: InvokeFlags): Promise<void> {
  const running = findRunning();
  const all = (await running.ask("GET", "/functions")) as readonly Callable[];
  const found = all.find((one) => one.name === name);
  if (!found) {
    const hint = suggest(
      name,
      all.map((one) => one.name),
    );
    throw new FaastenError("NOT_FOUND", `there is no function ${name}.${hint || " `faasten functions` lists them."}`);
  }
  const { on } = found;
  const kind = timetableOf(on) ? "schedule" : on.kind;
  for (const flag of Object.keys(flags)) checkFlag(flag, name, kind);
  if (on.kind === "http") return send(running, { name, on }, all.filter(isWeb), flags);
  const outcome =
    kind !== "schedule"
      ? await running.ask("POST", `/functions/${name}/deliver`, `{${toMembers(flags)}}`)
      : await running.ask("POST", `/functions/${name}/fire`, JSON.stringify({ time: flags.time }));
  console.log(JSON.stringify(outcome));
  const { kind: became, filtered } = outcome as { readonly kind: string; readonly filtered?: true };
  if (filtered) console.error(`the filter of ${name} let it pass by: its handler was not called`);
  if (became !== "done" && became !== "drop") process.exitCode = 1;
}

const flagsOf: Readonly<Record<TriggerSpec["kind"], { readonly is: string; readonly takes: readonly string[] }>> = {
  http: { is: "an HTTP function", takes: ["data", "path", "method", "header"] },
  topic: { is: "a subscriber", takes: ["data", "attribute", "event"] },
  binding: { is: "takes what comes to a binding", takes: ["data", "attribute", "event"] },
  native: { is: "takes what one cloud alone sends", takes: [] },
  schedule: { is: "a schedule", takes: ["time"] },
};

function checkFlag(flag: string, name: string, kind: TriggerSpec["kind"]): void {
  const { is, takes } = flagsOf[kind];
  if (takes.includes(flag)) return;
  const known = takes.map((one) => `--${one}`).join(", ");
  throw new FaastenError("INVALID", `--${flag}: ${name} is ${is}, which takes ${known}`);
}

function isWeb(one: Callable): one is Callable<Web> {
  return one.on.kind === "http";
}

async function send(
  running: Running,
  to: Callable<Web>,
  all: readonly Callable<Web>[],
  flags: InvokeFlags,
): Promise<void> {
  const { path = to.on.path, data } = flags;
  const method = methodOf(to, flags);
  checkPath(path, method, to, all);
  const headers = headersOf(flags.header ?? []);
  if (to.on.access === "service" && !headers.has("authorization"))
    headers.set("authorization", `Bearer ${running.token}`);
  const body = data === undefined ? undefined : bodyOf(data, headers);
  const response = await running.request(path, { method, headers, ...(body !== undefined && { body }) });
  console.error(`${response.status} ${response.statusText}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  process.stdout.write(bytes);
  if (process.stdout.isTTY && bytes.length > 0 && bytes.at(-1) !== newline) process.stdout.write("\n");
  if (response.status >= 400) process.exitCode = 1;
}

const newline = 10;

function methodOf({ name, on }: Callable<Web>, { method, data }: InvokeFlags): string {
  if (on.method === "*") return method?.toUpperCase() ?? (data === undefined ? "GET" : "POST");
  if (method !== undefined && method.toUpperCase() !== on.method)
    throw new FaastenError("INVALID", `--method ${method}: ${name} answers ${on.method} alone`);
  if (data !== undefined && (on.method === "GET" || on.method === "HEAD"))
    throw new FaastenError("INVALID", `--data: ${name} answers ${on.method}, which has no body`);
  return on.method;
}

/** That this function answers it, and no other. */
function checkPath(path: string, method: string, to: Callable<Web>, all: readonly Callable<Web>[]): void {
  const wanted = `give the path of a request, as ${to.on.path.replace(/[:*](\w*)/g, "<$1>").replace("<>", "…")}, with --path`;
  if (path === to.on.path && /\/[:*]/.test(path))
    throw new FaastenError("INVALID", `${to.name} answers ${path}: ${wanted}`);
  if (!path.startsWith("/")) throw new FaastenError("INVALID", `--path ${path} does not begin with "/": ${wanted}`);
  const plain = new URL(`http://localhost${path}`).pathname;
  const found = createRouter(all.map(({ on }) => on)).match(method, plain);
  const other = found && "index" in found ? all[found.index]?.name : undefined;
  if (other === to.name) return;
  const who = other === undefined ? "no function answers" : `${other} answers`;
  throw new FaastenError("INVALID", `--path ${path}: that is what ${who}; ${wanted}`);
}

function headersOf(given: readonly string[]): Headers {
  const headers = new Headers();
  for (const text of given) {
    const [, name, value = ""] = /^([^:\s]+):(.*)$/s.exec(text) ?? [];
    const mend = `--header ${JSON.stringify(text)}: write name:value, as accept:text/plain`;
    if (name === undefined) throw new FaastenError("INVALID", mend);
    try {
      headers.append(name, value.trim());
    } catch (error) {
      throw new FaastenError("INVALID", `${mend}, of the signs that HTTP allows`, { cause: error });
    }
  }
  return headers;
}

/** JSON as it is written, or with a content-type of its own whatever it is. */
function bodyOf(data: string, headers: Headers): string | Uint8Array<ArrayBuffer> {
  const type = headers.get("content-type");
  if (type !== null && !/\bjson\b/i.test(type)) return readData(data);
  if (type === null) headers.set("content-type", "application/json");
  return readJson(data);
}
