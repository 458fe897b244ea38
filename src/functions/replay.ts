// What is kept of a request and its reply, so that a repeat gets the same answer.
import { idempotency, type Keep, type Task } from "../blocks/idempotency.ts";
import type { Invocation } from "../contracts/function.ts";
import { problem } from "../runtime/problem.ts";
import { Response as LazyResponse, toBuffered, toReply } from "../runtime/response.ts";

/** All that must be the same in a repeat. */
export function contentOf({ method }: Request, path: string, body: string | Uint8Array | undefined): string {
  const bytes = typeof body === "string" ? body : Buffer.from(body ?? []).toString("base64");
  return `${method} ${path}\n${bytes}`;
}

/** The same answer again for the same key, or why there is none. */
export async function answerOnce(
  task: Omit<Task<Response>, "keep">,
  invocation: Invocation,
  work: () => Promise<Response>,
): Promise<Response> {
  const answered = await invocation.open(idempotency).once({ ...task, keep: keepResponse }, work);
  if (answered.kind === "answer") return answered.value;
  const instance = invocation.id;
  if (answered.kind === "other") {
    const detail = "this idempotency key was used before, for another request";
    return problem({ status: 422, code: "INVALID", detail, instance });
  }
  const wait = Math.max(1, Math.ceil((answered.until - invocation.now()) / 1000));
  const detail = "a request with this idempotency key is being answered";
  return problem({ status: 409, code: "CONFLICT", detail, instance }, { "retry-after": `${wait}` });
}

interface Kept {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
  readonly base64?: string;
}

const keepResponse: Keep<Response> = {
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
    return new LazyResponse(whole, {
      status,
      headers: [...headers.map(([name, value]): [string, string] => [name, value]), ["idempotency-replayed", "true"]],
    });
  },
  lost: () =>
    LazyResponse.json(
      { detail: "this was answered before; the answer was too large to keep" },
      { headers: { "content-type": "application/problem+json", "idempotency-replayed": "true" } },
    ),
};
