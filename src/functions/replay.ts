// What is kept of a request and its reply, so that a repeat gets the same answer.
import type { Keep } from "../blocks/idempotency.ts";
import { Response, toBuffered, toReply } from "../runtime/response.ts";

/** All that must be the same in a repeat. */
export function contentOf({ method }: Request, path: string, body: string | Uint8Array | undefined): string {
  const bytes = typeof body === "string" ? body : Buffer.from(body ?? []).toString("base64");
  return `${method} ${path}\n${bytes}`;
}

interface Kept {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
  readonly base64?: string;
}

export const keepResponse: Keep<Response> = {
  /** A reply of 500 and above achieved nothing. Cookies belong to one caller's one visit: they are not kept. */
  async write(response) {
    const { status, headers, body } = toReply(response.clone());
    if (status >= 500) return undefined;
    const whole = await toBuffered(body);
    const kept: Kept = {
      status,
      headers,
      ...(typeof whole === "string" ? { body: whole } : whole && { base64: Buffer.from(whole).toString("base64") }),
    };
    return JSON.stringify(kept);
  },
  read(text) {
    const { status, headers, body, base64 } = JSON.parse(text) as Kept;
    const whole = base64 === undefined ? (body ?? null) : Buffer.from(base64, "base64");
    return new Response(whole, {
      status,
      headers: [...headers.map(([name, value]): [string, string] => [name, value]), ["idempotency-replayed", "true"]],
    });
  },
  lost: () =>
    Response.json(
      { detail: "this was answered before; the answer was too large to keep" },
      { headers: { "content-type": "application/problem+json", "idempotency-replayed": "true" } },
    ),
};
