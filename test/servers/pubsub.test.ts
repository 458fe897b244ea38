// The contract server of Pub/Sub, held against the API's reference, and against Google's own client over REST.
// https://docs.cloud.google.com/pubsub/docs/reference/rest
import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { v1 } from "@google-cloud/pubsub";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PubSubServer, type SubscriptionSettings, startPubSub } from "./pubsub.ts";
import { matcherOf } from "./pubsub-filter.ts";

interface Push {
  readonly headers: IncomingHttpHeaders;
  readonly body: {
    readonly message: Readonly<Record<string, unknown>> & { readonly messageId: string; readonly data?: string };
    readonly subscription: string;
    readonly deliveryAttempt?: number;
  };
}

/** Answers with the status that it is told for a delivery, counted from 1. */
async function startEndpoint(statusOf: (count: number, push: Push) => number | Promise<number>) {
  const pushes: Push[] = [];
  const host = createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    const push: Push = { headers: request.headers, body: JSON.parse(text) as Push["body"] };
    pushes.push(push);
    response.writeHead(await statusOf(pushes.length, push)).end();
  });
  await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
  host.unref();
  return { pushes, url: `http://127.0.0.1:${(host.address() as AddressInfo).port}/push` };
}

let server: PubSubServer;
let named = 0;

beforeAll(async () => {
  server = await startPubSub();
});
afterAll(() => server.close());

function subscribed(settings: Partial<SubscriptionSettings> = {}): { readonly topic: string; readonly name: string } {
  const topic = `projects/p/topics/topic-${++named}`;
  const name = `projects/p/subscriptions/sub-${named}`;
  server.createTopic(topic);
  server.createSubscription(name, { topic, ...settings });
  return { topic, name };
}

async function post(path: string, body: object) {
  const headers = { authorization: "Bearer owner" };
  const response = await fetch(`${server.url}/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Reply };
}

interface Reply {
  readonly messageIds?: readonly string[];
  readonly error?: { readonly status: string };
  readonly receivedMessages?: readonly {
    readonly ackId: string;
    readonly deliveryAttempt?: number;
    readonly message: Readonly<Record<string, unknown>> & { readonly messageId: string; readonly data?: string };
  }[];
}

const data = (text: string): string => Buffer.from(text).toString("base64");
const publish = (topic: string, ...messages: object[]) => post(`${topic}:publish`, { messages });
const pull = async (name: string, maxMessages = 10) =>
  (await post(`${name}:pull`, { maxMessages, returnImmediately: true })).body.receivedMessages ?? [];
const texts = (messages: readonly { readonly message: { readonly data?: string } }[]): string[] =>
  messages.map(({ message }) => Buffer.from(message.data ?? "", "base64").toString());

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("pull", () => {
  test("gives each message once until its deadline or its nack, and never again once acknowledged", async () => {
    const { topic, name } = subscribed();
    await publish(topic, { data: data("one"), attributes: { a: "b" } }, { data: data("two") });
    const first = await pull(name);
    expect(texts(first)).toEqual(["one", "two"]);
    expect(first[0]?.message).toMatchObject({ attributes: { a: "b" }, publishTime: expect.stringMatching(/Z$/) });
    expect(first[0]).not.toHaveProperty("deliveryAttempt");
    expect(await pull(name)).toEqual([]);
    const [one, two] = first.map(({ ackId }) => ackId);
    await post(`${name}:acknowledge`, { ackIds: [one] });
    await post(`${name}:modifyAckDeadline`, { ackIds: [two], ackDeadlineSeconds: 0 });
    expect(texts(await pull(name))).toEqual(["two"]);
  });

  test("gives no more than it is asked for, and waits where it may", async () => {
    const { topic, name } = subscribed();
    await publish(topic, { data: data("1") }, { data: data("2") });
    expect(texts(await pull(name, 1))).toEqual(["1"]);
    expect(texts(await pull(name, 1))).toEqual(["2"]);
    const waiting = post(`${name}:pull`, { maxMessages: 1 });
    await publish(topic, { data: data("3") });
    expect(texts((await waiting).body.receivedMessages ?? [])).toEqual(["3"]);
  });

  test("gives a subscription what was published after it was created, and every one its own", async () => {
    const { topic, name } = subscribed();
    await publish(topic, { data: data("before") });
    const later = `${name}-later`;
    server.createSubscription(later, { topic });
    await publish(topic, { data: data("after") });
    expect([texts(await pull(name)), texts(await pull(later))]).toEqual([["before", "after"], ["after"]]);
  });
});

describe("push", () => {
  test("is one request a message, with what is known of it, and a token that looks like Google's", async () => {
    const { url, pushes } = await startEndpoint(() => 204);
    const { topic, name } = subscribed({
      pushConfig: { oidcToken: { serviceAccountEmail: "push@p.iam.gserviceaccount.com", audience: "https://aud" } },
    });
    server.setPush(name, url);
    const { body } = await publish(topic, { data: data("one"), attributes: { a: "b" }, orderingKey: "k" });
    await until(() => pushes.length === 1);
    const [id] = body.messageIds ?? [];
    expect(pushes[0]?.body).toMatchObject({
      subscription: name,
      message: { data: data("one"), attributes: { a: "b" }, orderingKey: "k", messageId: id, message_id: id },
    });
    expect(pushes[0]?.body).not.toHaveProperty("deliveryAttempt");
    const [, claims = ""] = pushes[0]?.headers.authorization?.replace("Bearer ", "").split(".") ?? [];
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({
      aud: "https://aud",
      email: "push@p.iam.gserviceaccount.com",
      iss: "https://accounts.google.com",
    });
  });

  // 102 too, by the reference: Node sends that as an interim reply, which no client takes for the last one.
  test.each([200, 201, 202, 204])("%i acknowledges", async (status) => {
    const { url, pushes } = await startEndpoint(() => status);
    const { topic, name } = subscribed();
    server.setPush(name, url);
    await publish(topic, { data: data("one") });
    await until(() => pushes.length === 1);
    await publish(topic, { data: data("two") });
    await until(() => pushes.length === 2);
    expect(texts(pushes.map(({ body }) => body))).toEqual(["one", "two"]);
  });

  test.each([203, 301, 400, 404, 500, 503])("%i has it come again, with its attempt", async (status) => {
    const { url, pushes } = await startEndpoint((count) => (count < 3 ? status : 204));
    const { topic, name } = subscribed({
      retryPolicy: { minimumBackoff: "0.05s" },
      deadLetterPolicy: { deadLetterTopic: "projects/p/topics/none" },
    });
    server.setPush(name, url);
    await publish(topic, { data: data("one") });
    await until(() => pushes.length === 3);
    expect(pushes.map(({ body }) => body.deliveryAttempt)).toEqual([1, 2, 3]);
  });

  test("is one at a time of one ordering key, in the order of publishing, behind the first that fails", async () => {
    let running = 0;
    let most = 0;
    const { url, pushes } = await startEndpoint(async (count) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 10));
      running--;
      return count === 1 ? 500 : 204;
    });
    const { topic, name } = subscribed({ enableMessageOrdering: true, retryPolicy: { minimumBackoff: "0.05s" } });
    await publish(topic, ...["1", "2", "3"].map((text) => ({ data: data(text), orderingKey: "k" })));
    server.setPush(name, url);
    await until(() => pushes.length === 4);
    expect([texts(pushes.map(({ body }) => body)), most]).toEqual([["1", "1", "2", "3"], 1]);
  });
});

test("after the last attempt a message goes to the dead-letter topic, with where it came from", async () => {
  const dead = subscribed();
  const { url } = await startEndpoint(() => 500);
  const { topic, name } = subscribed({ deadLetterPolicy: { deadLetterTopic: dead.topic, maxDeliveryAttempts: 5 } });
  server.setPush(name, url);
  await publish(topic, { data: data("bad"), attributes: { a: "b" } });
  let found: Awaited<ReturnType<typeof pull>> = [];
  while (found.length === 0) found = await pull(dead.name);
  expect(found[0]?.message).toMatchObject({
    data: data("bad"),
    attributes: {
      a: "b",
      CloudPubSubDeadLetterSourceDeliveryCount: "5",
      CloudPubSubDeadLetterSourceSubscription: name.split("/").at(-1),
      CloudPubSubDeadLetterSourceSubscriptionProject: "p",
    },
  });
});

test.each([
  ["no messages", []],
  ["an empty message", [{}]],
  ["data that is no base64", [{ data: "#" }]],
  ["an attribute of the service's own", [{ data: "YQ==", attributes: { googclient: "x" } }]],
  ["a value of an attribute above 1024 bytes", [{ data: "YQ==", attributes: { a: "x".repeat(1025) } }]],
  ["an ordering key above 1024 bytes", [{ data: "YQ==", orderingKey: "x".repeat(1025) }]],
  ["more than 1000 messages", Array.from({ length: 1001 }, () => ({ data: "YQ==" }))],
])("a publish with %s is INVALID_ARGUMENT", async (_what, messages) => {
  const { topic } = subscribed();
  expect((await post(`${topic}:publish`, { messages })).body.error?.status).toBe("INVALID_ARGUMENT");
});

test("a topic or a subscription that is not there is NOT_FOUND, and one that is cannot be made", async () => {
  const { topic, name } = subscribed();
  expect((await publish(`${topic}x`, { data: data("a") })).body.error?.status).toBe("NOT_FOUND");
  expect((await post(`${name}x:pull`, { maxMessages: 1 })).status).toBe(404);
  expect(() => server.createTopic(topic)).toThrow("already exists");
  expect(() =>
    server.createSubscription(`${name}y`, {
      topic,
      deadLetterPolicy: { deadLetterTopic: topic, maxDeliveryAttempts: 4 },
    }),
  ).toThrow("5 and 100");
  expect(() => server.createTopic("projects/p/topics/goog-mine")).toThrow("Invalid resource name");
});

test("filters", () => {
  const [own, others, none] = [{ inbox: "me" }, { inbox: "you" }, {}];
  const matching = (filter: string): boolean[] => [own, others, none].map(matcherOf(filter));
  expect(matching('attributes.inbox = "me"')).toEqual([true, false, false]);
  expect(matching('attributes.inbox != "me"')).toEqual([false, true, true]);
  expect(matching("attributes:inbox")).toEqual([true, true, false]);
  expect(matching('NOT attributes:inbox OR attributes.inbox = "me"')).toEqual([true, false, true]);
  expect(matching('hasPrefix(attributes.inbox, "y")')).toEqual([false, true, false]);
  expect(matching('(attributes:inbox AND attributes.inbox != "you") OR attributes.inbox = "x"')).toEqual([
    true,
    false,
    false,
  ]);
  for (const bad of ["attributes", 'a = "b"', "attributes:a AND attributes:b OR attributes:c", "NOT", "x".repeat(257)])
    expect(() => matcherOf(bad)).toThrow("Invalid filter");
});

describe("Google's own client, over REST", () => {
  const options = () => {
    const { hostname, port } = new URL(server.url);
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const private_key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    return {
      fallback: true as const,
      protocol: "http",
      servicePath: hostname,
      port: Number(port),
      credentials: { client_email: "official@p.iam.gserviceaccount.com", private_key },
    };
  };

  test("creates, publishes, pulls and acknowledges", async () => {
    const [publisher, subscriber] = [new v1.PublisherClient(options()), new v1.SubscriberClient(options())];
    const [topic, subscription] = ["projects/p/topics/official", "projects/p/subscriptions/official"];
    await publisher.createTopic({ name: topic });
    await subscriber.createSubscription({ name: subscription, topic });
    await expect(publisher.createTopic({ name: topic })).rejects.toThrow("ALREADY_EXISTS");
    const messages = [{ data: Buffer.from([0, 255]), attributes: { a: "b" }, orderingKey: "k" }];
    const [{ messageIds }] = await publisher.publish({ topic, messages });
    const [{ receivedMessages }] = await subscriber.pull({ subscription, maxMessages: 5 });
    const [received] = receivedMessages ?? [];
    expect(received?.message?.messageId).toBe(messageIds?.[0]);
    expect([...Buffer.from(received?.message?.data as Uint8Array)]).toEqual([0, 255]);
    expect(received?.message).toMatchObject({ attributes: { a: "b" }, orderingKey: "k" });
    await subscriber.acknowledge({ subscription, ackIds: [received?.ackId ?? ""] });
    await expect(publisher.publish({ topic: `${topic}x`, messages })).rejects.toThrow("NOT_FOUND");
    await Promise.all([publisher.close(), subscriber.close()]);
  });
});
