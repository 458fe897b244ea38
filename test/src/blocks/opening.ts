// Opens a block's client as a run would.
import type { Grant, Invocation } from "../../../src/contracts/function.ts";

export interface Run extends Invocation {
  readonly concealed: string[];
  readonly logged: string[];
}

export function invocation({
  deadline = Date.now() + 60_000,
  signal = new AbortController().signal,
  name = "work",
} = {}): Run {
  const concealed: string[] = [];
  const logged: string[] = [];
  const at = (level: string) => (message: string) => void logged.push(`${level}: ${message}`);
  return {
    service: "shop",
    function: name,
    id: "i-1",
    deadline,
    now: () => Date.now(),
    signal,
    traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
    log: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
    native: { id: "i-1", payload: undefined, context: undefined, deadline },
    concealed,
    logged,
    open: () => {
      throw new Error("not here");
    },
    hold: () => () => undefined,
    conceal: (secret) => void concealed.push(secret),
    redact: (text) => text,
  };
}

export function open<Client>(grant: Grant<Client>, component: object, run: Invocation = invocation()): Client {
  return grant.open(() => component, run);
}

export async function collect<T>(items: AsyncIterable<T> | undefined): Promise<T[]> {
  const all: T[] = [];
  if (items) for await (const item of items) all.push(item);
  return all;
}
