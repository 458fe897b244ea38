// What is read of `functions:`, and what of it is told: with its line, and how to mend it.
import { describe, expect, test } from "vitest";
import { readSection, type Section } from "../../../src/manifest/functions-section.ts";
import { readManifest } from "../../../src/manifest/manifest.ts";
import { Problems } from "../../../src/manifest/problems.ts";
import { folder } from "./folder.ts";

interface Said extends Section {
  /** `line CODE message` */
  readonly wrong: readonly string[];
  readonly left: readonly string[];
}

/** The function `one`, of these lines, whose handler is `src/one.handler` unless told otherwise. */
function read(text: string, { target = "azure", provider = "" }: { target?: string; provider?: string } = {}): Said {
  const handler = /^\s*(?:handler|image):/m.test(text) ? "" : "    handler: src/one.handler\n";
  const root = folder({
    "serverless.yml": `service: shop\nprovider: { name: aws${provider && `, ${provider}`} }\nfunctions:\n  one:\n${handler}${text}\n`,
    "src/one.js": "exports.handler = async () => {};",
    "src/two.ts": "export const handler = async () => {};",
    "src/deep/three.mjs": "export const a = { b: async () => {} };",
  });
  const problems = new Problems(root);
  const manifest = readManifest(root, { env: {} }, problems);
  if (!manifest) throw new Error("there is no manifest");
  const section = readSection(manifest, { folder: root, target }, problems);
  const wrong = problems.list().map(({ line, code, message }) => `${line} ${code} ${message}`);
  return { ...section, wrong, left: section.notes.map(({ line, message }) => `${line} ${message}`) };
}

const event = (text: string): string => `    events:\n      - ${text}`;

/** The only event, and that nothing was wrong. */
function only(text: string, options?: Parameters<typeof read>[1]): unknown {
  const { functions, wrong } = read(event(text), options);
  expect(wrong).toEqual([]);
  expect(functions[0]?.events).toHaveLength(1);
  return functions[0]?.events[0];
}

describe("HTTP events", () => {
  test.each([
    ["httpApi: GET /orders/{id}", "apigw.v2", "GET", "/orders/:id"],
    ["httpApi: ANY /legacy/{proxy+}", "apigw.v2", "*", "/legacy/*"],
    ["httpApi: '*'", "apigw.v2", "*", "/*"],
    ["httpApi: { method: '*', path: /any }", "apigw.v2", "*", "/any"],
    ["httpApi: { method: options, path: /any }", "apigw.v2", "OPTIONS", "/any"],
    ["http: post orders", "apigw.v1", "POST", "/orders"],
    ["http: { method: any, path: '/a/{b}/{proxy+}', integration: lambda-proxy }", "apigw.v1", "*", "/a/:b/*"],
    ["http: { method: get, path: / }", "apigw.v1", "GET", "/"],
    ["alb: { listenerArn: a, priority: 1, conditions: { path: /a/* } }", "alb", "*", "/a/*"],
    [
      "alb: { listenerArn: a, priority: 1, multiValueHeaders: true, conditions: { path: [/a], method: [PUT] } }",
      "alb.multi",
      "PUT",
      "/a",
    ],
  ])("%s", (text, shape, method, path) => {
    expect(only(text)).toMatchObject({ event: shape, on: { kind: "http", method, path, access: "public" } });
  });

  test("the rest of a path keeps its name, and what no other route answers is AWS's `$default`", () => {
    for (const target of ["aws", "azure", "gcp", "local"]) {
      expect(only("httpApi: GET /v1/{id}/{key+}", { target })).toMatchObject({
        on: { path: "/v1/:id/*", rest: "key" },
      });
      expect(only("http: { method: GET, path: '/files/{key+}' }", { target })).toMatchObject({ on: { rest: "key" } });
      for (const all of ["'*'", "{ path: '*', method: '*' }", "{ method: '*' }"])
        expect(only(`httpApi: ${all}`, { target })).toMatchObject({ on: { method: "*", path: "/*", fallback: true } });
      expect(only("httpApi: ANY /{proxy+}", { target })).not.toMatchObject({ on: { fallback: true } });
    }
  });

  test("an HTTP API of payload 1.0, with CORS of the provider's", () => {
    const cors = "{ allowedOrigins: [https://a.example], allowedHeaders: [x-a], allowCredentials: true, maxAge: 60 }";
    expect(only("httpApi: GET /a", { provider: `httpApi: { payload: '1.0', cors: ${cors} }` })).toMatchObject({
      event: "apigw.v1",
      on: { cors: { origins: ["https://a.example"], headers: ["x-a"], credentials: true, maxAge: 60 } },
    });
  });

  test("CORS of a REST API answers preflights alone, that of an HTTP API and of a Function URL every request", () => {
    expect(only("http: { method: GET, path: a, cors: { origin: 'https://a.example', maxAge: 5 } }")).toMatchObject({
      on: { cors: { origins: ["https://a.example"], maxAge: 5, preflightsAlone: true } },
    });
    expect(only("httpApi: GET /a", { provider: "httpApi: { cors: true }" })).not.toMatchObject({
      on: { cors: { preflightsAlone: true } },
    });
  });

  test("several conditions of a load balancer are several functions", () => {
    const { functions } = read(event("alb: { listenerArn: a, priority: 1, conditions: { path: [/a, /b] } }"));
    expect(functions[0]?.events.map(({ name }) => name)).toEqual(["one", "oneOnAlb"]);
  });

  test("who may call", () => {
    const authorizers = "authorizers: { users: { issuerUrl: 'https://issuer.example', audience: [shop] } }";
    const provider = `httpApi: { ${authorizers} }`;
    expect(only("httpApi: { method: GET, path: /a, authorizer: aws_iam }")).toMatchObject({
      on: { access: "service" },
    });
    expect(only("http: { method: GET, path: /a, authorizer: { type: AWS_IAM } }")).toMatchObject({
      on: { access: "service" },
    });
    expect(
      only("httpApi: { method: GET, path: /a, authorizer: { name: users, scopes: [read] } }", { provider }),
    ).toMatchObject({ on: { access: { issuer: "https://issuer.example", audience: "shop", scopes: ["read"] } } });
  });

  test("a Function URL answers below the function's name", () => {
    expect(read("    url: true").functions[0]?.events).toMatchObject([
      { name: "one", event: "url", on: { method: "*", path: "/*", access: "public" }, below: "/one" },
    ]);
    expect(read("    url: { authorizer: aws_iam, invokeMode: RESPONSE_STREAM, cors: true }").functions).toMatchObject([
      { events: [{ on: { access: "service", stream: true, cors: { origins: ["*"] } } }] },
    ]);
  });
});

describe("other events", () => {
  const raw = { kind: "topic", pubsub: "pubsub", attempts: 5, ordered: false, raw: true };
  test.each([
    ["sqs: arn:aws:sqs:eu-west-1:123456789012:orders_in", "sqs", { ...raw, topic: "orders-in" }],
    [
      "sqs: { arn: !GetAtt OrdersQueue.Arn, batchSize: 5, maximumBatchingWindow: 10 }",
      "sqs",
      { ...raw, topic: "ordersQueue" },
    ],
    ["sqs: { arn: { Fn::GetAtt: [Orders, Arn] } }", "sqs", { ...raw, topic: "orders" }],
    ["sqs: { arn: { Fn::Join: [':', [arn, aws, { Ref: AWS::Region }, orders]] } }", "sqs", { ...raw, topic: "orders" }],
    [
      "sqs: !Sub 'arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:orders.fifo'",
      "sqs",
      { ...raw, topic: "orders.fifo", ordered: true },
    ],
    ["sns: shipped", "sns", { ...raw, topic: "shipped" }],
    ["sns: { topicName: shipped, displayName: Shipped }", "sns", { ...raw, topic: "shipped" }],
    ["sns: { arn: !Ref Shipped }", "sns", { ...raw, topic: "shipped" }],
    ["eventBridge: { schedule: rate(5 minutes) }", "scheduled", { kind: "schedule", cron: "every 5 minutes" }],
    ["schedule: rate(1 day)", "scheduled", { kind: "schedule", cron: "0 0 * * *" }],
    [
      "schedule: { rate: cron(0 12 ? * 2-6 *), timezone: Europe/Paris }",
      "scheduled",
      { kind: "schedule", cron: "0 12 * * 1-5", timeZone: "Europe/Paris" },
    ],
    ["s3: photos", "s3", { kind: "binding", binding: "photos", attempts: 5 }],
  ])("%s", (text, shape, on) => {
    expect(only(text)).toMatchObject({ event: shape, on });
  });

  test("a pattern, a bus, a filter and an input are kept", () => {
    expect(
      only("eventBridge: { eventBus: !GetAtt Bus.Arn, pattern: { source: [{ prefix: a }] }, input: { a: 1 } }"),
    ).toMatchObject({
      on: { kind: "topic", topic: "bus" },
      filter: { kind: "bus", patterns: [{ source: [{ prefix: "a" }] }] },
      input: { value: { a: 1 } },
    });
    expect(only("eventBridge: { pattern: { detail: { a: [1] } } }")).toMatchObject({ on: { topic: "default" } });
    expect(only("schedule: { rate: rate(1 hour), input: '{\"a\":1}' }")).toMatchObject({ input: { value: { a: 1 } } });
    expect(only("sqs: { arn: arn:q, filterPatterns: [{ body: { a: [1] } }] }")).toMatchObject({
      filter: { kind: "body", patterns: [{ body: { a: [1] } }] },
    });
    expect(only("sns: { arn: arn:t, filterPolicyScope: MessageBody, filterPolicy: { a: [1] } }")).toMatchObject({
      filter: { kind: "body", patterns: [{ body: { a: [1] } }] },
    });
    expect(
      only("s3: { bucket: photos, event: 's3:ObjectRemoved:*', rules: [{ prefix: in/ }, { suffix: .jpg }] }"),
    ).toMatchObject({ filter: { kind: "objects", change: "deleted", prefix: "in/", suffix: ".jpg" } });
  });
});

test("a function: names, files, numbers and an environment of its own", () => {
  const { functions } = read(
    `    handler: src/deep/three.a.b\n    timeout: 20\n    memorySize: 512\n    name: shop-one\n    environment: { A: "1", B: true }\n${event("httpApi: GET /a")}\n      - sqs: arn:q\n      - sqs: arn:r\n      - sqs: arn:s`,
  );
  expect(functions).toMatchObject([
    {
      name: "one",
      handler: { file: expect.stringMatching(/src\/deep\/three\.mjs$/), exported: ["a", "b"] },
      timeout: 20,
      memorySize: 512,
      environment: { A: "1", B: "true" },
      events: [{ name: "one" }, { name: "oneOnSqs" }, { name: "oneOnSqs2" }, { name: "oneOnSqs3" }],
    },
  ]);
});

test("variables that Lambda does not take are told with their lines", () => {
  const text = `    environment:\n      X: "1"\n      AWS_REGION: eu\n      FINE: "2"\n${event("httpApi: GET /a")}`;
  expect(read(text, { target: "aws", provider: "environment: { A-B: c }" }).wrong).toEqual([
    "2 INVALID `provider.environment.A-B`: Lambda takes no variable of this name: call it otherwise",
    "7 INVALID `functions.one.environment.X`: Lambda takes no variable of this name: call it otherwise",
    "8 INVALID `functions.one.environment.AWS_REGION`: Lambda takes no variable of this name: call it otherwise",
  ]);
  expect(read(text, { target: "gcp" }).wrong).toEqual([]);
});

test("an authorizer that AWS alone runs is named", () => {
  for (const [written, name] of [
    ["{ id: abc, scopes: [x] }", "`abc`"],
    ["{ type: request, name: own }", "`own`"],
    ["arn:aws:lambda:x", "`arn:aws:lambda:x`"],
  ]) {
    const said = read(event(`http: { method: GET, path: /a, authorizer: ${written} }`)).wrong;
    expect(said).toEqual([expect.stringContaining(`the authorizer ${name} runs on AWS alone`)]);
  }
  expect(read(event("httpApi: { method: GET, path: /a, authorizer: { id: abc, scopes: [x] } }")).wrong).toEqual([
    expect.stringContaining("the authorizer `abc` runs on AWS alone"),
  ]);
});

test("what CloudFormation makes of the environment is AWS's, and `.env`'s on this machine", () => {
  const text = `    environment: { A: !Ref Table, B: { Fn::GetAtt: [Table, Arn] }, C: c }\n${event("httpApi: GET /a")}`;
  const [onAws] = read(text, { target: "aws" }).functions;
  expect(onAws).toMatchObject({
    environment: { C: "c" },
    made: { A: { Ref: "Table" }, B: { "Fn::GetAtt": ["Table", "Arn"] } },
  });
  const local = read(text, { target: "local" });
  expect([local.functions[0]?.environment, local.wrong]).toEqual([{ C: "c" }, []]);
  expect(local.left).toEqual(
    ["A", "B"].map((name) => expect.stringContaining(`environment.${name}\` is made by CloudFormation`)),
  );
  expect(read(text, { target: "gcp" }).wrong).toEqual([
    expect.stringMatching(/environment\.A` is made by CloudFormation, which AWS alone has: write a value of this/),
    expect.stringMatching(/environment\.B` is made/),
  ]);
});

test("what CloudFormation makes of the provider's environment is AWS's, too", () => {
  const text = event("httpApi: GET /a");
  const provider = "environment: { A1: !Ref Table, B1: { 'Fn::Sub': x }, C1: c }";
  expect(read(text, { target: "aws", provider }).wrong).toEqual([]);
  const local = read(text, { target: "local", provider });
  expect([local.wrong, local.left]).toEqual([
    [],
    ["A1", "B1"].map((name) => expect.stringContaining(`provider.environment.${name}\` is made by CloudFormation`)),
  ]);
  expect(read(text, { target: "gcp", provider }).wrong).toEqual(
    ["A1", "B1"].map((name) => expect.stringContaining(`2 UNSUPPORTED \`provider.environment.${name}\` is made`)),
  );
});

test("nothing comes of what is not enabled", () => {
  const { functions, wrong, left } = read(event("schedule: { rate: rate(1 hour), enabled: false }"));
  expect([functions[0]?.events, wrong]).toEqual([[], []]);
  expect(left).toEqual([expect.stringMatching(/^7 .*enabled` is false: nothing comes/)]);
});

describe("on no target", () => {
  const http = (more: string): string => event(`http: { method: get, path: /a, ${more} }`);
  const api = (more: string): string => event(`httpApi: { method: get, path: /a, ${more} }`);
  test.each<[what: string, text: string, told: RegExp, provider?: string]>([
    [
      "a file that is missing",
      "    handler: src/tow.handler",
      /^5 NOT_FOUND There is no file `src\/tow`.*did you mean `src\/two`\?/,
    ],
    ["a handler without export", "    handler: src/two", /^5 INVALID `src\/two` names no handler/],
    ["a handler outside", "    handler: ../x.handler", /^5 INVALID .*outside of the folder/],
    ["no handler", "    image: x\n    handler:", /^\d+ UNSUPPORTED `functions\.one\.image`: a container image/],
    ["another language", "    runtime: python3.12", /^6 UNSUPPORTED .*`python3\.12`, and Faasten runs Node\.js alone/],
    ["a slip", "    memroySize: 512", /^6 INVALID There is no key `memroySize`.*`memorySize`/],
    ["a long timeout", "    timeout: 1000", /^6 INVALID .*from 1 to 900/],
    [
      "an event that is none",
      event("htpApi: GET /a"),
      /^7 INVALID There is no event `htpApi`\. Did you mean `httpApi`\?/,
    ],
    ["a url among the events", event("url: true"), /^7 INVALID .*`url: true` beside `handler`/],
    ["a method that is none", event("httpApi: FETCH /a"), /^7 INVALID There is no method `FETCH`/],
    ["half an endpoint", event("httpApi: /a"), /^7 INVALID `\/a` is no endpoint/],
    ["no path", event("httpApi: { method: get }"), /^7 MISCONFIGURED .*has no `path`/],
    ["half a segment", event("httpApi: 'GET /a/b{c}'"), /^7 UNSUPPORTED The path `\/a\/b\{c\}` cannot be kept/],
    ["a Lambda authorizer", http("authorizer: check"), /^7 UNSUPPORTED .*the authorizer `check` runs on AWS alone/],
    [
      "a Cognito authorizer",
      http("authorizer: { name: c, type: COGNITO_USER_POOLS, arn: a }"),
      /^7 UNSUPPORTED .*`c` runs on AWS alone/,
    ],
    [
      "a request authorizer",
      api("authorizer: { name: u }"),
      /`u` runs on AWS alone/,
      "httpApi: { authorizers: { u: { type: request } } }",
    ],
    [
      "an authorizer that is not there",
      api("authorizer: { name: usrs }"),
      /^7 NOT_FOUND .*`users`/,
      "httpApi: { authorizers: { users: { issuerUrl: a, audience: b } } }",
    ],
    [
      "several audiences",
      api("authorizer: { name: u }"),
      /several audiences/,
      "httpApi: { authorizers: { u: { issuerUrl: a, audience: [b, c] } } }",
    ],
    [
      "a token elsewhere",
      api("authorizer: { name: u }"),
      /authorization header alone/,
      "httpApi: { authorizers: { u: { issuerUrl: a, audience: b, identitySource: $request.querystring.t } } }",
    ],
    ["API keys", http("private: true"), /^7 UNSUPPORTED .*API keys are AWS's/],
    [
      "a request schema",
      http("request: { parameters: { querystrings: { a: true } } }"),
      /^7 UNSUPPORTED .*checked by the handler alone/,
    ],
    ["an own response", http("response: { headers: {} }"), /^7 UNSUPPORTED .*the handler's alone/],
    ["async", http("async: true"), /^7 UNSUPPORTED .*waits for its reply/],
    ["another integration", http("integration: mock"), /^7 UNSUPPORTED .*only `lambda-proxy`/],
    ["cacheControl", http("cors: { cacheControl: no-store }"), /^7 UNSUPPORTED .*cacheControl/],
    ["a part of an origin", http("cors: { origin: 'https://*.example' }"), /^7 UNSUPPORTED .*part of an origin/],
    ...["host", "header", "query", "ip"].map((key): [string, string, RegExp] => [
      `an ALB's ${key}`,
      event(`alb: { listenerArn: a, priority: 1, conditions: { path: /a, ${key}: x } }`),
      new RegExp(`^7 UNSUPPORTED .*${key}\`: routes here go by path and method`),
    ]),
    [
      "an ALB's authorizer",
      event("alb: { listenerArn: a, priority: 1, authorizer: a }"),
      /^7 UNSUPPORTED .*run on AWS alone/,
    ],
    [
      "a queue by a stack's output",
      event("sqs: { arn: { Fn::Select: [0, [a]] } }"),
      /^7 UNSUPPORTED .*names no queue that can be told/,
    ],
    ["a name too long", event(`sqs: arn:aws:sqs:a:1:${"q".repeat(41)}`), /^7 INVALID .*cannot name a queue/],
    ["no arn", event("sqs: { batchSize: 1 }"), /^7 MISCONFIGURED .*has no `arn`/],
    ["a batch too large", event("sqs: { arn: arn:q, batchSize: 20000 }"), /^7 INVALID .*from 1 to 10000/],
    [
      "another response type",
      event("sqs: { arn: arn:q, functionResponseType: All }"),
      /^7 INVALID .*ReportBatchItemFailures/,
    ],
    [
      "an operator that is none",
      event("sqs: { arn: arn:q, filterPatterns: [{ body: { a: [{ prefx: b }] } }] }"),
      /^7 INVALID There is no operator `prefx`.*`prefix`/,
    ],
    ["a pattern of no list", event("eventBridge: { pattern: { source: a } }"), /^7 INVALID .*must be a list/],
    [
      "half a range",
      event("eventBridge: { pattern: { detail: { a: [{ numeric: ['>'] }] } } }"),
      /^7 INVALID .*signs and numbers in turn/,
    ],
    ["no schedule", event("eventBridge: { eventBus: a }"), /^7 MISCONFIGURED .*neither `schedule` nor `pattern`/],
    ["a year", event("schedule: cron(0 12 1 1 ? 2027)"), /^7 INVALID .*names the year 2027/],
    ["the last day", event("schedule: cron(0 12 L * ? *)"), /^7 INVALID .*has `L` in its day-of-month/],
    ["five fields", event("schedule: cron(0 12 * * *)"), /^7 INVALID .*has 5 fields, and AWS's cron has six/],
    ["a rate that does not divide", event("schedule: rate(7 minutes)"), /^7 INVALID .*must divide an hour/],
    ["once", event("schedule: at(2027-01-01T00:00:00)"), /^7 INVALID .*runs once/],
    ["no bucket", event("s3: { event: 's3:ObjectCreated:*' }"), /^7 MISCONFIGURED .*has no `bucket`/],
    ["another rule", event("s3: { bucket: b, rules: [{ infix: a }] }"), /^7 INVALID .*`prefix` and `suffix`/],
  ])("%s", (_, text, told, provider = "") => {
    for (const target of ["azure", "aws", "local"]) {
      const { wrong } = read(text, { target, provider });
      expect(wrong.join("\n"), target).toMatch(new RegExp(told.source, "m"));
    }
  });
});

describe("on AWS alone", () => {
  test.each([
    ["stream: { type: dynamodb, arn: arn:t }", "dynamodb"],
    ["stream: arn:aws:kinesis:eu-west-1:1:stream/s", "kinesis"],
    ["websocket: $connect", "websocket"],
    ["cognitoUserPool: { pool: p, trigger: PreSignUp }", "cognito"],
    ["msk: { arn: a, topic: t }", "kafka"],
    ["kafka: { topic: t }", "kafka"],
    ["activemq: { queue: q }", "mq"],
    ["rabbitmq: { queue: q }", "mq"],
    ["iot: { sql: a }", "iot"],
    ["alexaSkill: amzn1.a", "alexa"],
    ["cloudFront: { eventType: viewer-request }", "cloudfront"],
    ["cloudwatchEvent: { event: {} }", "eventbridge"],
    ["cloudwatchLog: /a", "logs"],
  ])("%s", (text, shape) => {
    expect(only(text, { target: "aws" })).toMatchObject({ event: shape, on: { kind: "native", provider: "aws" } });
    expect(read(event(text)).wrong).toEqual([expect.stringMatching(/^7 UNSUPPORTED .*no other target has them/)]);
    const local = read(event(text), { target: "local" });
    expect([local.wrong, local.functions[0]?.events]).toEqual([[], []]);
    expect(local.left).toEqual([expect.stringMatching(/^7 .*left unserved here/)]);
  });

  test.each<[text: string, told: RegExp]>([
    [event("sqs: { arn: arn:q, maximumConcurrency: 5 }"), /limits how many/],
    [event("sqs: { arn: arn:q, filterPatterns: [{ messageAttributes: { a: [1] } }] }"), /no `messageAttributes`/],
    [event("sns: { arn: arn:t, redrivePolicy: { deadLetterTargetArn: a } }"), /own dead letters/],
    [event("sns: { arn: arn:t, filterPolicy: { a: [1] } }"), /filterPolicyScope: MessageBody/],
    [event("schedule: { rate: rate(1 hour), inputPath: $.a }"), /changes an event on its way/],
    [event("schedule: { rate: rate(1 hour), inputTransformer: { inputTemplate: a } }"), /changes an event on its way/],
    [event("eventBridge: { pattern: { account: ['1'] } }"), /no `account`/],
    [event("eventBridge: { pattern: { detail: { a: [{ cidr: 10.0.0.0/8 }] } } }"), /compares addresses/],
    [event("eventBridge: { pattern: { source: [a] }, retryPolicy: { maximumRetryAttempts: 1 } }"), /own attempts/],
    [event("eventBridge: { pattern: { source: [a] }, deadLetterQueueArn: a }"), /own dead letters/],
    [event("s3: { bucket: b, event: 's3:ObjectRestore:*' }"), /only AWS tells `s3:ObjectRestore:\*`/],
    [`    layers: [a]\n${event("httpApi: GET /a")}`, /only AWS adds code/],
    [`    destinations: { onFailure: a }\n${event("sns: a")}`, /publish it from the handler/],
    [`    onError: arn:q\n${event("sns: a")}`, /publish it from the handler/],
    [`    fileSystemConfig: { arn: a }\n${event("sns: a")}`, /mounts its file systems/],
    ["    events: []", /only AWS calls a function by its name/],
  ])("%s", (text, told) => {
    expect(read(text, { target: "aws" }).wrong).toEqual([]);
    expect(read(text, { target: "aws" }).functions[0]?.events).toHaveLength(1);
    expect(read(text, { target: "gcp" }).wrong).toEqual([expect.stringMatching(told)]);
    const local = read(text, { target: "local" });
    expect([local.wrong, local.functions[0]?.events ?? []]).toEqual([[], []]);
    expect(local.left).toEqual([expect.stringMatching(told)]);
  });
});
