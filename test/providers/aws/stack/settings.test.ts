// The settings of an emitted stack, each by itself: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Graph } from "../../../../src/contracts/graph.ts";
import type { BuiltApp } from "../../../build/built.ts";
import { remove } from "../../../dev/running.ts";
import { at, buildFixture, type Made, read, type Template, textsOf } from "./template.ts";

let built: BuiltApp;
let template: Template;
let graph: Graph;
beforeAll(() => {
  built = buildFixture("aws-stack");
  template = read(built.output);
  graph = JSON.parse(readFileSync(join(built.output, "graph.json"), "utf8")) as Graph;
}, 120_000);
afterAll(() => remove(built.folder));

const retention = 14 * 24 * 60 * 60;
const placed = { Ref: "PubsubOrderPlacedTopic" };
const arnOf = (name: string, attribute = "Arn"): unknown => ({ "Fn::GetAtt": [name, attribute] });
const here = (service: string, resource: string): unknown => ({
  "Fn::Join": [
    "",
    [
      "arn:",
      { Ref: "AWS::Partition" },
      `:${service}:`,
      { Ref: "AWS::Region" },
      ":",
      { Ref: "AWS::AccountId" },
      `:${resource}`,
    ],
  ],
});

describe.each<readonly [string, Readonly<Record<string, unknown>>]>([
  [
    "ShipInbox",
    {
      QueueName: "everything-test-ship",
      VisibilityTimeout: 6 * 60,
      MessageRetentionPeriod: retention,
      SqsManagedSseEnabled: true,
      RedrivePolicy: { deadLetterTargetArn: arnOf("ShipInboxDead"), maxReceiveCount: 7 },
      FifoQueue: undefined,
    },
  ],
  [
    "ShipInboxDead",
    { QueueName: "everything-test-ship-dead", MessageRetentionPeriod: retention, SqsManagedSseEnabled: true },
  ],
  [
    "RankInbox",
    {
      QueueName: "everything-test-rank.fifo",
      FifoQueue: true,
      DeduplicationScope: "messageGroup",
      FifoThroughputLimit: "perMessageGroupId",
      "RedrivePolicy.maxReceiveCount": 5,
    },
  ],
  ["RankInboxDead", { QueueName: "everything-test-rank-dead.fifo", FifoQueue: true }],
  ["RankMapping", { BatchSize: 1 }],
  [
    "ShipMapping",
    {
      BatchSize: 10,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      EventSourceArn: arnOf("ShipInbox"),
      Enabled: true,
    },
  ],
  ["ShipAllMapping", { BatchSize: 10 }],
  ["ShipSubscription", { Protocol: "sqs", RawMessageDelivery: true, TopicArn: placed, Endpoint: arnOf("ShipInbox") }],
  [
    "ShipInboxPolicy",
    {
      "PolicyDocument.Statement.0.Principal": { Service: "sns.amazonaws.com" },
      "PolicyDocument.Statement.0.Action": "sqs:SendMessage",
      "PolicyDocument.Statement.0.Condition": { ArnEquals: { "aws:SourceArn": placed } },
    },
  ],
  ["HeardSubscription", { TopicArn: "arn:aws:sns:eu-west-1:210987654321:theirs-legacy" }],
  [
    "PubsubOrderPlacedTopic",
    { TopicName: "everything-test-order-placed", KmsMasterKeyId: "alias/aws/sns", FifoTopic: undefined },
  ],
  [
    "PubsubRankedTopic",
    {
      TopicName: "everything-test-ranked.fifo",
      FifoTopic: true,
      ContentBasedDeduplication: false,
      FifoThroughputScope: "MessageGroup",
    },
  ],
  [
    "OrdersTable",
    {
      TableName: "everything-test-orders",
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
      TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
      "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": true,
      "SSESpecification.SSEEnabled": true,
    },
  ],
  [
    "ListedTable",
    {
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      TimeToLiveSpecification: { AttributeName: "gone", Enabled: true },
    },
  ],
  [
    "SweepSchedule",
    {
      ScheduleExpression: "cron(0 3 ? * MON-FRI *)",
      ScheduleExpressionTimezone: "Europe/Paris",
      FlexibleTimeWindow: { Mode: "OFF" },
      "Target.RetryPolicy": { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600 },
      "Target.DeadLetterConfig": { Arn: arnOf("SweepInboxDead") },
      "Target.Arn": arnOf("SweepFunction"),
    },
  ],
  ["OftenSchedule", { ScheduleExpression: "cron(0/15 * * * ? *)", ScheduleExpressionTimezone: "UTC" }],
  [
    "SweepRetries",
    {
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 3600,
      DestinationConfig: { OnFailure: { Destination: arnOf("SweepInboxDead") } },
    },
  ],
  ["StreamedUrl", { InvokeMode: "RESPONSE_STREAM", AuthType: "NONE" }],
  ["StreamedUrlPermission", { Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE", Principal: "*" }],
  ["StreamedUrlInvokePermission", { Action: "lambda:InvokeFunction", InvokedViaFunctionUrl: true }],
  ["AloneUrl", { InvokeMode: "BUFFERED", AuthType: "AWS_IAM" }],
  ["AloneUrlPermission", { FunctionUrlAuthType: "AWS_IAM", Principal: { Ref: "AWS::AccountId" } }],
  ["AloneUrlInvokePermission", { Principal: { Ref: "AWS::AccountId" }, InvokedViaFunctionUrl: true }],
  ["ReadIntegration", { PayloadFormatVersion: "2.0", TimeoutInMillis: 30_000, IntegrationType: "AWS_PROXY" }],
  ["OldIntegration", { PayloadFormatVersion: "1.0" }],
  ["ReadRoute", { RouteKey: "GET /orders/{id}", AuthorizationType: "NONE" }],
  ["ListRoute", { RouteKey: "GET /orders", AuthorizationType: "AWS_IAM" }],
  ["WriteRoute", { RouteKey: "PUT /orders/{id}", AuthorizationType: "NONE" }],
  ["WritePreflightRoute", { RouteKey: "OPTIONS /orders/{id}", AuthorizationType: "NONE" }],
  ["FilesRoute", { RouteKey: "ANY /files/{proxy+}" }],
  ["FilesRestRoute", { RouteKey: "ANY /files" }],
  [
    "HttpApiStage",
    { StageName: "$default", AutoDeploy: true, "AccessLogSettings.DestinationArn": arnOf("HttpApiLogGroup") },
  ],
  [
    "ReadFunction",
    {
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      MemorySize: 1024,
      Timeout: 60,
      "LoggingConfig.LogGroup": { Ref: "ReadLogGroup" },
    },
  ],
  ["QueuedFunction", { MemorySize: 256, Timeout: 20, "Environment.Variables.LEDGER": { Ref: "Ledger" } }],
  ["ShipFunction", { "Environment.Variables.LEDGER_ARN": arnOf("Ledger") }],
  // Of `functions:`, on what the manifest names.
  [
    "QueuedMapping",
    {
      EventSourceArn: "arn:aws:sqs:eu-west-1:123456789012:existing",
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 10,
      ScalingConfig: { MaximumConcurrency: 5 },
      FunctionResponseTypes: undefined,
    },
  ],
  [
    "ChangedMapping",
    {
      EventSourceArn: arnOf("Ledger", "StreamArn"),
      BatchSize: 25,
      MaximumBatchingWindowInSeconds: 5,
      StartingPosition: "LATEST",
      MaximumRetryAttempts: 3,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      FilterCriteria: { Filters: [{ Pattern: '{"eventName":["INSERT"]}' }] },
    },
  ],
  [
    "ClickedMapping",
    { EventSourceArn: "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks", StartingPosition: "TRIM_HORIZON" },
  ],
  ["ToldTopic", { TopicName: "dispatch" }],
  ["ToldSubscription", { Protocol: "lambda", TopicArn: { Ref: "ToldTopic" } }],
  [
    "ToldOnSnsSubscription",
    {
      TopicArn: "arn:aws:sns:us-east-1:123456789012:elsewhere",
      Region: "us-east-1",
      FilterPolicy: { kind: ["big"] },
      FilterPolicyScope: "MessageAttributes",
    },
  ],
  [
    "ToldOnSnsTopicPermission",
    { Principal: "sns.amazonaws.com", SourceArn: "arn:aws:sns:us-east-1:123456789012:elsewhere" },
  ],
  ["ToldOnSnsRetries", { MaximumRetryAttempts: 2 }],
  [
    "ToldOnEventBridgeRule",
    {
      EventPattern: { source: ["aws.ec2"] },
      "Targets.0.InputPath": "$.detail",
      "Targets.0.RetryPolicy": { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 1 },
    },
  ],
  ["ToldOnEventBridgeRulePermission", { Principal: "events.amazonaws.com", SourceArn: arnOf("ToldOnEventBridgeRule") }],
  ["ToldOnS3BucketPermission", { Principal: "s3.amazonaws.com", SourceAccount: { Ref: "AWS::AccountId" } }],
  ["ToldOnAlbTargets", { TargetType: "lambda", Targets: [{ Id: arnOf("ToldOnAlbFunction") }] }],
  [
    "ToldOnAlbTargetPermission",
    { SourceArn: here("elasticloadbalancing", "targetgroup/everything-test-told-on-alb/*") },
  ],
  [
    "ToldOnAlbListenerRule",
    {
      Priority: 7,
      "Conditions.0.PathPatternConfig.Values": ["/told", "/told/*"],
      "Conditions.1.HttpRequestMethodConfig.Values": ["GET", "POST"],
    },
  ],
  [
    "EverythingUploadsBucket",
    {
      "PublicAccessBlockConfiguration.RestrictPublicBuckets": true,
      "NotificationConfiguration.LambdaConfigurations.0.Event": "s3:ObjectCreated:Put",
      "NotificationConfiguration.LambdaConfigurations.0.Filter.S3Key.Rules": [
        { Name: "prefix", Value: "in/" },
        { Name: "suffix", Value: ".csv" },
      ],
      "NotificationConfiguration.LambdaConfigurations.1.Event": "s3:ObjectRemoved:*",
    },
  ],
  [
    "UploadsBucket",
    {
      BucketName: {
        "Fn::Join": ["", ["everything-test-uploads", "-", { Ref: "AWS::AccountId" }, "-", { Ref: "AWS::Region" }]],
      },
      "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm": "AES256",
      "OwnershipControls.Rules.0.ObjectOwnership": "BucketOwnerEnforced",
      "PublicAccessBlockConfiguration.BlockPublicAcls": true,
      "PublicAccessBlockConfiguration.BlockPublicPolicy": true,
      "PublicAccessBlockConfiguration.IgnorePublicAcls": true,
      "PublicAccessBlockConfiguration.RestrictPublicBuckets": true,
      "LifecycleConfiguration.Rules.0.AbortIncompleteMultipartUpload.DaysAfterInitiation": 7,
      "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled": true,
    },
  ],
  [
    "UploadsBucketPolicy",
    {
      "PolicyDocument.Statement.0.Effect": "Deny",
      "PolicyDocument.Statement.0.Condition": { Bool: { "aws:SecureTransport": "false" } },
    },
  ],
  [
    "UploadedRule",
    {
      EventPattern: {
        source: ["aws.s3"],
        "detail-type": ["Object Created", "Object Deleted"],
        detail: { bucket: { name: [{ Ref: "UploadsBucket" }] } },
      },
      State: "ENABLED",
      "Targets.0.Arn": arnOf("UploadedInbox"),
      "Targets.0.DeadLetterConfig": { Arn: arnOf("UploadedInboxDead") },
    },
  ],
  [
    "UploadedInbox",
    {
      QueueName: "everything-test-uploaded",
      VisibilityTimeout: 6 * 60,
      MessageRetentionPeriod: retention,
      SqsManagedSseEnabled: true,
      RedrivePolicy: { deadLetterTargetArn: arnOf("UploadedInboxDead"), maxReceiveCount: 2 },
      FifoQueue: undefined,
    },
  ],
  ["UploadedTooInbox", { "RedrivePolicy.maxReceiveCount": 5 }],
  [
    "UploadedInboxDead",
    { QueueName: "everything-test-uploaded-dead", MessageRetentionPeriod: retention, SqsManagedSseEnabled: true },
  ],
  [
    "UploadedMapping",
    {
      EventSourceArn: arnOf("UploadedInbox"),
      BatchSize: 10,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      Enabled: true,
    },
  ],
  [
    "UploadedInboxPolicy",
    {
      "PolicyDocument.Statement.0.Action": "sqs:SendMessage",
      "PolicyDocument.Statement.0.Resource": arnOf("UploadedInbox"),
      "PolicyDocument.Statement.0.Principal": { Service: "events.amazonaws.com" },
      "PolicyDocument.Statement.0.Condition": { ArnEquals: { "aws:SourceArn": arnOf("UploadedRule") } },
    },
  ],
  [
    "UploadedInboxDeadPolicy",
    {
      "PolicyDocument.Statement.0.Principal": { Service: "events.amazonaws.com" },
      "PolicyDocument.Statement.0.Condition": { ArnEquals: { "aws:SourceArn": arnOf("UploadedRule") } },
    },
  ],
  [
    "WorkQueue",
    {
      QueueName: "everything-test-work",
      VisibilityTimeout: 360,
      MessageRetentionPeriod: retention,
      SqsManagedSseEnabled: true,
      RedrivePolicy: { deadLetterTargetArn: arnOf("WorkQueueDead"), maxReceiveCount: 4 },
    },
  ],
  ["WorkQueueDead", { QueueName: "everything-test-work-dead", MessageRetentionPeriod: retention }],
  [
    "WorkedMapping",
    { EventSourceArn: arnOf("WorkQueue"), BatchSize: 10, FunctionResponseTypes: ["ReportBatchItemFailures"] },
  ],
  ["NewsNotificationTopic", { TopicName: "everything-test-news", KmsMasterKeyId: "alias/aws/sns" }],
  [
    "InformedSubscription",
    {
      Protocol: "sqs",
      TopicArn: { Ref: "NewsNotificationTopic" },
      Endpoint: arnOf("InformedInbox"),
      // What SNS wraps says which topic it is of.
      RawMessageDelivery: undefined,
    },
  ],
  [
    "InformedInboxPolicy",
    {
      "PolicyDocument.Statement.0.Principal": { Service: "sns.amazonaws.com" },
      "PolicyDocument.Statement.0.Condition": { ArnEquals: { "aws:SourceArn": { Ref: "NewsNotificationTopic" } } },
    },
  ],
  ["InformedFunction", { "Environment.Variables.FAASTEN_INBOX_INFORMED": { Ref: "InformedInbox" } }],
  ["InformedMapping", { EventSourceArn: arnOf("InformedInbox") }],
  [
    "BussedRule",
    {
      EventBusName: "default",
      EventPattern: { source: ["aws.ec2"] },
      "Targets.0.Arn": arnOf("BussedInbox"),
      "Targets.0.DeadLetterConfig": { Arn: arnOf("BussedInboxDead") },
    },
  ],
  ["BussedMapping", { EventSourceArn: arnOf("BussedInbox") }],
  ["WorkedFunction", { "Environment.Variables.FAASTEN_INBOX_WORKED": { Ref: "WorkQueue" } }],
  [
    "TheirsFunction",
    {
      "Environment.Variables.FAASTEN_INBOX_THEIRS": {
        "Fn::Join": [
          "",
          [
            "https://sqs.",
            { Ref: "AWS::Region" },
            ".",
            { Ref: "AWS::URLSuffix" },
            "/",
            { Ref: "AWS::AccountId" },
            "/theirs",
          ],
        ],
      },
    },
  ],
  ["TheirsMapping", { EventSourceArn: here("sqs", "theirs") }],
  [
    "SendsFunction",
    {
      "Environment.Variables.FAASTEN_BINDINGS_UPLOADS": { Ref: "UploadsBucket" },
      "Environment.Variables.FAASTEN_BINDINGS_WORK": { Ref: "WorkQueue" },
      "Environment.Variables.FAASTEN_BINDINGS_NEWS": { Ref: "NewsNotificationTopic" },
      "Environment.Variables.FAASTEN_BINDINGS_BUS": "default",
      "Environment.Variables.FAASTEN_CONFIGURATION_CONFIGSTORE": "/everything/test/",
      "Environment.Variables.FAASTEN_INVOCATION_BILLING": { Ref: "BillingServiceUrl" },
      "Environment.Variables.FAASTEN_INVOCATION_LEDGER": undefined,
    },
  ],
])("%s", (name, settings) => {
  test.each(Object.entries(settings))("%s", (path, wanted) => {
    expect(Object.keys(template.Resources)).toContain(name);
    expect(at(template.Resources[name]?.Properties, path)).toEqual(wanted);
  });
});

const ofType = (type: string): readonly (readonly [string, Made])[] =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type);

test("what holds data outlives the stack and any replacement, and nothing else does", () => {
  const holding = ["AWS::DynamoDB::Table", "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::S3::Bucket"];
  for (const [name, { Type, DeletionPolicy, UpdateReplacePolicy }] of Object.entries(template.Resources)) {
    const wanted = holding.includes(Type) && name !== "Ledger" ? "Retain" : undefined;
    // A queue or a topic that a failed first deployment has left would stand in the way of the next.
    const deleted = wanted && /::(?:SNS|SQS)::/.test(Type) ? "RetainExceptOnCreate" : wanted;
    expect([name, DeletionPolicy, UpdateReplacePolicy]).toEqual([name, deleted, wanted]);
  }
});

test("every function has a role, a log with its retention, and an archive of its own", () => {
  const functions = ofType("AWS::Lambda::Function");
  expect(functions.map(([name]) => name.replace(/Function$/, "").toLowerCase()).sort()).toEqual(
    graph.deployables.map(({ name }) => name.toLowerCase()).sort(),
  );
  for (const property of ["Role", "LoggingConfig.LogGroup", "Code.S3Key"])
    expect(new Set(functions.map(([, one]) => JSON.stringify(at(one.Properties, property)))).size).toBe(
      functions.length,
    );
  for (const [name, one] of ofType("AWS::Logs::LogGroup"))
    expect([name, one.Properties["RetentionInDays"]]).toEqual([name, 14]);
  for (const [name, one] of functions)
    expect([name, at(one.Properties, "Code.S3Key")]).toEqual([
      name,
      expect.stringMatching(/^everything\/test\/\w+-[0-9a-f]{64}\.zip$/),
    ]);
});

test("a function gets the variables that its bundle reads, and no other of ours", () => {
  for (const { name, on } of graph.functions) {
    const bundle = readFileSync(join(built.output, "functions", name, "index.mjs"), "utf8");
    const read = new Set(bundle.match(/FAASTEN_[A-Z0-9_]+/g) ?? []);
    // Of those who publish alone, the broker's module never comes to read it.
    if (on.kind !== "topic") read.delete("FAASTEN_SNS_DELIVERY");
    const waits = on.kind === "topic" || (on.kind === "binding" && on.cron === undefined);
    const inbox = waits ? [`FAASTEN_INBOX_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`] : [];
    const logical = `${name.charAt(0).toUpperCase()}${name.slice(1)}Function`;
    const given = Object.keys(Object(at(template.Resources[logical]?.Properties, "Environment.Variables")));
    expect([name, given.filter((one) => one.startsWith("FAASTEN_")).sort()]).toEqual([
      name,
      [...read, ...inbox].sort(),
    ]);
  }
});

test("an app's own text comes back as it was written", () => {
  expect(at(template.Resources["ReadFunction"]?.Properties, "Environment.Variables.PLAIN")).toBe(
    'a "quoted" $${text}, 100 % {{ plain }}\nof two lines',
  );
});

test("everybody who may call a function is named by what calls it", () => {
  for (const [name, { Properties }] of ofType("AWS::Lambda::Permission")) {
    const url = Properties["FunctionUrlAuthType"] !== undefined || Properties["InvokedViaFunctionUrl"] === true;
    expect([name, Properties["SourceArn"] !== undefined || url]).toEqual([name, true]);
  }
});

test("of another app that the YAML does not place the deployer is asked", () => {
  expect(Object.keys(template.Parameters).sort()).toEqual(["ArtifactBucket", "BillingServiceUrl"]);
  const { AllowedPattern } = template.Parameters["BillingServiceUrl"] as { readonly AllowedPattern: string };
  const pattern = new RegExp(`^${AllowedPattern}$`);
  expect("https://a1b2.execute-api.eu-west-1.amazonaws.com").toMatch(pattern);
  expect("https://a1b2.lambda-url.eu-west-1.on.aws").not.toMatch(pattern);
  expect("http://a1b2.execute-api.eu-west-1.amazonaws.com").not.toMatch(pattern);
});

test("the manifest's own resources and outputs are part of it", () => {
  expect(template.Resources["Ledger"]?.Type).toBe("AWS::DynamoDB::Table");
  expect(Object.keys(template.Outputs).sort()).toEqual(["AloneAddress", "HttpApiUrl", "LedgerName", "StreamedAddress"]);
});

test("names fit what their services take", () => {
  const most: Readonly<Record<string, number>> = {
    FunctionName: 64,
    QueueName: 80,
    TopicName: 256,
    TableName: 255,
    RoleName: 64,
  };
  let seen = 0;
  for (const [path, text] of textsOf(template.Resources)) {
    const limit = most[path.split(".").at(-1) ?? ""];
    if (limit === undefined) continue;
    seen++;
    expect(text.length, path).toBeLessThanOrEqual(limit);
  }
  expect(seen).toBeGreaterThan(25);
});
