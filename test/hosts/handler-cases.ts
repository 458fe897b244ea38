// What the handlers of `handlers/` are asked, on the wire and as AWS records it, and what may differ, with the reason.
import { hash } from "node:crypto";
import type { LambdaHttpEvent } from "../../src/contracts/lambda.ts";
import type { HostReply, HostRequest } from "./behaviours.ts";
import { type Recording, recorded } from "./handler-events.ts";

export const hosts = ["local", "azure", "gcp"] as const;
export type Host = (typeof hosts)[number];

/** What cannot be mended: everything else is still the same. */
export interface Difference {
  /** Left out: on all. */
  readonly hosts?: readonly Host[];
  readonly why: string;
  /** What is answered instead; `got`: for what cannot be told before. */
  reply(direct: HostReply, got: HostReply): HostReply;
}

export interface HttpCase {
  readonly name: string;
  readonly event: LambdaHttpEvent;
  /** As `_HANDLER` says it. */
  readonly handler: string;
  /** One after another, of one process. */
  readonly exchanges: readonly { readonly request: HostRequest; readonly event: object }[];
  /** The function fails: AWS answers for it. */
  readonly fails?: true;
  readonly differs?: Difference;
}

export interface Sent {
  readonly id: string;
  readonly data: object;
}

export interface MessageCase {
  readonly name: string;
  readonly function: string;
  readonly handler: string;
  readonly messages: readonly Sent[];
  /** What AWS hands over: of a queue, the batch; else one event for each. */
  readonly events: readonly object[];
}

type Parts = Partial<Omit<Recording, "method" | "headers">>;
type Headers = Readonly<Record<string, string>>;
interface Asked {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Headers;
  readonly body?: string | Uint8Array;
  /** In the event, where that is not what is on the wire. */
  readonly as?: Parts;
}

function one(name: string, event: LambdaHttpEvent, handler: string, ...asked: readonly Asked[]): HttpCase {
  return { name: `${name}, ${event}`, event, handler, exchanges: asked.map((each) => toExchange(event, each)) };
}

function toExchange(shape: LambdaHttpEvent, asked: Asked): HttpCase["exchanges"][number] {
  const { target, headers = {}, body, as = {}, method = body === undefined ? "GET" : "POST" } = asked;
  const [path = ""] = target.split("?");
  const text = typeof body === "string" ? { body } : {};
  return {
    request: { method, target, headers: Object.entries(headers), ...(body !== undefined && { body }) },
    event: recorded(shape, { method, path, resource: path, headers, ...text, ...as }),
  };
}

const json = { "content-type": "application/json" };
const form = { "content-type": "application/x-www-form-urlencoded" };
const cookie = "a=1; b=x%20y";
const cookies = ["a=1", "b=x%20y"];
const bytes = Buffer.from([137, 80, 78, 71, 0, 255, 128, 13, 10]);
const base64 = { body: bytes.toString("base64"), base64: true };

const middy = (event: LambdaHttpEvent, path: string): HttpCase =>
  one(
    "middy with six middlewares",
    event,
    "middy.middy",
    {
      target: `${path}?asked=y%20es`,
      headers: { ...json, origin: "https://shop.example" },
      body: '{"name":"Ünal"}',
      as: { query: [["asked", "y es"]], rawQuery: "asked=y%20es" },
    },
    { target: path, headers: json, body: '{"fail":"known"}' },
    { target: path, headers: json, body: '{"fail":"unknown"}' },
    { target: path, headers: { "content-type": "text/plain" }, body: "no JSON" },
  );

/** `proxy`: what stands for the rest of the path in its parameters. */
function express(library: string, event: LambdaHttpEvent, path: string): HttpCase {
  const elb = event === "alb.multi";
  const as = (proxy: string): Parts => ({
    resource: `${path}/{proxy+}`,
    ...(!elb && { params: { proxy } }),
  });
  const query = elb ? "y%20es" : "y es";
  return one(
    `Express by ${library}`,
    event,
    `express.${library}`,
    {
      target: `${path}/seen?asked=y%20es&asked=2`,
      headers: { cookie, "x-named": "1" },
      as: {
        ...as("seen"),
        query: [
          ["asked", query],
          ["asked", "2"],
        ],
        rawQuery: "asked=y%20es&asked=2",
        cookies,
      },
    },
    { method: "PUT", target: `${path}/seen`, headers: json, body: '{"name":"Ünal"}', as: as("seen") },
    {
      target: `${path}/deep/seen`,
      headers: form,
      body: "a=1&b=%C3%BC",
      as: {
        ...as("deep/seen"),
        ...(event !== "apigw.v1" && { body: Buffer.from("a=1&b=%C3%BC").toString("base64"), base64: true }),
      },
    },
    { target: `${path}/deep/bytes`, as: as("deep/bytes") },
    { target: `${path}/deep/moved`, as: as("deep/moved") },
    { target: `${path}/deep/none`, as: as("deep/none") },
    { target: `${path}/nowhere`, as: as("nowhere") },
    { method: "DELETE", target: `${path}/deep/seen`, as: as("deep/seen") },
    { method: "OPTIONS", target: `${path}/deep/seen`, as: as("deep/seen") },
    {
      target: `${path}/d%20%C3%BC/seen`,
      as: event === "apigw.v2" ? { path: `${path}/d ü/seen`, ...as("d ü/seen") } : as("d%20%C3%BC/seen"),
    },
  );
}

const ofRest = (path: string, proxy: string): Parts => ({ resource: `${path}/{proxy+}`, params: { proxy } });

const fastify = (event: LambdaHttpEvent, path: string): HttpCase =>
  one(
    "Fastify",
    event,
    "fastify.fastify",
    {
      target: `${path}/seen?asked=y%20es`,
      headers: { cookie },
      as: {
        ...ofRest(path, "seen"),
        query: [["asked", event === "alb" ? "y%20es" : "y es"]],
        rawQuery: "asked=y%20es",
        cookies,
      },
    },
    { target: `${path}/seen`, headers: json, body: '{"name":"Ünal"}', as: ofRest(path, "seen") },
    { target: `${path}/by/x-1`, as: ofRest(path, "by/x-1") },
    { target: `${path}/bytes`, as: ofRest(path, "bytes") },
    { target: `${path}/fails`, as: ofRest(path, "fails") },
    { target: `${path}/nowhere`, as: ofRest(path, "nowhere") },
  );

function hono(event: LambdaHttpEvent, path: string): HttpCase {
  const multi = event === "alb.multi";
  return one(
    event === "url" ? "Hono, streaming" : "Hono",
    event,
    `hono.${event === "url" ? "honoStreamed" : "hono"}`,
    {
      target: `${path}/seen/x-1?asked=y%20es&asked=2`,
      headers: { cookie, "x-named": "1" },
      as: {
        ...ofRest(path, "seen/x-1"),
        query: [
          ["asked", multi ? "y%20es" : "y es"],
          ["asked", "2"],
        ],
        rawQuery: "asked=y%20es&asked=2",
        cookies,
      },
    },
    { target: `${path}/seen/x-1`, headers: json, body: '{"name":"Ünal"}', as: ofRest(path, "seen/x-1") },
    {
      method: "PUT",
      target: `${path}/seen/x-1`,
      headers: { "content-type": "application/octet-stream" },
      body: "bytes",
      as: {
        ...ofRest(path, "seen/x-1"),
        ...(event !== "apigw.v1" && { body: Buffer.from("bytes").toString("base64"), base64: true }),
      },
    },
    { target: `${path}/bytes`, as: ofRest(path, "bytes") },
    { target: `${path}/parts`, as: ofRest(path, "parts") },
    { target: `${path}/fails`, as: ofRest(path, "fails") },
    { target: `${path}/nowhere`, as: ofRest(path, "nowhere") },
  );
}

const key = (value: string): Headers => ({ ...json, "idempotency-key": value });
const powertools: readonly HttpCase[] = [
  one(
    "Powertools logger",
    "apigw.v2",
    "powertools.logger",
    {
      target: "/logger/7?a=1",
      as: { resource: "/logger/{id}", params: { id: "7" }, query: [["a", "1"]], rawQuery: "a=1" },
    },
    { target: "/logger/8", as: { resource: "/logger/{id}", params: { id: "8" } } },
  ),
  one(
    "Powertools idempotency",
    "apigw.v2",
    "powertools.idempotent",
    { target: "/idempotent", headers: key("k1"), body: '{"order":1}' },
    { target: "/idempotent", headers: key("k1"), body: '{"order":1}' },
    { target: "/idempotent", headers: key("k2"), body: '{"order":2}' },
    { target: "/idempotent", headers: key("k1"), body: '{"order":3}' },
  ),
];

const twice: Recording["query"] = [
  ["a", "1 2"],
  ["b", ""],
  ["a", "ü"],
];
const raw = "a=1%202&b&a=%C3%BC";
const encoded: Recording["query"] = [
  ["a", "1%202"],
  ["b", ""],
  ["a", "%C3%BC"],
];
const wire = "/x%20y/r/e%2Fs%C3%BCt";
const rest = "r/e%2Fs%C3%BCt";

function seen(event: LambdaHttpEvent, path: string, { query, ...as }: Parts & Pick<Recording, "query">): HttpCase {
  const headers = { cookie, "x-named": "1" };
  const inForm = event === "apigw.v1" ? {} : { body: Buffer.from("a=1").toString("base64"), base64: true };
  return one(
    "plain: all that it may read",
    event,
    "plain.seen",
    { target: `${path}${wire}?${raw}`, headers, as: { rawQuery: raw, cookies, ...as, ...(query && { query }) } },
    { target: `${path}${wire}`, headers: json, body: '{"name":"Ünal"}', as },
    { method: "DELETE", target: `${path}${wire}`, headers: form, body: "a=1", as: { ...as, ...inForm } },
  );
}

/** The framework's own page, of which only its text cannot be told before. */
const unreadable = (one: HttpCase): HttpCase => ({
  ...one,
  differs: {
    hosts: ["gcp"],
    why: "Google's functions framework refuses JSON that is none before any function is called",
    reply: (_direct, { body }) => ({
      status: 400,
      headers: {
        "content-security-policy": "default-src 'none'",
        "content-type": "text/html; charset=utf-8",
        "x-content-type-options": "nosniff",
      },
      cookies: [],
      body,
    }),
  },
});
const broken = { headers: json, body: '{"broken"' };

const failing = (event: HttpCase): HttpCase => ({
  ...event,
  fails: true,
  differs: {
    why: "of a function that fails AWS answers with a 500 or 502 of its own, the hosts with Faasten's 500, problem+json",
    reply: (direct) => direct,
  },
});

const old = (name: string, path: string, event: LambdaHttpEvent = "apigw.v2"): HttpCase =>
  one(`plain: ${path.slice(1).replaceAll("-", " ")}`, event, `old-styles.${name}`, { target: path });

const plain: readonly HttpCase[] = [
  seen("apigw.v1", "/seen-v1", {
    resource: "/seen-v1/{id}/{proxy+}",
    params: { id: "x%20y", proxy: rest },
    query: twice,
  }),
  seen("apigw.v2", "/seen-v2", {
    path: "/seen-v2/x y/r/e/süt",
    resource: "/seen-v2/{id}/{proxy+}",
    params: { id: "x y", proxy: "r/e/süt" },
    query: twice,
  }),
  seen("url", "/seen-url", { query: twice }),
  seen("alb", "/seen-alb", { query: encoded }),
  seen("alb.multi", "/seen-alb-multi", { query: encoded }),
  one("plain: at once", "apigw.v2", "plain.sync", { target: "/sync" }),
  ...(["apigw.v2", "url"] as const).map((event) =>
    one(
      "plain: shorthands",
      event,
      "plain.shorthand",
      ...["object", "list", "text", "number", "nothing"].map((of) => ({
        target: `/shorthand-${event === "url" ? "url" : "v2"}?of=${of}`,
        as: { query: [["of", of]] as const, rawQuery: `of=${of}` },
      })),
    ),
  ),
  one("plain: base64, text in", "apigw.v1", "plain.bytes", {
    target: "/bytes-v1",
    headers: { "content-type": "text/plain" },
    body: "tëxt",
  }),
  one("plain: base64, there and back", "apigw.v2", "plain.bytes", {
    target: "/bytes-v2",
    headers: { "content-type": "image/png" },
    body: bytes,
    as: base64,
  }),
  one("plain: base64 of gzip", "apigw.v2", "plain.zipped", { target: "/zipped" }),
  one("plain: cookies", "apigw.v2", "plain.cookies", { target: "/cookies" }),
  {
    ...one("plain: cookies with odd characters, in odd order", "apigw.v2", "plain.cookies", {
      target: "/cookies?odd=1",
      as: { query: [["odd", "1"]], rawQuery: "odd=1" },
    }),
    differs: {
      hosts: ["azure"],
      why: "Azure's library writes each cookie anew: its value percent-encoded, its attributes in an order of its own",
      reply: (direct) => ({ ...direct, cookies: ["odd=a%3Db%26c; Path=/", "order=1; HttpOnly; Secure; SameSite=Lax"] }),
    },
  },
  one("plain: multi-value headers", "apigw.v1", "plain.lists", { target: "/lists-v1" }),
  one("plain: multi-value headers", "alb.multi", "plain.lists", { target: "/lists-alb" }),
  one("plain: no body, a status as text", "apigw.v2", "plain.bare", { target: "/bare" }),
  one("plain: no content type", "apigw.v1", "plain.untyped", { target: "/untyped-v1" }),
  one("plain: no content type", "apigw.v2", "plain.untyped", { target: "/untyped-v2" }),
  one("plain: no content type", "url", "plain.untyped", { target: "/untyped-url" }),
  one("plain: its clock and its context", "apigw.v2", "plain.timed", { target: "/timed" }),
  {
    ...one("plain: a header by its written case", "apigw.v1", "plain.written", {
      target: "/written",
      headers: { "X-Named": "1" },
    }),
    differs: {
      hosts: ["azure"],
      why: "Azure's library hands a web request's headers over, which have no case: a REST API keeps what the client wrote",
      reply: (direct) => ({ ...direct, body: Buffer.from('{"type":null}') }),
    },
  },
  {
    ...one("plain: a header that came twice", "apigw.v1", "plain.twice"),
    exchanges: [
      {
        request: {
          method: "GET",
          target: "/twice",
          headers: [
            ["x-named", "1"],
            ["x-named", "2"],
          ],
        },
        event: {
          ...recorded("apigw.v1", { method: "GET", path: "/twice", resource: "/twice", headers: {} }),
          headers: { "x-named": "2" },
          multiValueHeaders: { "x-named": ["1", "2"] },
        },
      },
    ],
    differs: {
      hosts: ["azure"],
      why: "Azure joins a web request's headers where one came twice: a REST API tells the last one, and all in a list",
      reply: (direct) => ({ ...direct, body: Buffer.from('{"one":"1,2","all":["1,2"]}') }),
    },
  },
  failing(one("plain: throws", "apigw.v1", "plain.throws", { target: "/throws-v1" })),
  failing(one("plain: throws", "apigw.v2", "plain.throws", { target: "/throws-v2" })),
  failing(one("plain: a body that is no text", "apigw.v1", "plain.unreadable", { target: "/unreadable" })),
  old("callback", "/callback"),
  old("callbackLater", "/callback-later", "apigw.v1"),
  old("succeed", "/succeed"),
  old("done", "/done"),
  failing(old("callbackFails", "/callback-fails")),
  failing(old("fail", "/fail")),
  one("plain: streamed, with a prelude", "url", "streams.prelude", { target: "/prelude" }),
  one("plain: streamed, a type alone", "url", "streams.typed", { target: "/typed" }),
  one("plain: streamed, by a pipeline", "url", "streams.piped", { target: "/piped", headers: json, body: '{"a":1}' }),
  failing(one("plain: streamed, throws", "url", "streams.fails", { target: "/stream-fails" })),
];

export const httpCases: readonly HttpCase[] = [
  middy("apigw.v1", "/middy-v1"),
  middy("apigw.v2", "/middy-v2"),
  express("codegenie", "apigw.v1", "/codegenie-v1"),
  express("codegenie", "apigw.v2", "/codegenie-v2"),
  express("codegenie", "alb.multi", "/codegenie-alb"),
  express("vendia", "apigw.v1", "/vendia-v1"),
  express("vendia", "apigw.v2", "/vendia-v2"),
  fastify("apigw.v1", "/fastify-v1"),
  fastify("apigw.v2", "/fastify-v2"),
  fastify("alb", "/fastify-alb"),
  hono("apigw.v1", "/hono-v1"),
  hono("apigw.v2", "/hono-v2"),
  hono("alb.multi", "/hono-alb"),
  hono("url", "/hono-url"),
  ...powertools,
  unreadable(one("middy: JSON that is none", "apigw.v2", "middy.middy", { target: "/middy-v2", ...broken })),
  unreadable(
    one("Express by codegenie: JSON that is none", "apigw.v2", "express.codegenie", {
      target: "/codegenie-v2/seen",
      ...broken,
      as: ofRest("/codegenie-v2", "seen"),
    }),
  ),
  ...plain,
];

const ok: Sent = { id: "m1", data: { order: 1 } };
const bad: Sent = { id: "m2", data: { order: 2, fail: true } };
const last: Sent = { id: "m3", data: { order: 3, name: "Ünal" } };

/** A message of SQS, as its page has it. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
const sqs = (...messages: readonly Sent[]): object => ({
  Records: messages.map(({ id, data }) => ({
    messageId: id,
    receiptHandle: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
    body: JSON.stringify(data),
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: "1545082649183",
      SenderId: "AIDAIENQZJOLO23YVJ4VO",
      ApproximateFirstReceiveTimestamp: "1545082649185",
    },
    messageAttributes: {},
    md5OfBody: hash("md5", JSON.stringify(data)),
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:us-east-2:123456789012:my-queue",
    awsRegion: "us-east-2",
  })),
});

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
const sns = ({ id, data }: Sent): object => ({
  Records: [
    {
      EventVersion: "1.0",
      EventSubscriptionArn: "arn:aws:sns:us-east-1:123456789012:sns-lambda:21be56ed-a058-49f5-8c98-aedd2564c486",
      EventSource: "aws:sns",
      Sns: {
        SignatureVersion: "1",
        Timestamp: "2019-01-02T12:45:07.000Z",
        Signature: "tcc6faL2yUC6dgZdmrwh1Y4cGa/ebXEkAi6RibDsvpi+tE/1+82j...65r==",
        SigningCertUrl:
          "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-ac565b8b1a6c5d002d285f9598aa1d9b.pem",
        MessageId: id,
        Message: JSON.stringify(data),
        MessageAttributes: {},
        Type: "Notification",
        UnsubscribeUrl: "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
        TopicArn: "arn:aws:sns:us-east-1:123456789012:sns-lambda",
        Subject: null,
      },
    },
  ],
});

/** https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
const bus = ({ id, data }: Sent): object => ({
  version: "0",
  id,
  "detail-type": "order.placed",
  source: "shop",
  account: "111122223333",
  time: "2017-12-22T18:43:48Z",
  region: "us-west-1",
  resources: [],
  detail: data,
});

export const messageCases: readonly MessageCase[] = [
  {
    name: "Powertools batch: part of it fails, sqs",
    function: "batch",
    handler: "powertools.batch",
    messages: [ok, bad, last],
    events: [sqs(ok, bad, last)],
  },
  {
    name: "Powertools batch: all of it fails, sqs",
    function: "batch",
    handler: "powertools.batch",
    messages: [bad],
    events: [sqs(bad)],
  },
  {
    name: "plain: part of a batch fails, sqs",
    function: "queue",
    handler: "messages.queue",
    messages: [ok, bad, last],
    events: [sqs(ok, bad, last)],
  },
  {
    name: "plain: throws, sqs",
    function: "whole",
    handler: "messages.whole",
    messages: [ok, bad],
    events: [sqs(ok), sqs(bad)],
  },
  {
    name: "plain: notices, sns",
    function: "notice",
    handler: "messages.notice",
    messages: [ok, bad],
    events: [sns(ok), sns(bad)],
  },
  {
    name: "plain: a bus, eventbridge",
    function: "bus",
    handler: "messages.bus",
    messages: [ok, bad],
    events: [bus(ok), bus(bad)],
  },
];

/** The same event as a topic of ours has it that is not raw. */
export function structured({ id, data }: Sent): object {
  return {
    specversion: "1.0",
    id,
    source: "shop",
    type: "order.placed",
    time: "2017-12-22T18:43:48Z",
    datacontenttype: "application/json",
    data,
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html */
export const planned = "2099-11-20T02:00:00Z";
export const scheduledEvent: object = {
  version: "0",
  id: "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
  "detail-type": "Scheduled Event",
  source: "aws.events",
  account: "123456789012",
  time: planned,
  region: "us-east-1",
  resources: ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"],
  detail: {},
};
