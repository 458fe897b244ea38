// Calls one function as a host would, and says what came of it.
import type { Definition } from "../../../src/contracts/function.ts";
import type { App } from "../../../src/contracts/provider.ts";
import type { Arrival, Caller, EventArrival, Outcome } from "../../../src/contracts/trigger.ts";
import { toRequest } from "../../../src/runtime/request.ts";
import { toReply } from "../../../src/runtime/response.ts";
import type { Runner } from "../../../src/runtime/run.ts";
import { call, type Line, run, trigger } from "../runtime/stand-ins.ts";

export interface Replied {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly caller?: Caller;
  /** A native Request instead of a lazy one. */
  readonly native?: true;
}

export interface Calling {
  readonly lines: Line[];
  readonly runner: Runner;
  request(path: string, asked?: Asked): Promise<Replied>;
  deliver(...arrivals: readonly Arrival[]): Promise<readonly Outcome[]>;
}

export function calling(definition: Definition, components: App["components"] = {}, timeout = 60_000): Calling {
  const served = { name: "work", definition, triggers: [trigger] };
  const { runner, lines } = run([served], components);
  const settle = async (arrivals: readonly Arrival[]): Promise<readonly Outcome[]> =>
    (await runner.run(served, call(arrivals, Date.now() + timeout))) as readonly Outcome[];
  return {
    lines,
    runner,
    deliver: (...arrivals) => settle(arrivals),
    async request(path, { method = "GET", headers = {}, body, caller, native } = {}) {
      const url = `http://host${path}`;
      const request = native
        ? new Request(url, { method, headers, ...(body !== undefined && { body: body as BodyInit }) })
        : toRequest({ method, url: () => url, headers, body });
      const arrival = { kind: "request", request, path: path.split("?")[0] ?? "", ...(caller && { caller }) } as const;
      const [outcome] = await settle([arrival]);
      if (outcome?.kind !== "reply") throw new Error(`no reply, but ${outcome?.kind}`);
      return replied(outcome.response);
    },
  };
}

/** Taken apart as a trigger does it. */
async function replied(response: Response): Promise<Replied> {
  const { status, headers, cookies, body } = toReply(response);
  const all = new Headers(headers.map(([name, value]): [string, string] => [name, value]));
  for (const cookie of cookies) all.append("set-cookie", cookie);
  const text = body === undefined ? "" : await new Response(body as BodyInit).text();
  const json = /json/.test(all.get("content-type") ?? "") ? (JSON.parse(text) as Replied["json"]) : {};
  return { status, headers: all, text, json };
}

export function arriving(id: string, data: unknown, more: Partial<EventArrival> = {}): EventArrival {
  const event = { specversion: "1.0", id, source: "s", type: "t", data: { json: JSON.stringify(data) } } as const;
  return { kind: "event", event, ...more };
}
