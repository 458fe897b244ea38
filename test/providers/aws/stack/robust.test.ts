// What an emitter is handed by an app that nobody has tidied up: names that meet, names at their limits, and texts that CloudFormation would read.
import { describe, expect, test } from "vitest";
import { emit } from "../../../../providers/aws/stack/emit.ts";
import type { GraphComponent, GraphFunction } from "../../../../src/contracts/graph.ts";
import { variableOf } from "../../../../src/runtime/names.ts";
import { at, inputOf, type Template, textsOf } from "./template.ts";

const one = (name: string, on: GraphFunction["on"], more: Partial<GraphFunction> = {}): GraphFunction => ({
  name,
  file: "src/app.ts",
  line: 7,
  on,
  ...more,
});
const get = (path: string, more: object = {}): GraphFunction["on"] => ({
  kind: "http",
  method: "GET",
  path,
  access: "public",
  ...more,
});
const daily: GraphFunction["on"] = { kind: "schedule", cron: "0 3 * * *" };
const topic = (name: string, pubsub = "pubsub", ordered = false): GraphFunction["on"] => ({
  kind: "topic",
  topic: name,
  pubsub,
  attempts: 5,
  ordered,
});
const native = (
  event: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, unknown>> = {},
): Partial<GraphFunction> => ({
  section: { environment, event },
});
const sns = (
  name: string,
  metadata: GraphComponent["metadata"] = { topicPrefix: { env: variableOf("pubsub", name) } },
): GraphComponent => ({
  name,
  block: "pubsub",
  type: "pubsub.aws.snssqs",
  metadata,
});
const bound = (name: string, type: string, metadata: GraphComponent["metadata"] = {}): GraphComponent => ({
  ...{ name, block: "bindings", type, metadata },
});
const table = (
  name: string,
  metadata: GraphComponent["metadata"] = { table: { env: variableOf("state", name) } },
): GraphComponent => ({
  name,
  block: "state",
  type: "state.aws.dynamodb",
  metadata,
});

function emitted(input: Parameters<typeof inputOf>[0], settings?: Parameters<typeof inputOf>[1]): Template {
  return JSON.parse(emit(inputOf(input, settings)).files["template.json"] ?? "") as Template;
}

describe("two that meet in one name are told, both", () => {
  test.each<readonly [string, readonly string[], Parameters<typeof inputOf>[0]]>([
    [
      "a role",
      ["the function x", "the function xSchedule", "XScheduleRole"],
      { functions: [one("x", daily), one("xSchedule", daily)] },
    ],
    [
      "two components",
      ["the component s1", "the component s-1", "S1Table"],
      { components: [table("s1"), table("s-1")] },
    ],
    [
      "a function and the API",
      ["the function httpApi", "the HTTP API", "HttpApiLogGroup"],
      { functions: [one("httpApi", get("/a"))] },
    ],
    [
      "an inbox and another's dead letters",
      ["ShipInboxDead", "ShipDeadInbox", "shop-dev-ship-dead"],
      { functions: [one("ship", topic("a")), one("shipDead", topic("a"))], components: [sns("pubsub")] },
    ],
    [
      "one topic of two brokers",
      ["FirstATopic", "SecondATopic", "shop-dev-a"],
      {
        functions: [one("f", topic("a", "first")), one("g", topic("a", "second"))],
        components: [sns("first"), sns("second")],
      },
    ],
    [
      "a topic with an order and without one",
      ["the topic a", "it is in order for all"],
      { functions: [one("f", topic("a")), one("g", topic("a", "pubsub", true))], components: [sns("pubsub")] },
    ],
  ])("%s", (_, said, input) => {
    for (const text of said) expect(() => emitted(input)).toThrow(text);
  });

  test("the manifest's own resource and one of ours", () => {
    const Resources = { FRole: { Type: "AWS::IAM::Role" } };
    expect(() =>
      emitted(
        { functions: [one("f", get("/a"))] },
        { aws: { template: { Resources }, environment: {}, statements: [] } },
      ),
    ).toThrow(/the stack and the manifest's `resources` both make FRole/);
  });
});

describe("names at their limits", () => {
  const long = `${"aB".repeat(20)}`;
  const service = "s".repeat(40);
  const stage = "t".repeat(20);
  const input = {
    service,
    functions: [one(long, topic(long)), one(`${long.slice(0, 39)}c`, topic(long)), one(`d${long.slice(1)}`, daily)],
    components: [sns("pubsub"), table(long)],
  };

  test("are cut where the service takes fewer, and stay apart", () => {
    const { Resources } = emitted(input, { stage });
    const most: Readonly<Record<string, number>> = {
      FunctionName: 64,
      QueueName: 80,
      TopicName: 256,
      TableName: 255,
      Name: 64,
    };
    const seen = new Set<string>();
    for (const [path, text] of textsOf(Resources)) {
      const key = path.split(".").at(-1) ?? "";
      if (most[key] === undefined) continue;
      expect(text.length, path).toBeLessThanOrEqual(most[key]);
      expect(seen.has(`${key} ${text}`), text).toBe(false);
      seen.add(`${key} ${text}`);
    }
    expect(seen.size).toBe(3 + 5 + 1 + 1 + 1);
  });

  test("of dead letters are what the inbox's name says", () => {
    const { Resources } = emitted(input, { stage });
    const names = Object.values(Resources).flatMap(({ Type, Properties }) =>
      Type === "AWS::SQS::Queue" ? [String(Properties["QueueName"])] : [],
    );
    const inboxes = names.filter((name) => !name.endsWith("-dead"));
    expect(inboxes).toHaveLength(2);
    for (const name of inboxes) expect(names).toContain(`${name}-dead`);
  });
});

describe("an app's texts", () => {
  const hostile = [
    "${AWS::AccountId}",
    '"quoted" and \\backslashed\\',
    "two\nlines\r\n\tand a tab",
    "[concat('a')]",
    "%{ if true }",
    "{{ mustache }}",
    "{{resolve",
    "\u2028 \u{1f600} \u0000",
    "!Ref Nothing",
    "",
    "x".repeat(4000),
  ];

  test.each(hostile)("come back as the same string: %j", (text) => {
    const { Resources } = emitted({ functions: [one("f", get("/a"))] }, { environment: { TEXT: text } });
    expect(at(Resources["FFunction"], "Properties.Environment.Variables")).toEqual({ TEXT: text });
  });

  test.each<readonly [string, string, () => unknown]>([
    [
      "a variable of all",
      "FFunction.Environment.Variables.TEXT",
      () => emitted({ functions: [one("f", get("/a"))] }, { environment: { TEXT: "{{resolve:ssm:x}}" } }),
    ],
    [
      "a variable of one",
      "FFunction.Environment.Variables.TEXT",
      () => emitted({ functions: [one("f", get("/a"), native({ httpApi: "*" }, { TEXT: "{{resolve:ssm:x}}" }))] }),
    ],
    [
      "a time zone",
      "FSchedule.ScheduleExpressionTimezone",
      () => emitted({ functions: [one("f", { ...daily, timeZone: "{{resolve:ssm:x}}" })] }),
    ],
    [
      "a table's key",
      "Properties",
      () =>
        emitted({ components: [table("t", { table: { env: "FAASTEN_STATE_T" }, partitionKey: "{{resolve:ssm:x}}" })] }),
    ],
  ])("that CloudFormation would replace are refused by name: %s", (_, where, make) => {
    const named = where === "Properties" ? "TTable.AttributeDefinitions" : where;
    expect(make).toThrow(`${named}`);
    expect(make).toThrow('holds "{{resolve:"');
  });

  test("that are more than Lambda takes are refused by name", () => {
    const make = () =>
      emitted({ functions: [one("f", get("/a"))] }, { environment: { SMALL: "1", LARGE: "x".repeat(10_240) } });
    expect(make).toThrow(/FFunction: the environment has 102\d\d bytes, and Lambda takes 4096: shorten LARGE/);
  });

  test.each(["AWS_REGION", "AWS_SECRET_ACCESS_KEY", "LAMBDA_TASK_ROOT", "_HANDLER", "with-dash", "1ST"])(
    "cannot be called as Lambda calls its own: %s",
    (name) => {
      const make = () => emitted({ functions: [one("f", get("/a"))] }, { environment: { [name]: "x" } });
      expect(make).toThrow(`FFunction: Lambda takes no variable "${name}"`);
    },
  );
});

describe("what a deployment would refuse is told before", () => {
  test.each<readonly [string, () => unknown]>([
    ["`logRetentionInDays` is 31", () => emitted({}, { logRetentionDays: 31 })],
    ["`timeout` of provider is 901", () => emitted({}, { timeout: 901 })],
    [
      "`memorySize` of f is 64",
      () => emitted({ functions: [one("f", get("/a"), { section: { memorySize: 64, environment: {}, event: {} } })] }),
    ],
    [
      "the stack has 603 resources, and 500 is the most",
      () => emitted({ functions: Array.from({ length: 100 }, (_, index) => one(`f${index}`, get(`/${index}`))) }),
    ],
    [
      "FRole of the stack refers to Queue, which is not there",
      () =>
        emitted({
          functions: [
            one(
              "f",
              { kind: "native", provider: "aws", event: "sqs" },
              native({ sqs: { arn: { "Fn::GetAtt": ["Queue", "Arn"] } } }),
            ),
          ],
        }),
    ],
    [
      "f (src/app.ts:7): the stack makes no `websocket` events",
      () =>
        emitted({
          functions: [
            one("f", { kind: "native", provider: "aws", event: "websocket" }, native({ websocket: "$connect" })),
          ],
        }),
    ],
    [
      "g (src/app.ts:7): f takes from the queue work as well",
      () =>
        emitted({
          functions: ["f", "g"].map((name) => one(name, { kind: "binding", binding: "work", attempts: 5 })),
          components: [bound("work", "bindings.aws.sqs")],
        }),
    ],
    ...["", "[]", "aws.ec2"].map((pattern): [string, () => unknown] => [
      "f (src/app.ts:7) takes events of bus, whose `pattern` has to say which",
      () =>
        emitted({
          functions: [one("f", { kind: "binding", binding: "bus", attempts: 5 })],
          components: [bound("bus", "bindings.aws.eventbridge", { pattern })],
        }),
    ]),
    [
      "the component billing: https://billing.example does not say whose it is: write the `arn`",
      () =>
        emitted({
          functions: [one("f", { kind: "http", method: "GET", path: "/" })],
          components: [
            { ...bound("billing", "invocation.aws.http", { baseUrl: "https://billing.example" }), block: "invocation" },
          ],
          grants: [{ function: "f", block: "invocation", component: "billing", right: "call" }],
        }),
    ],
    [
      "f (src/app.ts:7): CloudFormation tells nobody of the objects of a bucket",
      () =>
        emitted({
          functions: [
            one("f", { kind: "native", provider: "aws", event: "s3" }, native({ s3: { bucket: "b", existing: true } })),
          ],
        }),
    ],
    [
      "the component t is in us-east-1",
      () => emitted({ components: [table("t", { table: { env: "FAASTEN_STATE_T" }, region: "us-east-1" })] }),
    ],
    ...[
      bound("far", "bindings.aws.sqs", { queueName: "https://sqs.us-east-1.amazonaws.com/111122223333/far" }),
      bound("far", "bindings.aws.sqs", { queueName: "far", region: "us-east-1" }),
      bound("far", "bindings.aws.eventbridge", {
        eventBusName: "arn:aws:events:us-east-1:111122223333:event-bus/x",
        pattern: '{"source":["a"]}',
      }),
    ].map((component): [string, () => unknown] => [
      "of the stack is in eu-west-1, and takes from what is in us-east-1",
      () =>
        emitted(
          { functions: [one("f", { kind: "binding", binding: "far", attempts: 5 })], components: [component] },
          { region: "eu-west-1" },
        ),
    ]),
    [
      "the component t reads its `table` from the variable TABLE",
      () => emitted({ components: [table("t", { table: { env: "TABLE" } })] }),
    ],
    [
      "the component t reads its `table` from a secret",
      () => emitted({ components: [table("t", { table: { store: "s", secret: "x", key: "y" } })] }),
    ],
  ])("%s", (said, make) => {
    expect(make).toThrow(said);
  });
});

test("a broker in memory leaves a queue that whoever may can send to, and no topic", () => {
  const memory: GraphComponent = { name: "pubsub", block: "pubsub", type: "pubsub.in-memory", metadata: {} };
  const { Resources } = emitted({ functions: [one("f", topic("a"))], components: [memory] });
  const types = Object.values(Resources).map(({ Type }) => Type);
  expect(types).toContain("AWS::Lambda::EventSourceMapping");
  expect(types.filter((type) => type.startsWith("AWS::SNS::"))).toEqual([]);
});

test("the rest of a path is two routes, unless another function has the shorter one", () => {
  const keys = (functions: readonly GraphFunction[]): readonly unknown[] =>
    Object.values(emitted({ functions }).Resources).flatMap(({ Properties }) => Properties["RouteKey"] ?? []);
  expect(keys([one("f", get("/files/*"))])).toEqual(["GET /files/{proxy+}", "GET /files"]);
  expect(keys([one("f", get("/files/*", { rest: "key" }))])).toEqual(["GET /files/{key+}", "GET /files"]);
  expect(keys([one("f", get("/*", { method: "*", fallback: true }))])).toEqual(["$default"]);
  expect(keys([one("f", get("/*"))])).toEqual(["GET /{proxy+}", "GET /"]);
  expect(keys([one("f", get("/files/*")), one("g", get("/files"))])).toEqual(["GET /files/{proxy+}", "GET /files"]);
});

test("the preflights of a path go to one function, whatever its parameters are called", () => {
  const cors = { origins: ["*"] };
  const { Resources } = emitted({
    functions: [
      one("f", get("/a/:id", { cors })),
      one("g", get("/a/:key", { method: "PUT", cors })),
      one("h", get("/b", { cors })),
      one("i", get("/b", { method: "*" })),
    ],
  });
  const asked = Object.entries(Resources).filter(([, { Properties }]) =>
    String(Properties["RouteKey"]).startsWith("OPTIONS"),
  );
  expect(asked.map(([name, { Properties }]) => [name, Properties["RouteKey"]])).toEqual([
    ["FPreflightRoute", "OPTIONS /a/{id}"],
  ]);
});

describe("nothing of a secret", () => {
  test("of a component's own settings is in the template, or in what is told of it", () => {
    const metadata = {
      table: { env: "FAASTEN_STATE_T" },
      accessKey: "AKIAPLANTED",
      secretKey: "planted-in-the-yaml",
      sessionToken: { store: "vault", secret: "name-of-it", key: "token" },
    };
    const vault: GraphComponent = {
      name: "vault",
      block: "secretstores",
      type: "secretstores.local.env",
      metadata: {},
    };
    const grants = [{ function: "f", block: "state", component: "t", right: "read" }] as const;
    const made = emit(
      inputOf({
        functions: [one("f", get("/a"))],
        components: [table("t", metadata), { ...vault, type: "secretstores.aws.secretmanager" }],
        grants,
      }),
    );
    expect(JSON.stringify(made)).not.toMatch(/AKIAPLANTED|planted-in-the-yaml/);
    expect(JSON.stringify(made)).toContain("name-of-it-??????");
  });
});

test("the same input gives the same bytes, whatever came between", () => {
  const input = inputOf({
    functions: [one("f", topic("a")), one("g", daily), one("h", get("/h", { cors: { origins: ["*"] } }))],
    components: [sns("pubsub"), table("t")],
    grants: [{ function: "h", block: "state", component: "t", right: "readWrite" }],
  });
  const frozen = JSON.stringify(input);
  const first = emit(input);
  emit(inputOf({ functions: [one("z", daily)] }));
  expect(emit(structuredClone(input))).toEqual(first);
  expect(emit(input).files["template.json"]).toBe(first.files["template.json"]);
  expect(JSON.stringify(input)).toBe(frozen);
});
