// A plan as data: what is read from what a program prints, how a command is told, and what is left of a stack.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { changes as awsChanges } from "../../providers/aws/plan.ts";
import { retainedOf } from "../../providers/aws/stack/retained.ts";
import { changes as azureChanges } from "../../providers/azure/plan.ts";
import { changes as gcpChanges } from "../../providers/gcp/plan.ts";
import { remainderOf } from "../../providers/gcp/stack/remainder.ts";
import { toArgv, toText } from "../../src/deploy/command.ts";
import { guard } from "../../src/deploy/guard.ts";
import { read } from "../../src/deploy/reading.ts";
import { buildApp } from "../build/built.ts";
import { remove } from "../dev/running.ts";
import { app } from "./fakes.ts";

describe("a command", () => {
  const hostile = [
    "a b",
    "$(touch x)",
    "`id`",
    "it's",
    "line\nbreak",
    "${HOME}",
    "*",
    "",
    "[a]",
    "é",
    "tab\there",
    "a;b",
    "\\",
  ];

  test("as it is told is read by a shell as it is run", () => {
    const command = ["printf", "%s\\0", ...hostile];
    const argv = toArgv(command, {});
    expect(argv).toEqual(command);
    const told = execFileSync("bash", ["-c", toText(command, {})], { encoding: "utf8" });
    expect(told.split("\0").slice(0, -1)).toEqual(hostile);
  });

  test("has the values that are known in their places, and says which are not", () => {
    const command = ["aws", ["s3://", { value: "bucket" }, "/key"], [{ value: "region" }]];
    expect(toText(command, { region: "eu" })).toBe("aws s3://<bucket>/key eu");
    expect(toArgv(command, { region: "eu", bucket: "$(b)" })).toEqual(["aws", "s3://$(b)/key", "eu"]);
    expect(() => toArgv(command, { region: "eu" })).toThrow("the plan uses bucket before it is known");
    expect(() => toArgv([[{ value: "constructor" }]], {})).toThrow("constructor");
  });
});

describe("a reading", () => {
  const step = (path: readonly (string | number)[], more = {}) => ({
    ...{ id: "s", title: "Look", command: ["x"], mend: "m" },
    reads: { v: { path, ...more } },
  });

  test.each([
    [["a", 0, "b"], {}, '{"a":[{"b":"yes"}]}', "yes"],
    [[], {}, '"quoted"\n', "quoted"],
    [[], {}, "plain text\n", "plain text"],
    [[], { as: { true: "there" }, otherwise: "gone" }, "true", "there"],
    [[], { as: { true: "there" }, otherwise: "gone" }, "false", "gone"],
    [["a"], { absent: "none" }, '{"b":1}', "none"],
    [["a"], { absent: "none", otherwise: "some" }, undefined, "none"],
    [[], { absent: "none" }, "[]", "none"],
    [["toString"], { as: {}, absent: "none" }, '{"toString":"own"}', "own"],
  ])("%j %j of %j is %j", (path, more, printed, wanted) => {
    expect(read(step(path, more), printed)).toEqual({ v: wanted });
  });

  test.each([["{}"], ["[]"], [""], ["null"]])("of %j finds nothing, and says so", (printed) => {
    expect(() => read(step(["a"]), printed)).toThrow("what it printed does not hold v of s");
  });
});

describe("changes", () => {
  test("of a change set: what is known only while it happens counts as a replacement", () => {
    const one = (LogicalResourceId: string, Action: string, more = {}) => ({
      ResourceChange: { LogicalResourceId, Action, ResourceType: "AWS::SQS::Queue", ...more },
    });
    const Changes = [
      one("A", "Add"),
      one("B", "Modify", { Replacement: "False" }),
      one("C", "Modify", { Replacement: "Conditional" }),
      one("D", "Remove", { PolicyAction: "Retain" }),
      one("E", "Remove", { PolicyAction: "Delete" }),
      one("F", "Import"),
    ];
    const found = awsChanges(JSON.stringify({ Status: "CREATE_COMPLETE", Changes }), []);
    expect(found.map(({ name, action }) => `${name} ${action}`)).toEqual([
      ...["A add", "B change", "C replace", "D keep", "E remove", "F adopt"],
    ]);
    expect(() => guard(found, ["C"])).toThrow("E (AWS::SQS::Queue) would be removed, and holds data");
    expect(() => guard(found, ["C", "E"])).not.toThrow();
    const reason = { Status: "FAILED", StatusReason: "Template error" };
    expect(() => awsChanges(JSON.stringify(reason), [])).toThrow(
      "CloudFormation refuses the change set: Template error",
    );
  });

  test("of a what-if", () => {
    const change = (changeType: string, resourceId: string) => ({
      changeType,
      resourceId: `/subscriptions/1/resourceGroups/g${resourceId}`,
    });
    const changes = [
      change("Create", "/providers/Microsoft.ServiceBus/namespaces/shop/queues/ship"),
      change("Modify", "/providers/Microsoft.Web/sites/shop"),
      change("NoChange", "/providers/Microsoft.Web/serverfarms/shop"),
      change("Ignore", "/providers/Microsoft.KeyVault/vaults/mine"),
      change(
        "Create",
        "/providers/Microsoft.Storage/storageAccounts/s/providers/Microsoft.Authorization/roleAssignments/r",
      ),
    ];
    expect(azureChanges(JSON.stringify({ status: "Succeeded", changes }), [])).toMatchObject([
      { action: "add", type: "Microsoft.ServiceBus/namespaces/queues", name: "ship", data: true },
      { action: "change", type: "Microsoft.Web/sites", name: "shop", data: false },
      { action: "add", type: "Microsoft.Authorization/roleAssignments", name: "r", data: false },
    ]);
    expect(() => azureChanges('{"status":"Failed","error":{"message":"InvalidTemplate"}}', [])).toThrow(
      "InvalidTemplate",
    );
  });

  test("of a plan of Terraform: a store that is no longer in the app would be lost", () => {
    const change = (address: string, actions: readonly string[], more = {}) => ({
      ...{ address, mode: "managed", type: address.split(".")[0] },
      change: { actions, before: { name: "n" }, after: null, ...more },
    });
    const resource_changes = [
      change("google_pubsub_topic.old", ["delete"]),
      change("google_cloudfunctions2_function.http", ["create", "delete"]),
      change("google_storage_bucket.faasten__source", ["no-op"]),
      change("google_pubsub_topic.kept", ["create"], { importing: { id: "x" } }),
      { ...change("data.google_project.this", ["read"]), mode: "data" },
    ];
    const found = gcpChanges(JSON.stringify({ resource_changes }), []);
    expect(found.map(({ name, action, data }) => [name, action, data])).toEqual([
      ["google_pubsub_topic.old", "remove", true],
      ["google_cloudfunctions2_function.http", "replace", false],
      ["google_pubsub_topic.kept", "adopt", true],
    ]);
    expect(() => guard(found, [])).toThrow("google_pubsub_topic.old (google_pubsub_topic, n) would be removed");
    expect(() => gcpChanges('{"errored":true}', [])).toThrow("has errors");
  });
});

describe("what is left of a stack", () => {
  test("of CloudFormation: what holds data, with what it cannot be without, and nobody to tell of its changes", () => {
    const retained = { DeletionPolicy: "Retain" } as const;
    const left = retainedOf({
      Parameters: { ArtifactBucket: { Type: "String" }, Days: { Type: "Number" } },
      Resources: {
        Function: { Type: "AWS::Lambda::Function", Properties: { Code: { S3Bucket: { Ref: "ArtifactBucket" } } } },
        Permission: { Type: "AWS::Lambda::Permission", Properties: { FunctionName: { Ref: "Function" } } },
        Bucket: {
          Type: "AWS::S3::Bucket",
          ...retained,
          DependsOn: ["Permission"],
          Properties: {
            BucketName: "uploads",
            NotificationConfiguration: { LambdaConfigurations: [{ Function: { "Fn::GetAtt": ["Function", "Arn"] } }] },
          },
        },
        Mine: { Type: "AWS::DynamoDB::Table", Properties: { KMS: { "Fn::Sub": "${Key.Arn}" }, Days: { Ref: "Days" } } },
        Key: { Type: "Custom::Key" },
        Queue: { Type: "AWS::SQS::Queue", ...retained, Properties: { R: { "Fn::GetAtt": "Dead.Arn" } } },
        Dead: { Type: "AWS::SQS::Queue", ...retained, Properties: {} },
      },
    });
    expect(Object.keys(left?.Resources ?? {}).sort()).toEqual(["Bucket", "Dead", "Key", "Mine", "Queue"]);
    expect(left?.Resources["Bucket"]).toEqual({
      Type: "AWS::S3::Bucket",
      ...retained,
      Properties: { BucketName: "uploads" },
    });
    expect(left?.Parameters).toEqual({ Days: { Type: "Number" } });
    expect(retainedOf({ Resources: { Function: { Type: "AWS::Lambda::Function" } } })).toBeUndefined();
  });

  test("of Terraform: the same, and an escaped text is no reference", () => {
    const configuration = {
      terraform: { backend: { gcs: { prefix: "shop/dev" } } },
      output: { url: { value: "${google_cloudfunctions2_function.http.url}" } },
      data: { google_project: { this: {} } },
      resource: {
        google_project_service: { pubsub: { service: "pubsub.googleapis.com" } },
        google_cloudfunctions2_function: { http: { name: "http" } },
        google_pubsub_topic: { placed: { name: "placed", depends_on: ["google_project_service.pubsub"] } },
        google_pubsub_subscription: {
          ship: {
            topic: "${google_pubsub_topic.placed.id}",
            push_config: { push_endpoint: "${google_cloudfunctions2_function.http.url}" },
            filter: 'attributes.a = "$${google_cloudfunctions2_function.http.url}"',
            depends_on: ["google_pubsub_topic.placed", "google_cloudfunctions2_function.http"],
          },
        },
      },
    };
    const left = remainderOf(configuration, new Set(["google_pubsub_topic.placed", "google_pubsub_subscription.ship"]));
    expect(left).toEqual({
      terraform: configuration.terraform,
      resource: {
        google_project_service: configuration.resource.google_project_service,
        google_pubsub_topic: configuration.resource.google_pubsub_topic,
        google_pubsub_subscription: {
          ship: {
            topic: "${google_pubsub_topic.placed.id}",
            filter: 'attributes.a = "$${google_cloudfunctions2_function.http.url}"',
            depends_on: ["google_pubsub_topic.placed"],
          },
        },
      },
    });
    expect(remainderOf(configuration, new Set())).toBeUndefined();
  });
});

test.each(["aws", "azure", "gcp"])(
  "what a build for %s writes is the same bytes in another folder, at another time, twice",
  (target) => {
    const one = buildApp("none", target, { files: app });
    const elsewhere = mkdtempSync(join(tmpdir(), "faasten-other-"));
    const two = buildApp("none", target, { files: app, env: { TZ: "Asia/Tokyo", TMPDIR: elsewhere } });
    try {
      const names = (folder: string): readonly string[] =>
        readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
          .sort();
      const found = names(one.output);
      expect(found).toEqual(expect.arrayContaining(["/deploy.json", "/graph.json", "/report.json"]));
      expect(names(two.output)).toEqual(found);
      const differing = found.filter(
        (name) => !readFileSync(one.output + name).equals(readFileSync(two.output + name)),
      );
      expect(differing).toEqual([]);
    } finally {
      remove(one.folder);
      remove(two.folder);
      rmSync(elsewhere, { recursive: true });
    }
  },
);
