// faasten invoke
import type { TriggerSpec } from "../contracts/trigger.ts";
import { FaastenError } from "../errors.ts";
import { findRunning, type Running, readJson } from "./running.ts";

export interface InvokeFlags {
  readonly data?: string;
  readonly path?: string;
  readonly header?: readonly string[];
  readonly time?: string;
}

export async function invoke(name: string, flags: InvokeFlags): Promise<void> {
  const running = findRunning();
  const all = (await running.ask("GET", "/functions")) as readonly {
    readonly name: string;
    readonly on: TriggerSpec;
  }[];
  const found = all.find((one) => one.name === name);
  if (!found)
    throw new FaastenError(
      "NOT_FOUND",
      `there is no function ${name}; there are ${all.map((one) => one.name).join(", ")}`,
    );
  const { on } = found;
  if (on.kind === "http") return send(running, on, flags);
  const outcome =
    on.kind === "topic"
      ? await running.ask("POST", `/functions/${name}/deliver`, { data: readJson(flags.data ?? "null") })
      : await running.ask("POST", `/functions/${name}/fire`, flags.time === undefined ? {} : { time: flags.time });
  console.log(JSON.stringify(outcome));
  const { kind } = outcome as { readonly kind: string };
  if (kind !== "done" && kind !== "drop") process.exitCode = 1;
}

async function send(
  running: Running,
  on: TriggerSpec & { kind: "http" },
  { data, path = on.path, header = [] }: InvokeFlags,
): Promise<void> {
  if (/\/[:*]/.test(path)) throw new FaastenError("INVALID", `${path} has parameters: give the path with --path`);
  const headers = new Headers(
    header.map((text): [string, string] => [
      text.slice(0, text.indexOf(":")),
      text.slice(text.indexOf(":") + 1).trim(),
    ]),
  );
  if (data !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
  const method = on.method === "*" ? (data === undefined ? "GET" : "POST") : on.method;
  const body = data === undefined ? {} : { body: JSON.stringify(readJson(data)) };
  const response = await running.request(path, { method, headers, ...body });
  console.error(`${response.status} ${response.statusText}`);
  process.stdout.write(new Uint8Array(await response.arrayBuffer()));
  process.stdout.write("\n");
  if (!response.ok) process.exitCode = 1;
}
