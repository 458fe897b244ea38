// How a request is answered, whoever makes the reply: who may call, how large, how often, and what is said of a failure.
import { SchemaError } from "../blocks/schema.ts";
import type { Definition, Invocation } from "../contracts/function.ts";
import type { Caller, Cors, Outcome, RequestArrival, TriggerSpec } from "../contracts/trigger.ts";
import { FaastenError, notHere } from "../errors.ts";
import { maxBodyBytes } from "../runtime/limits.ts";
import { problem } from "../runtime/problem.ts";
import { bodyOf, isLazy, sizeOf } from "../runtime/request.ts";
import { compile, type Params } from "../runtime/router.ts";
import { type AccessRule, admit, toAccess } from "./access.ts";
import { preflight, withCors } from "./cors.ts";
import { answerOnce, contentOf } from "./replay.ts";
import { toSendable } from "./sendable.ts";

/** A route and who may call it, for a handler that is declared elsewhere: `lambda(handler, { on: http.any("/legacy/*") })`. */
export interface HttpTrigger {
  readonly kind: "http";
  readonly method: string;
  readonly path: string;
  readonly access?: AccessRule;
  readonly cors?: Cors;
  readonly stream?: true;
  readonly isolate?: true;
  readonly rest?: string;
  readonly fallback?: true;
}

/** A request that may be answered. */
export interface Admitted {
  readonly arrival: RequestArrival;
  readonly params: Params;
  readonly caller: Caller | undefined;
  readonly invocation: Invocation;
}

/** `work` makes the reply; `idempotent` gives the key under which it is made but once. */
export function answeredBy(
  trigger: HttpTrigger,
  work: (admitted: Admitted) => Response | Promise<Response>,
  idempotent?: (request: Request) => string | null,
): Pick<Definition, "on" | "settle" | "fail"> {
  const { cors, method } = trigger;
  const answer = answering(trigger, work, idempotent);
  const reply = ({ request }: RequestArrival, response: Response): Outcome => ({
    kind: "reply",
    response:
      !import.meta.without?.cors && cors && !cors.preflightsAlone ? withCors(cors, request, response) : response,
  });
  return {
    on: toSpec(trigger),
    async settle(arrival, invocation) {
      if (arrival.kind !== "request") return { kind: "dead", reason: notARequest };
      const early = !import.meta.without?.cors && cors && preflight(cors, method, arrival.request);
      return early ? { kind: "reply", response: early } : reply(arrival, await answer(arrival, invocation));
    },
    fail(error, invocation, arrival) {
      if (arrival.kind !== "request") return { kind: "dead", reason: notARequest };
      return reply(arrival, refusal(error, invocation));
    },
  };
}

/** The body, whose size may be known only now. */
export async function wholeOf(request: Request): Promise<string | Uint8Array | undefined> {
  const body = await bodyOf(request);
  checkSize(body === undefined ? 0 : Buffer.byteLength(body));
  return body;
}

/** The trigger as data, for the build and the platform. */
export function toSpec({ access, ...trigger }: HttpTrigger): TriggerSpec {
  return { ...trigger, ...(access !== undefined && { access: toAccess(access) }) };
}

const notARequest = "this function takes requests";

function answering(
  { method, path, access, stream }: HttpTrigger,
  work: (admitted: Admitted) => Response | Promise<Response>,
  idempotent: ((request: Request) => string | null) | undefined,
): (arrival: RequestArrival, invocation: Invocation) => Response | Promise<Response> {
  const route = compile(path);

  async function make(admitted: Admitted): Promise<Response> {
    const { invocation } = admitted;
    const response = await work(admitted);
    const wrong = whatIsWrong(response);
    if (wrong === undefined) return toSendable(response, invocation, stream);
    throw new FaastenError("INTERNAL", `${invocation.function} gave ${wrong}: return a Response`);
  }

  return (arrival, invocation) => {
    const { request, path } = arrival;
    const params = route(path);
    if (!params) return problem({ status: 404, code: "NOT_FOUND", detail: `there is nothing at ${path}` });
    if (method !== "*" && request.method !== method)
      return problem({ status: 405, code: "UNSUPPORTED", detail: `${path} takes ${method}` }, { allow: method });
    const go = (caller: Caller | undefined): Promise<Response> => {
      checkSize(sizeOf(request));
      const admitted = { arrival, params, caller, invocation };
      const key = import.meta.without?.idempotency ? null : (idempotent?.(request) ?? null);
      return key === null ? make(admitted) : makeOnce(key, admitted, make);
    };
    const caller = admit(access, arrival);
    return caller instanceof Promise ? caller.then(go) : go(caller);
  };
}

const makeOnce = import.meta.without?.idempotency
  ? notHere
  : async (key: string, admitted: Admitted, make: (admitted: Admitted) => Promise<Response>): Promise<Response> => {
      const { arrival, caller, invocation } = admitted;
      const content = contentOf(arrival.request, arrival.path, await wholeOf(arrival.request));
      return answerOnce({ key: `${caller?.subject ?? ""}\n${key}`, content }, invocation, () => make(admitted));
    };

/** Of a service's own failures, those that say when to come again. The others are no matter of the caller's. */
const passing: ReadonlySet<string> = new Set(["THROTTLED", "TIMEOUT", "UNAVAILABLE"]);
const unsaid = { status: 500, code: "INTERNAL" } as const;

/** What a caller is told. Of what went wrong inside, only where to find it. */
function refusal(error: unknown, invocation: Invocation): Response {
  const instance = invocation.id;
  if (error instanceof SyntaxError && isLazy(error.cause)) {
    return problem({ status: 400, code: "INVALID", detail: "the body is not JSON", instance });
  }
  if (!(error instanceof FaastenError) || error.status === 500 || error.inner) {
    const detail = "the function failed; its log says why, under this instance";
    const { status, code } = error instanceof FaastenError && passing.has(error.code) ? error : unsaid;
    return problem({ status, code, detail, instance });
  }
  const { code, status } = error;
  const clean = (text: string): string => invocation.redact(text);
  const issues = error instanceof SchemaError && {
    issues: error.issues.map(({ path, message }) => ({ path: clean(path), message: clean(message) })),
  };
  return problem(
    { status, code, detail: clean(error.message), ...issues, instance },
    code === "UNAUTHENTICATED" ? { "www-authenticate": "Bearer" } : {},
  );
}

function checkSize(size: number | undefined): void {
  if (size === undefined || size <= maxBodyBytes) return;
  throw new FaastenError("TOO_LARGE", `the body is larger than ${maxBodyBytes} bytes`);
}

/** `undefined`: nothing, it can be sent. */
function whatIsWrong(value: unknown): string | undefined {
  if (value === undefined) return "nothing";
  if (typeof value !== "object" || value === null) return value === null ? "null" : `a ${typeof value}`;
  if (Object.prototype.toString.call(value) !== "[object Response]") return "an object";
  const { status, bodyUsed } = value as Response;
  if (status === 0) return "Response.error(), which stands for a failed fetch";
  return bodyUsed ? "a Response whose body was read already" : undefined;
}
