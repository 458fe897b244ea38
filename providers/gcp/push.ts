// What Google posts to a function that is not for browsers: headers and a body; a status is the whole reply.
import type { Outcome, Reply } from "../../src/provider.ts";

export interface Push {
  readonly service: string;
  readonly function: string;
  /** By lower-case names, as node:http has them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

export function isPush(payload: unknown): payload is Push {
  return typeof payload === "object" && payload !== null && "headers" in payload && "body" in payload;
}

/** One value of a header; `undefined`: there is none, or it is empty. */
export function header({ headers }: Push, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** 204 acknowledges; anything else has it come again, by the backoff of the subscription or the job. */
export function acknowledge(outcomes: readonly Outcome[]): Reply {
  const done = outcomes.length > 0 && outcomes.every(({ kind }) => kind === "done" || kind === "drop");
  return { status: done ? 204 : 503, headers: [], cookies: [], body: undefined };
}
