// The stack in the framework's template: whose resource stays, and what is refused.
import { expect, test } from "vitest";
import type { Template } from "../../../src/serverless/framework.ts";
import { type MergeOptions, merge } from "../../../src/serverless/merge.ts";

const none: MergeOptions = { code: new Map(), environment: {}, cors: false };
const api = { Type: "AWS::ApiGatewayV2::Api", Properties: { Name: "ours" } };
const stack = (): Template => ({
  Resources: {
    HttpApi: api,
    HttpApiStage: { Type: "AWS::ApiGatewayV2::Stage" },
    HttpApiLogGroup: { Type: "AWS::Logs::LogGroup" },
    ShipFunction: {
      Type: "AWS::Lambda::Function",
      Properties: { Code: { S3Key: "key" }, Environment: { Variables: { OWN: "1", BOTH: "ours" } } },
    },
  },
  Outputs: { HttpApiUrl: "ours" },
});

test("a function's code is where the framework puts it, and it has the variables that CloudFormation makes", () => {
  const template: Template = { Resources: {} };
  const environment = { TABLE: { Ref: "Table" }, BOTH: { Ref: "Theirs" } };
  merge(template, stack(), { ...none, code: new Map([["key", { S3Key: "theirs" }]]), environment });
  expect(Object.keys(template.Resources)).toEqual(["HttpApi", "HttpApiStage", "HttpApiLogGroup", "ShipFunction"]);
  expect(template.Resources["ShipFunction"]?.Properties).toEqual({
    Code: { S3Key: "theirs" },
    Environment: { Variables: { TABLE: { Ref: "Table" }, OWN: "1", BOTH: "ours" } },
  });
  expect(template.Outputs).toEqual({ HttpApiUrl: "ours" });
});

test("an API that the framework has made is everybody's", () => {
  const theirs = { Type: "AWS::ApiGatewayV2::Api", Properties: { Name: "theirs" } };
  const template: Template = { Resources: { HttpApi: theirs }, Outputs: { HttpApiUrl: "theirs" } };
  merge(template, stack(), none);
  expect(Object.keys(template.Resources)).toEqual(["HttpApi", "ShipFunction"]);
  expect(template.Resources["HttpApi"]).toBe(theirs);
  expect(template.Outputs).toEqual({ HttpApiUrl: "theirs" });
});

test("an API that answers other origins by itself is refused where a function does", () => {
  const theirs = { Type: "AWS::ApiGatewayV2::Api", Properties: { CorsConfiguration: {} } };
  const template = (): Template => ({ Resources: { HttpApi: theirs } });
  expect(() => merge(template(), stack(), none)).not.toThrow();
  expect(() => merge(template(), stack(), { ...none, cors: true })).toThrow("`provider.httpApi.cors`");
});

test("two resources of one name are refused", () => {
  const template: Template = { Resources: { ShipFunction: { Type: "AWS::SNS::Topic" } } };
  expect(() => merge(template, stack(), none)).toThrow("the framework's template has a ShipFunction already");
});
