// The app of `handlers/` in Lambda's own runtime client, handler by handler and without us, and behind the bridge on the local,
// Azure's and Google's hosts.
import { join } from "node:path";
import { buildApp, copyHandlers } from "../build/built.ts";
import { type Running, remove, startDev } from "../dev/running.ts";
import { startFunctionsHost } from "../servers/functions-host.ts";
import { toClientReply } from "../servers/lambda-replies.ts";
import { text } from "../servers/lambda-runtime-api.ts";
import type { HostReply, HostRequest } from "./behaviours.ts";
import type { Lines } from "./checks.ts";
import { authorization, type Framework, startFramework } from "./functions-framework.ts";
import {
  type Host,
  type HttpCase,
  httpCases,
  type MessageCase,
  messageCases,
  planned,
  type Sent,
  scheduledEvent,
  structured,
} from "./handler-cases.ts";
import { type Lambda, lambda, unavailable } from "./lambda.ts";
import { sendTo } from "./requests.ts";

/** What became of messages, by their ids: whether each is done; and what the handler printed. */
export interface Settled {
  readonly done: Readonly<Record<string, boolean>>;
  readonly seen: readonly string[];
}

export interface Bridged {
  send(request: HostRequest): Promise<HostReply>;
  /** One after another. */
  settle(one: MessageCase): Promise<Settled>;
  fire(name: string): Promise<Settled>;
  stop(): Promise<void>;
}

export type Env = Readonly<Record<string, string>>;

export const start: Readonly<Record<Host, (env: Env) => Promise<Bridged>>> = {
  async local(env) {
    const folder = copyHandlers();
    const dev: Running = await startDev(folder, { env });
    const lines: Lines = () => dev.output().split("\n");
    const steer = async (path: string, body: unknown): Promise<boolean> => {
      const { kind } = (await (await dev.control("POST", path, body)).json()) as { readonly kind: string };
      return kind === "done";
    };
    return {
      send: (request) => sendTo(dev.url, request),
      settle: (one) =>
        settled(one.messages, lines, (sent) =>
          steer(`/functions/${one.function}/deliver`, { event: structured(sent) }),
        ),
      fire: (name) => settled([run], lines, () => steer(`/functions/${name}/fire`, { time: planned })),
      async stop() {
        await dev.stop();
        remove(folder);
      },
    };
  },
  async azure(env) {
    const built = buildApp("handlers", "azure");
    const host = await startFunctionsHost(join(built.output, "app"), { ...env, ...settings });
    return {
      async send(request) {
        const { headers, ...reply } = await sendTo(host.url, request);
        // Which the library puts on every reply for the host's proxy.
        const { "x-ms-invocation-id": _, ...others } = headers;
        return { ...reply, headers: others };
      },
      settle: (one) =>
        settled(one.messages, host.lines, (sent) =>
          host.deliver(one.function, { messageId: sent.id, body: Buffer.from(bodyOf(one, sent)), deliveryCount: 1 }),
        ),
      fire: (name) =>
        settled([run], host.lines, () =>
          host.ring(name, { Last: "2099-11-19T02:00:00.004+00:00", Next: planned.replace("Z", "+00:00") }),
        ),
      async stop() {
        host.stop();
        remove(built.folder);
      },
    };
  },
  async gcp(env) {
    const built = buildApp("handlers", "gcp");
    const service = (name: string): Promise<Framework> =>
      startFramework(join(built.output, "functions", name), { env });
    const web = await service("http");
    const post = async (one: Framework, body: string, headers: Env): Promise<boolean> =>
      (
        await sendTo(one.origin, {
          method: "POST",
          target: "/",
          body,
          headers: Object.entries({ ...headers, authorization }),
        })
      ).status === 204;
    const within = async (name: string, use: (one: Framework) => Promise<Settled>): Promise<Settled> => {
      const one = await service(name);
      return use(one).finally(() => one.stop());
    };
    return {
      send: (request) => sendTo(web.origin, request),
      settle: (one) =>
        within(one.function, (serving) =>
          settled(one.messages, serving.lines, (sent) =>
            post(serving, push(sent.id, bodyOf(one, sent)), { "content-type": "application/json" }),
          ),
        ),
      fire: (name) =>
        within(name, (serving) =>
          settled([run], serving.lines, () =>
            post(serving, "", {
              "x-cloudscheduler": "true",
              "x-cloudscheduler-jobname": `handlers-dev-${name}`,
              "x-cloudscheduler-scheduletime": planned,
              "content-type": "application/octet-stream",
            }),
          ),
        ),
      async stop() {
        await web.stop();
        remove(built.folder);
      },
    };
  },
};

export interface Direct {
  /** `undefined`: the function failed. */
  answer(one: HttpCase): Promise<readonly (HostReply | undefined)[]>;
  settle(one: MessageCase): Promise<Settled>;
  fire(handler: string): Promise<Settled>;
  /** Which client runs this one, if not the newest as it stands. */
  note(handler: string): string | undefined;
  stop(): void;
}

export function startDirect(env: Env): Direct {
  const folder = copyHandlers();
  const answers = new Map<string, Promise<ReadonlyMap<HttpCase, readonly (HostReply | undefined)[]>>>();

  /** Version 4 refuses a callback. */
  function open(handler: string): Lambda {
    const [, name = ""] = handler.split(".");
    if (!takesCallback(handler)) return lambda(folder, { handler, env });
    return unavailable(3) === undefined
      ? lambda(folder, { handler, env, client: 3 })
      : lambda(folder, { handler: `promised.${name}`, env });
  }

  /** All that one handler is asked, of one process. */
  async function answerAll(handler: string): Promise<ReadonlyMap<HttpCase, readonly (HostReply | undefined)[]>> {
    const opened = open(handler);
    const found = new Map<HttpCase, readonly (HostReply | undefined)[]>();
    for (const one of httpCases.filter((each) => each.handler === handler)) {
      const replies: (HostReply | undefined)[] = [];
      for (const { event } of one.exchanges) replies.push(await toClientReply(one.event, await opened.begin(event)));
      found.set(one, replies);
    }
    opened.stop();
    return found;
  }

  async function handle(handler: string, ids: readonly string[], events: readonly object[]): Promise<Settled> {
    const opened = open(handler);
    const done = Object.fromEntries(ids.map((id) => [id, true]));
    for (const event of events) {
      const { ok, body } = await opened.begin(event);
      const result: unknown = JSON.parse(await text(body));
      for (const id of ok ? failuresIn(result) : idsIn(event)) done[id] = false;
    }
    const settled = { done, seen: seenIn(opened.lines()) };
    opened.stop();
    return settled;
  }

  return {
    async answer(one) {
      const known = answers.get(one.handler) ?? answerAll(one.handler);
      answers.set(one.handler, known);
      return (await known).get(one) ?? [];
    },
    settle: (one) =>
      handle(
        one.handler,
        one.messages.map(({ id }) => id),
        one.events,
      ),
    fire: (handler) => handle(handler, [run.id], [scheduledEvent]),
    note: (handler) =>
      takesCallback(handler) ? (unavailable(3) === undefined ? "client 3" : "client 4, as a promise") : undefined,
    stop: () => remove(folder),
  };
}

function takesCallback(handler: string): boolean {
  return handler.startsWith("old-styles.") || handler === "express.vendia";
}

const run: Sent = { id: "run", data: {} };

const settings: Env = {
  FAASTEN_CONNECTION_PUBSUB__fullyQualifiedNamespace: "handlers.servicebus.windows.net",
  ...Object.fromEntries(messageCases.map((one) => [`FAASTEN_INBOX_${one.function.toUpperCase()}`, one.function])),
};

/** A topic that is not raw has whole events. */
function bodyOf(one: MessageCase, sent: Sent): string {
  return JSON.stringify(one.function === "bus" ? structured(sent) : sent.data);
}

/** As a push subscription posts it. https://docs.cloud.google.com/pubsub/docs/push */
function push(id: string, body: string): string {
  const message = {
    messageId: id,
    publishTime: "2026-11-20T20:00:00.123Z",
    data: Buffer.from(body).toString("base64"),
  };
  return JSON.stringify({ message, subscription: "projects/p/subscriptions/s", deliveryAttempt: 1 });
}

async function settled(
  messages: readonly Sent[],
  lines: Lines,
  settle: (sent: Sent) => Promise<boolean>,
): Promise<Settled> {
  const from = Math.max(0, lines().length - 1);
  const done: Record<string, boolean> = {};
  for (const sent of messages) done[sent.id] = await settle(sent);
  return { done, seen: seenIn(lines().slice(from)) };
}

/** What handlers print, without what a host writes before it. */
export function seenIn(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => /\bseen (\{.*\})/.exec(line)?.[1] ?? []).sort();
}

function failuresIn(result: unknown): readonly string[] {
  const { batchItemFailures = [] } = (result ?? {}) as {
    readonly batchItemFailures?: readonly { readonly itemIdentifier: string }[];
  };
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

function idsIn(event: object): readonly string[] {
  const { Records, id } = event as { readonly Records?: readonly Recorded[]; readonly id?: string };
  return Records ? Records.map(({ messageId, Sns }) => messageId ?? Sns?.MessageId ?? "") : [id ?? ""];
}

interface Recorded {
  readonly messageId?: string;
  readonly Sns?: { readonly MessageId: string };
}
