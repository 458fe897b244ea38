// A contract server of ours for Pub/Sub, over its REST API, written from its reference alone. It is no emulator, and proves
// nothing that the reference does not say. It pushes as the service does: one request a message, acknowledged by its status.
// https://docs.cloud.google.com/pubsub/docs/reference/rest
// https://docs.cloud.google.com/pubsub/docs/push
import { randomUUID } from "node:crypto";
import { type GoogleServer, parsed, Refusal, startGoogle } from "./google-http.ts";
import { matcherOf } from "./pubsub-filter.ts";

export interface SubscriptionSettings {
  readonly topic: string;
  readonly pushConfig?: {
    readonly pushEndpoint?: string;
    readonly oidcToken?: { readonly serviceAccountEmail: string; readonly audience?: string };
  };
  readonly ackDeadlineSeconds?: number;
  readonly enableMessageOrdering?: boolean;
  readonly filter?: string;
  readonly deadLetterPolicy?: { readonly deadLetterTopic: string; readonly maxDeliveryAttempts?: number };
  readonly retryPolicy?: { readonly minimumBackoff?: string; readonly maximumBackoff?: string };
}

export interface PubSubServer extends GoogleServer {
  createTopic(name: string): void;
  createSubscription(name: string, settings: SubscriptionSettings): void;
  /** From now on to this address; `undefined`: it is kept, for whoever pulls. */
  setPush(name: string, pushEndpoint: string | undefined): void;
}

interface Message {
  readonly messageId: string;
  readonly publishTime: string;
  readonly data?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
}

/** One message in one subscription. */
interface Kept {
  readonly message: Message;
  attempts: number;
  /** Unix milliseconds before which it is not delivered again. */
  notBefore: number;
}

interface Leased {
  readonly kept: Kept;
  timer: NodeJS.Timeout;
}

interface Subscription {
  readonly name: string;
  settings: SubscriptionSettings;
  readonly matches: (attributes: Readonly<Record<string, string>>) => boolean;
  /** In the order of publishing. */
  readonly waiting: Kept[];
  readonly leased: Map<string, Leased>;
}

type Method = (input: Readonly<Record<string, unknown>>, name: string) => unknown;

export async function startPubSub(): Promise<PubSubServer> {
  const topics = new Set<string>();
  const subscriptions = new Map<string, Subscription>();
  const timers = new Set<NodeJS.Timeout>();
  let published = 0;
  let closed = false;

  function later(milliseconds: number, work: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, milliseconds);
    timers.add(timer);
    return timer;
  }

  function publish(topic: string, message: Omit<Message, "messageId" | "publishTime">): string {
    const messageId = String(++published);
    const whole: Message = { ...message, messageId, publishTime: new Date().toISOString() };
    for (const each of subscriptions.values()) {
      // What a filter does not match is acknowledged by the service itself.
      if (each.settings.topic !== topic || !each.matches(whole.attributes ?? {})) continue;
      each.waiting.push({ message: whole, attempts: 0, notBefore: 0 });
      deliver(each);
    }
    return messageId;
  }

  /** The next that may go out. Of one ordering key one is out at a time, and none overtakes another that waits. */
  function lease(from: Subscription): [ackId: string, kept: Kept] | undefined {
    const ordered = from.settings.enableMessageOrdering ?? false;
    const held = new Set(ordered ? [...from.leased.values()].map(({ kept }) => kept.message.orderingKey) : []);
    const at = from.waiting.findIndex(({ message: { orderingKey }, notBefore }) => {
      if (ordered && orderingKey && held.has(orderingKey)) return false;
      if (notBefore <= Date.now()) return true;
      if (ordered && orderingKey) held.add(orderingKey);
      return false;
    });
    const [kept] = at < 0 ? [] : from.waiting.splice(at, 1);
    if (!kept) return undefined;
    kept.attempts++;
    const ackId = randomUUID();
    const timer = later((from.settings.ackDeadlineSeconds ?? 10) * 1000, () => nack(from, ackId));
    from.leased.set(ackId, { kept, timer });
    return [ackId, kept];
  }

  function takeBack(from: Subscription, ackId: string): Kept | undefined {
    const leased = from.leased.get(ackId);
    if (!leased) return undefined;
    clearTimeout(leased.timer);
    timers.delete(leased.timer);
    from.leased.delete(ackId);
    return leased.kept;
  }

  function acknowledge(from: Subscription, ackId: string): void {
    takeBack(from, ackId);
    deliver(from);
  }

  /** https://docs.cloud.google.com/pubsub/docs/handling-failures */
  function nack(from: Subscription, ackId: string): void {
    const kept = takeBack(from, ackId);
    if (!kept) return;
    const { deadLetterPolicy, retryPolicy } = from.settings;
    if (deadLetterPolicy && kept.attempts >= (deadLetterPolicy.maxDeliveryAttempts ?? 5)) {
      const { messageId: _, publishTime, ...message } = kept.message;
      publish(deadLetterPolicy.deadLetterTopic, {
        ...message,
        attributes: {
          ...message.attributes,
          CloudPubSubDeadLetterSourceDeliveryCount: String(kept.attempts),
          CloudPubSubDeadLetterSourceSubscription: from.name.split("/").at(-1) ?? "",
          CloudPubSubDeadLetterSourceSubscriptionProject: from.name.split("/")[1] ?? "",
          CloudPubSubDeadLetterSourceTopicPublishTime: publishTime,
        },
      });
    } else {
      const backoff = retryPolicy ? backoffOf(retryPolicy, kept.attempts) : 0;
      kept.notBefore = Date.now() + backoff;
      const at = from.waiting.findIndex(({ message }) => Number(message.messageId) > Number(kept.message.messageId));
      from.waiting.splice(at < 0 ? from.waiting.length : at, 0, kept);
      if (backoff > 0) later(backoff + 1, () => deliver(from));
    }
    deliver(from);
  }

  function deliver(from: Subscription): void {
    const endpoint = from.settings.pushConfig?.pushEndpoint;
    if (!endpoint || closed) return;
    for (let next = lease(from); next; next = lease(from)) void push(from, endpoint, ...next);
  }

  async function push(from: Subscription, endpoint: string, ackId: string, { message, attempts }: Kept): Promise<void> {
    const { messageId, publishTime } = message;
    const { deadLetterPolicy, pushConfig } = from.settings;
    const body = {
      message: { ...message, message_id: messageId, publish_time: publishTime },
      subscription: from.name,
      ...(deadLetterPolicy && { deliveryAttempt: attempts }),
    };
    const token = pushConfig?.oidcToken && oidcToken(pushConfig.oidcToken, endpoint);
    const status = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "CloudPubSub-Google",
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 0,
    );
    if (closed) return;
    if ([102, 200, 201, 202, 204].includes(status)) acknowledge(from, ackId);
    else nack(from, ackId);
  }

  const subscriptionOf = (name: string): Subscription => {
    const found = subscriptions.get(name);
    if (!found) throw new Refusal("NOT_FOUND", `Resource not found (resource=${name.split("/").at(-1)}).`);
    return found;
  };
  const checkTopic = (name: string): void => {
    if (!topics.has(name)) throw new Refusal("NOT_FOUND", `Resource not found (resource=${name.split("/").at(-1)}).`);
  };

  function createTopic(name: string): void {
    checkId(name, "topics");
    if (topics.has(name))
      throw new Refusal("ALREADY_EXISTS", `Resource already exists in the project (resource=${name}).`);
    topics.add(name);
  }

  function createSubscription(name: string, settings: SubscriptionSettings): void {
    checkId(name, "subscriptions");
    checkTopic(settings.topic);
    if (subscriptions.has(name))
      throw new Refusal("ALREADY_EXISTS", `Resource already exists in the project (resource=${name}).`);
    const { maxDeliveryAttempts = 5 } = settings.deadLetterPolicy ?? {};
    if (maxDeliveryAttempts < 5 || maxDeliveryAttempts > 100)
      throw new Refusal("INVALID_ARGUMENT", "max_delivery_attempts is between 5 and 100.");
    const { ackDeadlineSeconds = 10 } = settings;
    if (ackDeadlineSeconds < 10 || ackDeadlineSeconds > 600)
      throw new Refusal("INVALID_ARGUMENT", "ack_deadline_seconds is between 10 and 600.");
    const matches = matcherOf(settings.filter ?? "");
    subscriptions.set(name, { name, settings, matches, waiting: [], leased: new Map() });
  }

  const methods: Readonly<Record<string, Method>> = {
    publish({ messages = [] }, name) {
      checkTopic(name);
      const all = messages as readonly Message[];
      if (all.length === 0 || all.length > 1000)
        throw new Refusal("INVALID_ARGUMENT", "A request has 1 to 1000 messages.");
      for (const message of all) checkMessage(message);
      return { messageIds: all.map((message) => publish(name, message)) };
    },

    async pull({ maxMessages, returnImmediately }, name) {
      const from = subscriptionOf(name);
      if (typeof maxMessages !== "number" || maxMessages < 1)
        throw new Refusal(
          "INVALID_ARGUMENT",
          "You have passed an invalid argument to the service (argument=max_messages).",
        );
      if (from.settings.pushConfig?.pushEndpoint)
        throw new Refusal("FAILED_PRECONDITION", "This method is not supported for this subscription type.");
      const receivedMessages: object[] = [];
      const until = Date.now() + (returnImmediately ? 0 : 1000);
      do {
        for (let next = lease(from); next; next = receivedMessages.length < maxMessages ? lease(from) : undefined)
          receivedMessages.push({
            ackId: next[0],
            message: next[1].message,
            ...(from.settings.deadLetterPolicy && { deliveryAttempt: next[1].attempts }),
          });
        if (receivedMessages.length > 0 || Date.now() >= until) break;
        await new Promise((resolve) => later(20, () => resolve(undefined)));
      } while (!closed);
      return receivedMessages.length > 0 ? { receivedMessages } : {};
    },

    acknowledge({ ackIds = [] }, name) {
      for (const ackId of ackIds as readonly string[]) acknowledge(subscriptionOf(name), ackId);
      return {};
    },

    /** Zero seconds: again at once, or by the retry policy. */
    modifyAckDeadline({ ackIds = [], ackDeadlineSeconds }, name) {
      const from = subscriptionOf(name);
      for (const ackId of ackIds as readonly string[]) {
        const leased = from.leased.get(ackId);
        if (!leased) continue;
        if (!ackDeadlineSeconds) nack(from, ackId);
        else {
          clearTimeout(leased.timer);
          leased.timer = later(Number(ackDeadlineSeconds) * 1000, () => nack(from, ackId));
        }
      }
      return {};
    },
  };

  const server = await startGoogle(async (request, url, body) => {
    const [, name = "", kind = "", method = ""] =
      /^\/v1\/(projects\/[^/]+\/(topics|subscriptions)\/[^/:]+)(?::(\w+))?$/.exec(decodeURIComponent(url.pathname)) ??
      [];
    if (request.method === "PUT" && method === "") {
      if (kind === "topics") createTopic(name);
      else createSubscription(name, parsed(body) as unknown as SubscriptionSettings);
      return { status: 200, body: { ...parsed(body), name } };
    }
    if (request.method !== "POST" || !Object.hasOwn(methods, method)) return undefined;
    return { status: 200, body: await methods[method]?.(parsed(body), name) };
  });

  return {
    ...server,
    createTopic,
    createSubscription,
    setPush(name, pushEndpoint) {
      const from = subscriptionOf(name);
      from.settings = {
        ...from.settings,
        pushConfig: { ...from.settings.pushConfig, pushEndpoint: pushEndpoint ?? "" },
      };
      deliver(from);
    },
    async close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      await server.close();
    },
  };
}

/** https://docs.cloud.google.com/pubsub/docs/pubsub-basics#resource_names */
function checkId(path: string, kind: string): void {
  const [, id = ""] = new RegExp(`^projects/[^/]+/${kind}/(.+)$`).exec(path) ?? [];
  if (!/^[A-Za-z][\w.~+%-]{2,254}$/.test(id) || id.startsWith("goog"))
    throw new Refusal("INVALID_ARGUMENT", `Invalid resource name given (name=${path}).`);
}

/** https://docs.cloud.google.com/pubsub/quotas#resource_limits */
function checkMessage({ data = "", attributes = {}, orderingKey = "" }: Omit<Message, "messageId">): void {
  const refuse = (what: string): never => {
    throw new Refusal("INVALID_ARGUMENT", what);
  };
  if (typeof data !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(data)) refuse("Base64 decoding failed");
  if (data === "" && Object.keys(attributes).length === 0)
    refuse("One or more messages in the publish request is empty.");
  if (Buffer.byteLength(data, "base64") > 10_000_000) refuse("The value for message.data is too large.");
  if (Object.keys(attributes).length > 100) refuse("A message has 100 attributes at most.");
  for (const [key, value] of Object.entries(attributes)) {
    if (Buffer.byteLength(key) > 256 || key === "" || key.startsWith("goog"))
      refuse(`The attribute key ${key} is invalid.`);
    if (typeof value !== "string" || Buffer.byteLength(value) > 1024)
      refuse(`The value of the attribute ${key} is invalid.`);
  }
  if (Buffer.byteLength(orderingKey) > 1024) refuse("The ordering key is too long.");
}

/** Between the two bounds, longer each time. https://docs.cloud.google.com/pubsub/docs/handling-failures#exponential_backoff */
function backoffOf(
  { minimumBackoff = "10s", maximumBackoff = "600s" }: NonNullable<SubscriptionSettings["retryPolicy"]>,
  attempts: number,
): number {
  const least = Number.parseFloat(minimumBackoff) * 1000;
  return Math.min(Number.parseFloat(maximumBackoff) * 1000, least * 2 ** (attempts - 1));
}

/** It looks like Google's, and nobody signed it. https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions */
function oidcToken(
  { serviceAccountEmail: email, audience }: { readonly serviceAccountEmail: string; readonly audience?: string },
  endpoint: string,
): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    aud: audience ?? endpoint,
    email,
    email_verified: true,
    iss: "https://accounts.google.com",
    iat: now,
    exp: now + 3600,
  };
  return [part({ alg: "RS256", typ: "JWT", kid: "none" }), part(claims), "unsigned"].join(".");
}
