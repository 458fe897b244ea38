// `/_faasten/`: what a developer, a test or the command line asks of a running app. Loopback alone, with the printed token.
import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Local } from "../../providers/local/host.ts";
import type { Served } from "../contracts/provider.ts";
import type { PubSub, Subscription } from "../contracts/pubsub.ts";
import { FaastenError } from "../errors.ts";
import { fromStructured, toStructured } from "../runtime/cloudevent.ts";
import { readBody } from "../runtime/node-http.ts";
import { createRouter } from "../runtime/router.ts";

export interface Control {
  /** `false`: the request is not for us. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  /** Tells the port that is served: the only one that a Host header may name. */
  open(port: number): void;
}

interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type Handler = (asked: Asked) => Promise<unknown>;

export function createControl(local: Local, token: string): Control {
  let port = 0;
  const routes: readonly { readonly method: string; readonly path: string; readonly handle: Handler }[] = [
    { method: "GET", path: "/_faasten/functions", handle: async () => local.functions.map(describe) },
    { method: "POST", path: "/_faasten/publish", handle: publish },
    { method: "POST", path: "/_faasten/functions/:name/fire", handle: fire },
    { method: "POST", path: "/_faasten/functions/:name/deliver", handle: deliver },
    { method: "GET", path: "/_faasten/functions/:name/dead-letters", handle: deadLetters },
    { method: "POST", path: "/_faasten/functions/:name/dead-letters/:id/redrive", handle: redrive },
  ];
  const router = createRouter(routes);

  function subscriberOf(name: string): { readonly broker: string; readonly subscription: Subscription } {
    const { on } = find(name).definition;
    if (on.kind !== "topic") throw new FaastenError("INVALID", `${name} subscribes to no topic`);
    const { pubsub, topic, attempts, ordered } = on;
    return { broker: pubsub, subscription: { topic, subscriber: name, attempts, ordered } };
  }

  function find(name: string): Served {
    const served = local.functions.find((candidate) => candidate.name === name);
    if (served) return served;
    throw new FaastenError(
      "NOT_FOUND",
      `there is no function ${name}; there are ${local.functions.map((one) => one.name).join(", ")}`,
    );
  }

  async function brokerOf(name: string): Promise<PubSub> {
    return (await local.runner.component(name)()) as PubSub;
  }

  async function publish({ body }: Asked): Promise<unknown> {
    const { topic, pubsub = "pubsub", ...rest } = record(body);
    if (typeof topic !== "string" || typeof pubsub !== "string")
      throw new FaastenError("INVALID", 'publish takes {"topic", "data"} or {"topic", "event"}');
    const event = eventOf(rest, topic);
    await (await brokerOf(pubsub)).publish(topic, event);
    return { id: event.id };
  }

  async function deliver({ params, body }: Asked): Promise<unknown> {
    const name = params["name"] ?? "";
    const { subscription } = subscriberOf(name);
    return local.deliver(name, { kind: "event", event: eventOf(record(body), subscription.topic) });
  }

  async function fire({ params, body }: Asked): Promise<unknown> {
    const { time } = record(body ?? {});
    const planned = typeof time === "string" ? Date.parse(time) : Date.now();
    if (Number.isNaN(planned))
      throw new FaastenError("INVALID", `"${String(time)}" is no time: write it as in 2026-01-31T03:00:00Z`);
    return local.fire(params["name"] ?? "", planned);
  }

  async function deadLetters({ params }: Asked): Promise<unknown> {
    const { broker, subscription } = subscriberOf(params["name"] ?? "");
    const letters: unknown[] = [];
    for await (const event of (await brokerOf(broker)).deadLetters?.(subscription) ?? [])
      letters.push(JSON.parse(toStructured(event)));
    return letters;
  }

  async function redrive({ params }: Asked): Promise<unknown> {
    const { broker, subscription } = subscriberOf(params["name"] ?? "");
    const id = params["id"] ?? "";
    if (await (await brokerOf(broker)).redrive?.(subscription, id)) return { id };
    throw new FaastenError("NOT_FOUND", `${subscription.subscriber} has no dead letter ${id}`);
  }

  async function handle(request: IncomingMessage): Promise<unknown> {
    guard(request, port, token);
    const path = (request.url ?? "").split("?")[0] ?? "";
    const found = router.match(request.method ?? "", path);
    if (!found || !("index" in found)) throw new FaastenError("NOT_FOUND", `there is no ${request.method} ${path}`);
    const bytes = await readBody(request, largest);
    if (bytes && bytes.length > largest)
      throw new FaastenError("TOO_LARGE", `the body is larger than ${largest} bytes`);
    return routes[found.index]?.handle({
      params: found.params,
      body: bytes && bytes.length > 0 ? parse(bytes) : undefined,
    });
  }

  return {
    open(served) {
      port = served;
    },
    answer(request, response) {
      const { url = "" } = request;
      if (!/^\/_faasten(?:[/?]|$)/i.test(url)) return false;
      handle(request).then(
        (result) => send(response, 200, result),
        (error: unknown) => {
          const known = error instanceof FaastenError ? error : new FaastenError("INTERNAL", String(error));
          send(response, known.status, {
            status: known.status,
            code: known.code,
            detail: local.runner.journal.redact(known.message),
          });
        },
      );
      return true;
    },
  };
}

const largest = 1024 * 1024;

/** A page of another site, a name that was rebound to this address, and whoever lacks the token, get nothing. */
function guard({ headers }: IncomingMessage, port: number, token: string): void {
  const names = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  if (!names.includes(headers.host ?? ""))
    throw new FaastenError("DENIED", "this address answers to 127.0.0.1 and localhost alone");
  const { origin } = headers;
  if (origin !== undefined && !names.some((name) => origin === `http://${name}`))
    throw new FaastenError("DENIED", "pages of other origins may not call this");
  const given = Buffer.from(/^bearer (.+)$/i.exec(headers.authorization ?? "")?.[1] ?? "");
  const wanted = Buffer.from(token);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    throw new FaastenError(
      "UNAUTHENTICATED",
      "the token that `faasten dev` printed is wanted, as `authorization: Bearer …`",
    );
  }
}

function describe({ name, definition }: Served): unknown {
  const uses = Object.entries(definition.uses).map(([as, { block, component, right, resource }]) => ({
    as,
    block,
    component,
    right,
    ...(resource !== undefined && { resource }),
  }));
  return { name, on: definition.on, uses };
}

function eventOf(
  { event, data }: Readonly<Record<string, unknown>>,
  topic: string,
): NonNullable<ReturnType<typeof fromStructured>> {
  if (event === undefined) {
    return {
      specversion: "1.0",
      id: crypto.randomUUID(),
      source: "faasten",
      type: "com.dapr.event.sent",
      time: new Date().toISOString(),
      datacontenttype: "application/json",
      data: { json: JSON.stringify(data ?? null) },
      extensions: { topic },
    };
  }
  const read = fromStructured(JSON.stringify(event));
  if (read) return read;
  throw new FaastenError("INVALID", "`event` is no CloudEvent 1.0: it wants specversion, id, source and type");
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new FaastenError("INVALID", "the body must be a JSON object");
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new FaastenError("INVALID", "the body is not JSON");
  }
}

function send(response: ServerResponse, status: number, result: unknown): void {
  response.writeHead(status, {
    "content-type": status < 400 ? "application/json" : "application/problem+json",
    "cache-control": "no-store",
  });
  response.end(JSON.stringify(result ?? null));
}
