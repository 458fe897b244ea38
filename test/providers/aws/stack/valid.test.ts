// The vendor's own validator on emitted templates: nothing wrong in ours, and every planted fault found.
// https://github.com/aws-cloudformation/cloudformation-validate
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Engine, RegoEngine, TemplateFile } from "@aws/cloudformation-validate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BuiltApp } from "../../../build/built.ts";
import { buildApp } from "../../../build/built.ts";
import { remove } from "../../../dev/running.ts";
import { buildFixture, read } from "./template.ts";

let engine: Engine;
const built: BuiltApp[] = [];
beforeAll(() => {
  engine = new RegoEngine();
});
afterAll(() => {
  engine?.free();
  for (const { folder } of built) remove(folder);
});

function findings(file: string): readonly string[] {
  const { diagnostics } = engine.validateStandard(new TemplateFile(file), { severityLevel: "ERROR" });
  return diagnostics.map(({ ruleId, message, entity }) => `${ruleId} ${entity?.logicalId ?? ""}: ${message}`);
}

test.each([
  ["the orders app", () => buildApp("orders", "aws")],
  ["an ordinary Serverless project", () => buildFixture("serverless-project")],
  ["an app that needs all that a stack makes", () => buildFixture("aws-stack")],
])(
  "nothing is wrong with the template of %s",
  (_, make) => {
    const one = make();
    built.push(one);
    expect(findings(join(one.output, "template.json"))).toEqual([]);
  },
  120_000,
);

describe("a planted fault is found", () => {
  interface Draft {
    Type: string;
    Properties: Record<string, unknown>;
    DependsOn?: unknown;
    DeletionPolicy?: unknown;
  }
  type Drafts = Record<string, Draft>;
  const faults: readonly (readonly [string, (resources: Drafts) => void])[] = [
    ["a property that there is not", ({ OrdersTable: one }) => Object.assign(one?.Properties ?? {}, { Tabel: "x" })],
    ["a property of another type", ({ ShipInbox: one }) => Object.assign(one?.Properties ?? {}, { QueueName: [] })],
    [
      "a number out of range",
      ({ ShipInbox: one }) => Object.assign(one?.Properties ?? {}, { VisibilityTimeout: 43_201 }),
    ],
    [
      "a value that is none of its list",
      ({ ReadRole: one }) =>
        Object.assign(one?.Properties ?? {}, {
          AssumeRolePolicyDocument: {
            Version: "2012-10-17",
            Statement: [{ Effect: "Maybe", Action: "sts:AssumeRole" }],
          },
        }),
    ],
    [
      "a resource that is not there",
      ({ WriteFunction: one }) => Object.assign(one?.Properties ?? {}, { Role: { Ref: "Nobody" } }),
    ],
    [
      "an attribute that there is not",
      ({ ShipMapping: one }) =>
        Object.assign(one?.Properties ?? {}, { EventSourceArn: { "Fn::GetAtt": ["ShipInbox", "Arm"] } }),
    ],
    ["a property that is missing", ({ ReadFunction: one }) => delete one?.Properties["Code"]],
    [
      "a type that there is not",
      (resources) => Object.assign(resources, { Odd: { Type: "AWS::SQS::Kew", Properties: {} } }),
    ],
    ["a circle", ({ ShipInboxDead: one }) => Object.assign(one ?? {}, { DependsOn: ["ShipInbox"] })],
    [
      "a policy for removal that there is not",
      ({ OrdersTable: one }) => Object.assign(one ?? {}, { DeletionPolicy: "Keep" }),
    ],
    [
      "a function of CloudFormation's that there is not",
      ({ ReadLogGroup: one }) => Object.assign(one?.Properties ?? {}, { LogGroupName: { "Fn::Jion": ["", []] } }),
    ],
    [
      "a key of a table that is no attribute",
      ({ OrdersTable: one }) =>
        Object.assign(one?.Properties ?? {}, { KeySchema: [{ AttributeName: "other", KeyType: "HASH" }] }),
    ],
  ];

  test.each(faults)("%s", (_, plant) => {
    const { output } = built.at(-1) ?? {};
    if (output === undefined) throw new Error("nothing was built");
    const template = structuredClone(read(output)) as unknown as { Resources: Drafts };
    plant(template.Resources);
    const file = join(output, "planted.json");
    writeFileSync(file, JSON.stringify(template));
    expect(findings(file)).not.toEqual([]);
  });
});
