// `/_faasten/`: what a developer, a test or the command line asks of a running app. Loopback alone, with the printed token.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Local } from "../../providers/local/host.ts";
import type { ConfigurationStore } from "../contracts/configuration-store.ts";
import type { Inbox, Subscription } from "../contracts/inbox.ts";
import type { Served } from "../contracts/provider.ts";
import type { PubSub } from "../contracts/pubsub.ts";
import { FaastenError } from "../errors.ts";
import { suggest } from "../manifest/problems.ts";
import { toStructured } from "../runtime/cloudevent.ts";
import { subscriptionOf } from "../runtime/inbox.ts";
import { readBody } from "../runtime/node-http.ts";
import { respond } from "../runtime/node-server.ts";
import { groupOf } from "../runtime/order.ts";
import { createRouter } from "../runtime/router.ts";
import { timetableOf } from "../runtime/timetable.ts";
import { eventOf, instantOf, parse, record } from "./asked.ts";
import { guard, isReserved } from "./guard.ts";
import { createPresigned } from "./presigned.ts";

export interface Control {
  /** `false`: the request is not for us. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  /** Tells the port that is served: the only one that a Host header may name. */
  open(port: number): Promise<void>;
}

interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly body: unknown;
}

interface Subscribing {
  readonly component: string;
  readonly what: "broker" | "binding";
  readonly subscription: Subscription;
}

interface Route {
  readonly method: string;
  readonly path: string;
  readonly handle: (asked: Asked) => Promise<unknown>;
}

export function createControl(local: Local, token: string): Control {
  let port = 0;
  const presigned = createPresigned(local);
  const routes: readonly Route[] = [
    { method: "GET", path: "/_faasten/functions", handle: async () => local.functions.map(summarise) },
    { method: "POST", path: "/_faasten/publish", handle: publish },
    { method: "POST", path: "/_faasten/functions/:name/fire", handle: fire },
    { method: "POST", path: "/_faasten/functions/:name/deliver", handle: deliver },
    { method: "GET", path: "/_faasten/functions/:name/dead-letters", handle: deadLetters },
    { method: "POST", path: "/_faasten/functions/:name/dead-letters/:id/redrive", handle: redrive },
    { method: "GET", path: "/_faasten/configuration/:component", handle: listSettings },
    { method: "POST", path: "/_faasten/configuration/:component", handle: set },
  ];
  const router = createRouter(routes);

  function find(name: string): Served {
    const served = local.functions.find((candidate) => candidate.name === name);
    if (served) return served;
    const names = local.functions.map((one) => one.name);
    throw new FaastenError("NOT_FOUND", `there is no function ${name}.${suggest(name, names)}`);
  }

  function subscriberOf(name: string): Subscribing {
    const { on } = find(name).definition;
    const subscription = subscriptionOf(name, on);
    if (subscription && on.kind === "topic") return { component: on.pubsub, what: "broker", subscription };
    if (subscription && on.kind === "binding") return { component: on.binding, what: "binding", subscription };
    const kind = timetableOf(on) ? "runs by the clock" : "answers requests";
    throw new FaastenError("INVALID", `${name} ${kind} and subscribes to no topic: name a subscriber`);
  }

  /** A binding that delivers here keeps dead letters as a broker does. */
  async function inboxOf({ component }: Subscribing): Promise<Inbox> {
    return local.runner.component(component)();
  }

  async function brokerOf(name: string): Promise<PubSub> {
    const brokers = [...new Set(local.functions.flatMap(brokersOf))];
    if (brokers.includes(name)) return (await local.runner.component(name)()) as PubSub;
    const known = brokers.length === 0 ? " No function uses any." : suggest(name, brokers);
    throw new FaastenError("NOT_FOUND", `the app has no broker ${name}.${known}`);
  }

  async function publish({ body }: Asked): Promise<unknown> {
    const { topic, pubsub = "pubsub", ...rest } = record(body);
    if (typeof topic !== "string" || topic === "" || typeof pubsub !== "string")
      throw new FaastenError("INVALID", 'publish takes {"topic", "data"} or {"topic", "event"}, and "pubsub" as text');
    const event = eventOf(rest, topic);
    const broker = await brokerOf(pubsub);
    const subscribers = local.functions.filter(({ definition: { on } }) => {
      return on.kind === "topic" && on.topic === topic && on.pubsub === pubsub;
    });
    const ordered = subscribers.some(({ definition: { on } }) => on.kind === "topic" && on.ordered);
    await broker.publish(topic, event, ordered ? { order: groupOf(event, topic) } : {});
    return { id: event.id, subscribers: subscribers.map(({ name }) => name) };
  }

  async function deliver({ params, body }: Asked): Promise<unknown> {
    const name = params["name"] ?? "";
    const { topic } = subscriberOf(name).subscription;
    return local.deliver(name, { kind: "event", event: eventOf(record(body), topic) });
  }

  async function fire({ params, body }: Asked): Promise<unknown> {
    const { name, definition } = find(params["name"] ?? "");
    if (!timetableOf(definition.on))
      throw new FaastenError("INVALID", `${name} does not run by the clock: name a schedule`);
    return local.fire(name, instantOf(record(body ?? {})["time"]));
  }

  async function deadLetters({ params }: Asked): Promise<unknown> {
    const from = subscriberOf(params["name"] ?? "");
    const inbox = await inboxOf(from);
    if (!inbox.deadLetters) throw cannot(`${from.what} ${from.component}`, "show its dead letters");
    const letters: unknown[] = [];
    for await (const event of inbox.deadLetters(from.subscription)) letters.push(JSON.parse(toStructured(event)));
    return letters;
  }

  async function redrive({ params }: Asked): Promise<unknown> {
    const from = subscriberOf(params["name"] ?? "");
    const inbox = await inboxOf(from);
    const id = params["id"] ?? "";
    if (!inbox.redrive) throw cannot(`${from.what} ${from.component}`, "send a dead letter back");
    if (await inbox.redrive(from.subscription, id)) return { id };
    const { subscriber } = from.subscription;
    throw new FaastenError(
      "NOT_FOUND",
      `${subscriber} has no dead letter ${id}: \`faasten dead-letters ${subscriber}\` shows them`,
    );
  }

  async function settingsOf(name: string): Promise<ConfigurationStore> {
    const grants = local.functions.flatMap(({ definition }) => Object.values(definition.uses));
    const stores = [
      ...new Set(grants.filter(({ block }) => block === "configuration").map(({ component }) => component)),
    ];
    if (stores.includes(name)) return (await local.runner.component(name)()) as ConfigurationStore;
    const known = stores.length === 0 ? " No function uses any." : suggest(name, stores);
    throw new FaastenError("NOT_FOUND", `the app has no configuration store ${name}.${known}`);
  }

  async function listSettings({ params }: Asked): Promise<unknown> {
    const name = params["component"] ?? "";
    const store = await settingsOf(name);
    if (!store.list) throw cannot(`configuration store ${name}`, "list what it holds");
    return [...(await store.list())].map(([key, item]) => ({ key, ...item }));
  }

  async function set({ params, body }: Asked): Promise<unknown> {
    const name = params["component"] ?? "";
    const { key, value } = record(body);
    if (typeof key !== "string" || key === "" || typeof value !== "string")
      throw new FaastenError("INVALID", 'a setting is {"key", "value"}, both as text');
    const store = await settingsOf(name);
    if (!store.set) throw cannot(`configuration store ${name}`, "be written to");
    return { key, ...(await store.set(key, value)) };
  }

  async function handle(request: IncomingMessage): Promise<unknown> {
    guard(request, port, token);
    const { method = "", url = "" } = request;
    const path = url.split("?")[0] ?? "";
    const found = router.match(method, path);
    if (!found) {
      const known = routes.map((route) => `${route.method} ${route.path}`).join(", ");
      throw new FaastenError("NOT_FOUND", `there is no ${path} here; there are ${known}`);
    }
    if (!("index" in found)) throw new NotAllowed(method, found.allow);
    const bytes = await readBody(request, largest);
    if (bytes && bytes.length > largest)
      throw new FaastenError("TOO_LARGE", `the body is larger than ${largest} bytes`);
    const body = bytes && bytes.length > 0 ? parse(bytes) : undefined;
    return routes[found.index]?.handle({ params: found.params, body });
  }

  function refuse(response: ServerResponse, error: unknown): void {
    const { redact, write } = local.runner.journal;
    const known = error instanceof FaastenError ? error : new FaastenError("INTERNAL", `it failed: ${String(error)}`);
    if (known !== error) write("error", "a control request failed", {}, { error });
    const { code, message } = known;
    const status = known instanceof NotAllowed ? 405 : known.status;
    const headers = known instanceof NotAllowed ? { allow: known.allow.join(", ") } : {};
    send(response, status, { status, code, detail: redact(message) }, headers);
  }

  return {
    async open(served) {
      port = served;
      await presigned.open(served);
    },
    answer(request, response) {
      if (!isReserved(request.url ?? "")) return false;
      const signed = presigned.answer(request);
      if (signed) {
        void signed.then((reply) => respond(response, reply, local.runner.journal));
        return true;
      }
      handle(request)
        .then(
          (result) => send(response, 200, result),
          (error: unknown) => refuse(response, error),
        )
        // A body that was refused unread is let pass: a connection that is cut takes the answer with it.
        .finally(() => request.resume());
      return true;
    },
  };
}

const largest = 1024 * 1024;

class NotAllowed extends FaastenError {
  readonly allow: readonly string[];

  constructor(method: string, allow: readonly string[]) {
    super("UNSUPPORTED", `${method} cannot be asked here: ${allow.join(", ")} can`);
    this.allow = allow;
  }
}

function cannot(component: string, what: string): FaastenError {
  return new FaastenError("UNSUPPORTED", `the ${component} cannot ${what}: its component has no such ability`);
}

function summarise({ name, definition }: Served): unknown {
  const uses = Object.entries(definition.uses).map(([as, { block, component, right, resource, keys, operations }]) => ({
    as,
    block,
    component,
    right,
    ...(resource !== undefined && { resource }),
    ...(keys && { keys }),
    ...(operations && { operations }),
  }));
  return { name, on: definition.on, uses };
}

function brokersOf({ definition: { on, uses } }: Served): readonly string[] {
  const published = Object.values(uses).filter(({ block }) => block === "pubsub");
  return [...(on.kind === "topic" ? [on.pubsub] : []), ...published.map(({ component }) => component)];
}

function send(
  response: ServerResponse,
  status: number,
  result: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    "content-type": status < 400 ? "application/json" : "application/problem+json",
    "cache-control": "no-store",
    ...headers,
  });
  response.end(JSON.stringify(result ?? null));
}
