// A contract broker of ours that speaks AMQP 1.0 as Service Bus does, on rhea: signed claims, queues, topics whose subscriptions forward,
// peek-lock, sessions, scheduled messages, dead letters and their forwarding, peeking and renewing. Not independent of the provider:
// written by the same people, from the reference. https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide
// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response
import { createHmac, randomUUID } from "node:crypto";
import type { AddressInfo, Socket } from "node:net";
import rhea, { type Delivery, type EventContext, type Message, type Sender } from "rhea";
import { createQueue, type Decoded, type Queue, type SessionLock } from "./service-bus-queue.ts";

export interface QueueSettings {
  readonly lockTime?: number;
  readonly maxDeliveryCount?: number;
  readonly requiresSession?: boolean;
  /** `ForwardDeadLetteredMessagesTo`; left out: its own `/$deadletterqueue`. */
  readonly deadLettersTo?: string;
}

export interface ServiceBus {
  readonly connectionString: string;
  /** What each link was for: `send` or `listen`, and the entity. */
  readonly links: readonly string[];
  /** The same of one who proved to be that by a token. */
  linksOf(who: string): readonly string[];
  queue(name: string, settings?: QueueSettings): Queue;
  topic(name: string): void;
  /** A subscription that takes all and forwards it. */
  forward(topic: string, queue: string): void;
  /** All connections are lost. */
  cut(): void;
  close(): Promise<void>;
}

/** A link that messages go out by. */
interface Outlet {
  readonly queue: Queue;
  readonly session?: SessionLock;
  /** What rhea was given is sent, and its credit counted, once this turn of the loop is over. */
  sending: boolean;
}

const sessionFilter = "com.microsoft:session-filter";
const largest = 256 * 1024;

/** `whose`: of a token of Microsoft Entra; `undefined`: nobody's. */
export async function startServiceBus(
  whose: (token: string) => string | undefined = () => undefined,
): Promise<ServiceBus> {
  const key = randomUUID();
  const queues = new Map<string, Queue>();
  const topics = new Map<string, string[]>();
  const outlets = new Map<Sender, Outlet>();
  const inHand = new Map<Delivery, { readonly queue: Queue; readonly token: string }>();
  /** Where answers go, by the name that a request asks to be answered at. */
  const replies = new Map<string, Sender>();
  const claims = new WeakMap<object, string>();
  const sockets = new Set<Socket>();
  const links: string[] = [];
  const linked = new Map<string, string[]>();
  const note = (connection: object, link: string): void => {
    const who = claims.get(connection) ?? "nobody";
    links.push(link);
    linked.set(who, [...(linked.get(who) ?? []), link]);
  };

  function queue(name: string, settings: QueueSettings = {}): Queue {
    const known = queues.get(name.toLowerCase());
    if (known) return known;
    const { lockTime = 30_000, maxDeliveryCount = 10, requiresSession = false, deadLettersTo } = settings;
    const made = createQueue({
      lockTime,
      maxDeliveryCount,
      requiresSession,
      bury(message, DeadLetterReason, DeadLetterErrorDescription) {
        const properties = { ...message.application_properties, DeadLetterReason, DeadLetterErrorDescription };
        queue(deadLettersTo ?? `${name}/$deadletterqueue`).put({ ...message, application_properties: properties });
      },
      wake: () => setImmediate(deliver, made),
    });
    queues.set(name.toLowerCase(), made);
    return made;
  }

  function deliver(from: Queue): void {
    for (const [sender, outlet] of outlets) {
      if (outlet.queue !== from || outlet.sending || !sender.sendable()) continue;
      const stored = from.take(outlet.session?.name);
      if (!stored) continue;
      const { message, sequence, failed, enqueuedAt, lock } = stored;
      const annotations = {
        ...message.message_annotations,
        ...annotationsOf(sequence, enqueuedAt),
        "x-opt-locked-until": rhea.types.wrap_timestamp(lock.until),
      };
      const out = { ...message, delivery_count: failed, message_annotations: annotations };
      const delivery = sender.send(rhea.message.encode(out), tagOf(lock.token), 0);
      inHand.set(delivery, { queue: from, token: lock.token });
      outlet.sending = true;
      setImmediate(() => {
        outlet.sending = false;
        deliver(from);
      });
    }
  }

  /** Throws where nobody is called that. */
  function put(entity: string, message: Decoded): void {
    const named = message.message_id === undefined ? { ...message, message_id: randomUUID() } : message;
    const inboxes = topics.get(entity.toLowerCase()) ?? [entity];
    for (const inbox of inboxes) queues.get(inbox.toLowerCase())?.put(named);
  }

  function accept(context: EventContext): void {
    const { message, delivery, receiver } = context;
    if (!message || !delivery || !receiver) return;
    const entity = addressOf(receiver.target?.address);
    const operation: unknown = message.application_properties?.["operation"];
    if (entity === "$cbs" || entity.endsWith("/$management")) {
      const answer =
        entity === "$cbs" ? claim(message, context.connection) : manage(entity, String(operation), message.body);
      reply(message, answer);
      delivery.accept();
    } else
      try {
        for (const each of Buffer.isBuffer(message) ? unbatched(message) : [{ ...message }]) put(entity, each);
        delivery.accept();
      } catch (error) {
        delivery.reject({ condition: "amqp:not-allowed", description: String(error) });
      }
  }

  type Answer = readonly [status: number, description: string, body?: unknown];

  /** A signature over what is claimed and until when. https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas */
  function claim(message: Message, connection: object): Answer {
    const who = whose(String(message.body));
    if (who !== undefined) {
      claims.set(connection, who);
      return [202, "Accepted"];
    }
    const token = new URLSearchParams(String(message.body).replace(/^SharedAccessSignature /, ""));
    const [resource = "", until = ""] = ["sr", "se"].map((name) => token.get(name) ?? "");
    const signature = createHmac("sha256", key)
      .update(`${encodeURIComponent(resource)}\n${until}`)
      .digest("base64");
    if (token.get("sig") !== signature) return [401, "InvalidSignature: The token has an invalid signature."];
    if (Number(until) * 1000 <= Date.now()) return [401, "ExpiredToken: The token is expired."];
    claims.set(connection, "the key's holder");
    return [202, "Accepted"];
  }

  function manage(entity: string, operation: string, body: Readonly<Record<string, unknown>>): Answer {
    const own = queues.get(entity.replace(/\/\$management$/, "").toLowerCase());
    if (!own) return [404, `The messaging entity '${entity}' could not be found.`];
    if (operation === "com.microsoft:peek-message") {
      const found = own.peek(Number(body["from-sequence-number"]), Number(body["message-count"]));
      const messages = found.map(({ message, sequence, enqueuedAt }) => ({
        message: rhea.message.encode({
          ...message,
          message_annotations: { ...message.message_annotations, ...annotationsOf(sequence, enqueuedAt) },
        }),
      }));
      return messages.length > 0 ? [200, "OK", { messages }] : [204, "No messages"];
    }
    if (operation === "com.microsoft:renew-lock") {
      const tokens = body["lock-tokens"] as readonly Buffer[];
      const until = tokens.map((token) => own.renew(rhea.uuid_to_string(token)));
      if (until.includes(undefined)) return [410, "The lock supplied is invalid."];
      return [200, "OK", { expirations: rhea.types.wrap_array(until, 0x83, undefined) }];
    }
    if (operation === "com.microsoft:renew-session-lock") {
      const outlet = [...outlets.values()].find(
        ({ queue: each, session }) => each === own && session?.name === body["session-id"],
      );
      const until = outlet?.session?.renew();
      return until === undefined
        ? [410, "The session lock has expired."]
        : [200, "OK", { expiration: rhea.types.wrap_timestamp(until) }];
    }
    return [501, `this broker knows no ${operation}`];
  }

  function reply(to: Message, [status, description, body]: Answer): void {
    replies.get(String(to.reply_to))?.send({
      correlation_id: to.message_id,
      application_properties: {
        "status-code": status,
        "status-description": description,
        statusCode: status,
        statusDescription: description,
      },
      body,
    } as unknown as Message);
  }

  /** The outcome that a receiver has come to, and whether it still held the lock. */
  function settle({ delivery }: EventContext, end: (queue: Queue, token: string) => boolean): void {
    const held = delivery && inHand.get(delivery);
    if (!held) return;
    inHand.delete(delivery);
    if (end(held.queue, held.token)) delivery.update(true, outcome("accepted"));
    else delivery.update(true, outcome("rejected", { error: lockLost }));
  }

  const container = rhea.create_container();
  container.sasl_server_mechanisms.enable_anonymous();
  // As Service Bus calls it where claims follow. https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide#claims-based-authorization
  container.sasl_server_mechanisms.MSSBCBS = container.sasl_server_mechanisms.ANONYMOUS;

  container.on("sender_open", ({ sender, connection }: EventContext) => {
    if (!sender) return;
    const address = addressOf(sender.source.address);
    sender.set_source(sender.source);
    sender.set_target(sender.target);
    if (address === "$cbs" || address.endsWith("/$management")) {
      for (const name of [sender.name, sender.target.address]) replies.set(String(name), sender);
      return;
    }
    note(connection, `listen ${address}`);
    const own = queues.get(address.toLowerCase());
    if (!own) sender.close(notFound(address));
    else if (!claims.has(connection)) sender.close(unauthorized);
    else if (!own.requiresSession) {
      outlets.set(sender, { queue: own, sending: false });
      deliver(own);
    } else {
      const filter = (sender.source.filter ?? {}) as Readonly<Record<string, unknown>>;
      const wanted = filter[sessionFilter];
      const session = own.lockSession(typeof wanted === "string" ? wanted : undefined);
      sender.set_source({ ...sender.source, filter: { [sessionFilter]: session?.name ?? null } });
      if (!session) {
        sender.close({ condition: "com.microsoft:timeout", description: "There is no session that is not locked." });
        return;
      }
      Object.assign(Reflect.get(sender, "local").attach, {
        properties: { "com.microsoft:locked-until-utc": ticksOf(session.until) },
      });
      outlets.set(sender, { queue: own, session, sending: false });
      deliver(own);
    }
  });
  container.on("receiver_open", ({ receiver, connection }: EventContext) => {
    if (!receiver) return;
    const address = addressOf(receiver.target.address);
    const served = address === "$cbs" || address.endsWith("/$management");
    if (!served) note(connection, `send ${address}`);
    receiver.set_source(receiver.source);
    receiver.set_target(receiver.target);
    if (!served && !queues.has(address.toLowerCase()) && !topics.has(address.toLowerCase()))
      receiver.close(notFound(address));
    else if (!served && !claims.has(connection)) receiver.close(unauthorized);
    else {
      Object.assign(Reflect.get(receiver, "local").attach, { max_message_size: largest });
    }
  });
  const leave = (sender: Sender): void => {
    const outlet = outlets.get(sender);
    outlets.delete(sender);
    outlet?.session?.release();
  };
  container.on("sender_close", ({ sender }: EventContext) => sender && leave(sender));
  container.on("disconnected", ({ connection }: EventContext) => {
    for (const sender of [...outlets.keys()]) if (sender.connection === connection) leave(sender);
  });
  const resume = ({ sender }: EventContext): void => {
    const outlet = sender && outlets.get(sender);
    if (outlet) deliver(outlet.queue);
  };
  container.on("sendable", resume);
  container.on("sender_draining", (context: EventContext) => {
    resume(context);
    context.sender?.set_drained(true);
  });
  container.on("message", accept);
  container.on("accepted", (context: EventContext) => settle(context, (own, token) => own.complete(token)));
  container.on("released", (context: EventContext) => settle(context, (own, token) => own.abandon(token)));
  container.on("modified", (context: EventContext) => settle(context, (own, token) => own.abandon(token)));
  container.on("rejected", (context: EventContext) => {
    const info = context.delivery?.remote_state?.["error"]?.info ?? {};
    settle(context, (own, token) =>
      own.deadLetter(token, String(info.DeadLetterReason ?? ""), String(info.DeadLetterErrorDescription ?? "")),
    );
  });
  // Clients come and go as they like.
  for (const kind of ["connection", "session", "sender", "receiver"]) container.on(`${kind}_error`, () => undefined);
  container.on("error", () => undefined);

  const server = container.listen({ port: 0, host: "127.0.0.1", receiver_options: { autoaccept: false } });
  server.on("connection", (socket: Socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    connectionString: `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=root;SharedAccessKey=${key};UseDevelopmentEmulator=true;`,
    links,
    linksOf: (who) => linked.get(who) ?? [],
    queue,
    topic: (name) => void topics.set(name.toLowerCase(), topics.get(name.toLowerCase()) ?? []),
    forward: (name, inbox) => void topics.get(name.toLowerCase())?.push(inbox),
    cut,
    close: () =>
      new Promise((resolve) => {
        for (const each of queues.values()) each.close();
        server.close(() => resolve());
        cut();
      }),
  };
}

const unauthorized = {
  condition: "amqp:unauthorized-access",
  description: "Unauthorized access. 'Listen' or 'Send' claim(s) are required.",
};

const lockLost = { condition: "com.microsoft:message-lock-lost", description: "The lock supplied is invalid." };

/** As rhea writes a delivery's state, which its types do not know. */
function outcome(name: "accepted" | "rejected", fields?: object): unknown {
  return Reflect.get(rhea.message, name)(fields).described();
}

function notFound(entity: string) {
  return { condition: "amqp:not-found", description: `The messaging entity '${entity}' could not be found.` };
}

/** The entity of a link: its path, without the namespace. */
function addressOf(address: unknown): string {
  return decodeURIComponent(String(address ?? "").replace(/^(?:amqps?|sb):\/\/[^/]+\//, "")).replace(/\/$/, "");
}

function annotationsOf(sequence: number, enqueuedAt: number): Readonly<Record<string, unknown>> {
  return {
    "x-opt-sequence-number": rhea.types.wrap_long(sequence),
    "x-opt-enqueued-time": rhea.types.wrap_timestamp(enqueuedAt),
  };
}

/** What rhea does not know by its format is a batch: each data section is a message of its own. */
function unbatched(batch: Buffer): readonly Decoded[] {
  const { body } = rhea.message.decode(batch) as unknown as {
    readonly body: { readonly content: Buffer | readonly Buffer[] };
  };
  return [body.content].flat().map((part) => ({ ...rhea.message.decode(part) }));
}

/** A lock token as .NET writes a GUID: the first three groups backwards. */
function tagOf(token: string): Buffer {
  const bytes = Buffer.from(token.replaceAll("-", ""), "hex");
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

/** Of 100 ns, since the year 1. */
function ticksOf(time: number): unknown {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE((BigInt(time) + 62_135_596_800_000n) * 10_000n);
  return rhea.types.wrap_long(bytes);
}
