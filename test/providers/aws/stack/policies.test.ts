// What emitted roles allow: each grant its own actions on its own resource, each with its reason.
import { describe, expect, test } from "vitest";
import { emit } from "../../../../providers/aws/stack/emit.ts";
import type { GraphFunction, GraphGrant } from "../../../../src/contracts/graph.ts";
import type { Stack, StackInput } from "../../../../src/contracts/stack.ts";
import { inputOf, textsOf } from "./template.ts";

const http = (name: string): GraphFunction => ({
  name,
  file: "src/app.ts",
  line: 1,
  on: { kind: "http", method: "GET", path: `/${name}`, access: "public" },
});
const on = (name: string, trigger: GraphFunction["on"], more: Partial<GraphFunction> = {}): GraphFunction => ({
  ...http(name),
  on: trigger,
  ...more,
});
const topic = { kind: "topic", topic: "placed", pubsub: "pubsub", attempts: 5, ordered: false } as const;

const components: StackInput["graph"]["components"] = [
  { name: "orders", block: "state", type: "state.aws.dynamodb", metadata: { table: { env: "FAASTEN_STATE_ORDERS" } } },
  {
    name: "pubsub",
    block: "pubsub",
    type: "pubsub.aws.snssqs",
    metadata: { topicPrefix: { env: "FAASTEN_PUBSUB_PUBSUB" } },
  },
  {
    name: "secretstore",
    block: "secretstores",
    type: "secretstores.aws.secretmanager",
    metadata: { prefix: { env: "FAASTEN_SECRETSTORES_SECRETSTORE" } },
  },
  { name: "parameters", block: "secretstores", type: "secretstores.aws.parameterstore", metadata: { prefix: "/own/" } },
  {
    name: "uploads",
    block: "bindings",
    type: "bindings.aws.s3",
    metadata: { bucket: { env: "FAASTEN_BINDINGS_UPLOADS" } },
  },
  { name: "files", block: "bindings", type: "bindings.aws.s3", metadata: { bucket: "theirs" } },
  {
    name: "work",
    block: "bindings",
    type: "bindings.aws.sqs",
    metadata: { queueName: { env: "FAASTEN_BINDINGS_WORK" } },
  },
  { name: "named", block: "bindings", type: "bindings.aws.sqs", metadata: { queueName: "theirs" } },
  {
    name: "addressed",
    block: "bindings",
    type: "bindings.aws.sqs",
    metadata: { queueName: "https://sqs.eu-west-1.amazonaws.com/210987654321/theirs" },
  },
  {
    name: "news",
    block: "bindings",
    type: "bindings.aws.sns",
    metadata: { topicArn: { env: "FAASTEN_BINDINGS_NEWS" } },
  },
  { name: "items", block: "bindings", type: "bindings.aws.dynamodb", metadata: { table: "theirs" } },
  {
    name: "bus",
    block: "bindings",
    type: "bindings.aws.eventbridge",
    metadata: { eventBusName: "ours", pattern: "{}" },
  },
  {
    name: "configstore",
    block: "configuration",
    type: "configuration.aws.parameterstore",
    metadata: { prefix: { env: "FAASTEN_CONFIGURATION_CONFIGSTORE" } },
  },
  {
    name: "billing",
    block: "invocation",
    type: "invocation.aws.http",
    metadata: { baseUrl: { env: "FAASTEN_INVOCATION_BILLING" } },
  },
  {
    name: "ledger",
    block: "invocation",
    type: "invocation.aws.http",
    metadata: { baseUrl: "https://abc123.execute-api.us-east-1.amazonaws.com/v1" },
  },
  {
    name: "reports",
    block: "invocation",
    type: "invocation.aws.http",
    metadata: {
      baseUrl: "https://xyz.lambda-url.eu-west-1.on.aws",
      arn: "arn:aws:lambda:eu-west-1:123456789012:function:reports",
    },
  },
  { name: "kept", block: "state", type: "state.aws.dynamodb", metadata: {}, existing: true },
];

/** Actions → resources, of what one function with these grants may do beside its log. */
function allowed(grants: readonly Omit<GraphGrant, "function">[], one = http("one")): Readonly<Record<string, string>> {
  const { permissions } = emit(
    inputOf({ functions: [one], components, grants: grants.map((grant) => ({ ...grant, function: one.name })) }),
  );
  const [log, ...others] = permissions;
  expect(log).toMatchObject({ actions: ["logs:CreateLogStream", "logs:PutLogEvents"] });
  return Object.fromEntries(others.map(({ actions, resource }) => [[...actions].sort().join(" "), resource]));
}

const state = (right: GraphGrant["right"], component = "orders"): Omit<GraphGrant, "function"> => ({
  block: "state",
  component,
  right,
});
const ordersTable = '{"Fn::GetAtt":["OrdersTable","Arn"]}';

describe("each right has its own actions", () => {
  test("read", () =>
    expect(allowed([state("read")])).toEqual({ "dynamodb:BatchGetItem dynamodb:GetItem": ordersTable }));
  test("readWrite", () =>
    expect(allowed([state("readWrite")])).toEqual({
      "dynamodb:BatchGetItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem": ordersTable,
    }));
  test("list", () => expect(allowed([state("list")])).toEqual({ "dynamodb:Scan": ordersTable }));
  test("publish, on that topic alone", () =>
    expect(allowed([{ block: "pubsub", component: "pubsub", right: "publish", resource: "order.placed" }])).toEqual({
      "sns:Publish": '{"Ref":"PubsubOrderPlacedTopic"}',
    }));
  test("a secret, and no other whose name begins with its own", () =>
    expect(allowed([{ block: "secretstores", component: "secretstore", right: "read", resource: "key" }])).toEqual({
      "secretsmanager:GetSecretValue": expect.stringMatching(/:secret:shop-dev-key-\?{6}"/),
    }));
  test("a parameter", () =>
    expect(allowed([{ block: "secretstores", component: "parameters", right: "read", resource: "key" }])).toEqual({
      "ssm:GetParameter": expect.stringContaining(":parameter/own/key"),
    }));
  test("a table that is there already, by the name that it would have had", () =>
    expect(allowed([state("read", "kept")])).toEqual({
      "dynamodb:BatchGetItem dynamodb:GetItem": expect.stringContaining(":table/shop-dev-kept"),
    }));
  test("nothing", () => expect(allowed([])).toEqual({}));
});

const output = (component: string, ...operations: string[]): Omit<GraphGrant, "function"> => ({
  ...{ block: "bindings", component, right: "output", operations },
});
const uploads = '{"Fn::GetAtt":["UploadsBucket","Arn"]}';
const uploadsObjects = `{"Fn::Join":["",[${uploads},"/*"]]}`;

describe("each operation of a binding has its own", () => {
  test.each<readonly [string, Readonly<Record<string, string>>]>([
    ["create", { "s3:PutObject": uploadsObjects }],
    ["createIfAbsent", { "s3:PutObject": uploadsObjects }],
    ["replace", { "s3:GetObject s3:PutObject": uploadsObjects, "s3:ListBucket": uploads }],
    ["get", { "s3:GetObject": uploadsObjects, "s3:ListBucket": uploads }],
    ["list", { "s3:ListBucket": uploads }],
    ["delete", { "s3:DeleteObject": uploadsObjects, "s3:ListBucket": uploads }],
    ["bulkDelete", { "s3:DeleteObject": uploadsObjects }],
    ["presign", { "s3:GetObject s3:PutObject": uploadsObjects, "s3:ListBucket": uploads }],
  ])("of a bucket: %s", (operation, wanted) => expect(allowed([output("uploads", operation)])).toEqual(wanted));

  test("of a bucket that is there already, its own", () =>
    expect(allowed([output("files", "create")])).toEqual({
      "s3:PutObject": expect.stringContaining(':s3:::","theirs"'),
    }));

  const partition = '{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},';
  const here = '{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},';
  test.each<readonly [string, Readonly<Record<string, string>>]>([
    ["work", { "sqs:SendMessage": '{"Fn::GetAtt":["WorkQueue","Arn"]}' }],
    ["named", { "sqs:GetQueueUrl sqs:SendMessage": `${partition}":sqs:",${here}":theirs"]]}` }],
    ["addressed", { "sqs:SendMessage": `${partition}":sqs:eu-west-1:210987654321:theirs"]]}` }],
    ["news", { "sns:Publish": '{"Ref":"NewsNotificationTopic"}' }],
    ["items", { "dynamodb:PutItem": `${partition}":dynamodb:",${here}":table/theirs"]]}` }],
    ["bus", { "events:PutEvents": `${partition}":events:",${here}":event-bus/ours"]]}` }],
  ])("of %s", (name, wanted) => expect(allowed([output(name, "create")])).toEqual(wanted));
});

test("each key of the configuration", () => {
  const grant = { block: "configuration", component: "configstore", right: "read", keys: ["a", "b"] } as const;
  const { permissions } = emit(
    inputOf({ functions: [http("one")], components, grants: [{ ...grant, function: "one" }] }),
  );
  expect(permissions.slice(1).map(({ actions, resource, because }) => [actions, resource.slice(-21), because])).toEqual(
    [
      [["ssm:GetParameters"], ':parameter/shop/dev/a"]]}'.slice(-21), ["one may read configstore (a)"]],
      [["ssm:GetParameters"], ':parameter/shop/dev/b"]]}'.slice(-21), ["one may read configstore (b)"]],
    ],
  );
});

describe("each service that is called", () => {
  const call = (component: string) => allowed([{ block: "invocation", component, right: "call" }]);
  test("the API whose address the deployer says", () =>
    expect(call("billing")).toEqual({
      "execute-api:Invoke": expect.stringMatching(/"Fn::Select":\[0,.*"BillingServiceUrl".*"\/\*"\]\]}$/),
    }));
  test("the API whose address the YAML says", () =>
    expect(call("ledger")).toEqual({
      "execute-api:Invoke": expect.stringMatching(
        /":execute-api:","us-east-1",":",\{"Ref":"AWS::AccountId"\},":","abc123","\/\*"/,
      ),
    }));
  test("the function behind a URL", () =>
    expect(call("reports")).toEqual({
      "lambda:InvokeFunction lambda:InvokeFunctionUrl": "arn:aws:lambda:eu-west-1:123456789012:function:reports",
    }));
});

describe("each trigger has its own", () => {
  test("what comes to a binding", () => {
    const input = (binding: string) => allowed([], on("one", { kind: "binding", binding, attempts: 5 }));
    const take = "sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage";
    const own = {
      [take]: '{"Fn::GetAtt":["OneInbox","Arn"]}',
      "sqs:SendMessage": '{"Fn::GetAtt":["OneInboxDead","Arn"]}',
    };
    expect(input("uploads")).toEqual(own);
    expect(input("news")).toEqual(own);
    expect(input("bus")).toEqual(own);
    expect(input("work")).toEqual({
      [take]: '{"Fn::GetAtt":["WorkQueue","Arn"]}',
      "sqs:SendMessage": '{"Fn::GetAtt":["WorkQueueDead","Arn"]}',
    });
    expect(input("named")).toEqual({
      [take]: expect.stringMatching(/":theirs"\]\]\}$/),
      "sqs:SendMessage": expect.stringMatching(/":theirs-dead"\]\]\}$/),
    });
    expect(input("addressed")).toEqual({
      [take]: expect.stringContaining(':sqs:eu-west-1:210987654321:theirs"'),
      "sqs:SendMessage": expect.stringContaining(':sqs:eu-west-1:210987654321:theirs-dead"'),
    });
  });

  test("a subscriber takes from its inbox, and sends to its own dead letters", () =>
    expect(allowed([], on("ship", topic))).toEqual({
      "sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage":
        '{"Fn::GetAtt":["ShipInbox","Arn"]}',
      "sqs:SendMessage": '{"Fn::GetAtt":["ShipInboxDead","Arn"]}',
    }));
  test("a schedule's dead letters are stored in its own name", () =>
    expect(allowed([], on("sweep", { kind: "schedule", cron: "0 3 * * *" }))).toEqual({
      "sqs:SendMessage": '{"Fn::GetAtt":["SweepInboxDead","Arn"]}',
    }));
  test("a handler of a queue or a stream that the manifest names", () => {
    const native = (event: object): GraphFunction =>
      on(
        "one",
        { kind: "native", provider: "aws", event: "sqs" },
        { section: { environment: {}, event: { ...event } } },
      );
    const sqs = "arn:aws:sqs:eu-west-1:123456789012:theirs";
    expect(allowed([], native({ sqs }))).toEqual({
      "sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage": sqs,
    });
    const table = "arn:aws:dynamodb:eu-west-1:123456789012:table/theirs/stream/1";
    expect(allowed([], native({ stream: table }))).toEqual({
      "dynamodb:DescribeStream dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:ListStreams": table,
    });
  });
});

test("what one function may do is no other's", () => {
  const { files } = emit(
    inputOf({
      functions: [http("one"), http("two")],
      components,
      grants: [{ ...state("readWrite"), function: "one" }],
    }),
  );
  const { Resources } = JSON.parse(files["template.json"] ?? "") as {
    readonly Resources: Readonly<Record<string, unknown>>;
  };
  expect(JSON.stringify(Resources["OneRole"])).toContain("dynamodb:PutItem");
  expect(JSON.stringify(Resources["TwoRole"])).not.toContain("dynamodb:");
});

test("what two ask for is allowed once, for both reasons", () => {
  const twice = { ...state("read"), function: "one" };
  const { permissions } = emit(
    inputOf({ functions: [http("one")], components, grants: [twice, { ...twice, resource: "a" }] }),
  );
  expect(permissions.slice(1)).toEqual([
    {
      deployable: "one",
      actions: ["dynamodb:BatchGetItem", "dynamodb:GetItem"],
      resource: ordersTable,
      because: ["one may read orders", "one may read orders (a)"],
    },
  ]);
});

/** Every function and right at once. */
function everything(): Stack {
  const functions = [http("one"), on("ship", topic), on("sweep", { kind: "schedule", cron: "0 3 * * *" })];
  const rights = [
    state("read"),
    state("readWrite"),
    state("list"),
    { block: "pubsub", component: "pubsub", right: "publish", resource: "placed" } as const,
  ];
  return emit(
    inputOf({
      functions,
      components,
      grants: functions.flatMap(({ name }) => rights.map((one) => ({ ...one, function: name }))),
    }),
  );
}

test("nothing is allowed on everything, nor every action of a service", () => {
  const { files, permissions } = everything();
  const texts = [...textsOf(JSON.parse(files["template.json"] ?? ""))];
  expect(
    texts.filter(([path, text]) => path.includes("Resource") && path.endsWith(".Resource") && text === "*"),
  ).toEqual([]);
  for (const { actions, resource } of permissions) {
    expect(actions.filter((action) => action.includes("*"))).toEqual([]);
    expect(resource).not.toBe("*");
  }
});

test("every permission says who asks for it", () => {
  const { permissions } = everything();
  expect(permissions.length).toBeGreaterThan(10);
  for (const { deployable, because } of permissions)
    for (const reason of because) expect(reason).toMatch(new RegExp(`\\b${deployable}\\b`));
});

test("the template allows what the permissions say, and no more", () => {
  const { files, permissions } = everything();
  const { Resources } = JSON.parse(files["template.json"] ?? "") as {
    readonly Resources: Readonly<
      Record<
        string,
        {
          readonly Type: string;
          readonly Properties: {
            readonly Policies?: readonly {
              readonly PolicyDocument: {
                readonly Statement: readonly { readonly Action: readonly string[]; readonly Resource: unknown }[];
              };
            }[];
          };
        }
      >
    >;
  };
  const written = ["one", "ship", "sweep"].flatMap((name) =>
    (Resources[`${name.charAt(0).toUpperCase()}${name.slice(1)}Role`]?.Properties.Policies ?? []).flatMap(
      ({ PolicyDocument }) =>
        PolicyDocument.Statement.map(({ Action, Resource }) => [name, Action, JSON.stringify(Resource)]),
    ),
  );
  expect(written).toEqual(permissions.map(({ deployable, actions, resource }) => [deployable, actions, resource]));
});

test("what the manifest grants goes to its own handlers alone, as it is written", () => {
  const handler = on(
    "old",
    { kind: "native", provider: "aws", event: "invoke" },
    { section: { environment: {}, event: { invoke: null } } },
  );
  const statement = { Effect: "Allow", Action: "s3:GetObject", Resource: { "Fn::Sub": "${Bucket.Arn}/*" } };
  const { permissions } = emit(
    inputOf({ functions: [http("one"), handler] }, { aws: { template: {}, environment: {}, statements: [statement] } }),
  );
  expect(permissions.filter(({ actions }) => actions.includes("s3:GetObject"))).toEqual([
    {
      deployable: "old",
      actions: ["s3:GetObject"],
      resource: '{"Fn::Sub":"${Bucket.Arn}/*"}',
      because: ["`provider.iam.role.statements` of the manifest"],
    },
  ]);
});
