// The fields of a serverless.yml that say how a function is run: each is in the stack, or refused by its name and line.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { remove } from "../dev/running.ts";
import { buildApp } from "./built.ts";

const manifest = (more = ""): string => `service: shop
provider:
  name: aws
  runtime: nodejs24.x
  stage: test
  region: eu-central-1
  architecture: x86_64
  memorySize: 256
  timeout: 20
  logRetentionInDays: 7
  environment: { GREETING: hello }
functions:
  one:
    handler: src/one.handler
    events: [{ httpApi: GET /one }]
  two:
    handler: src/one.handler
    architecture: arm64
    memorySize: 1024
    timeout: 25
    logRetentionInDays: 90
    ephemeralStorageSize: 2048
    environment: { GREETING: "hello, two" }
    events: [{ httpApi: GET /two }]
${more}`;
const limited = "    reservedConcurrency: 3\n";
const provisioned = "    provisionedConcurrency: 2\n";
const source = { "src/one.mjs": "export const handler = async () => ({ statusCode: 204 });\n" };

test("on AWS all of them", () => {
  const { folder, output } = buildApp("none", "aws", { files: { "serverless.yml": manifest(limited), ...source } });
  const { Resources } = JSON.parse(readFileSync(join(output, "template.json"), "utf8"));
  const plan = JSON.parse(readFileSync(join(output, "deploy.json"), "utf8"));
  remove(folder);
  expect(Resources.OneFunction.Properties).toMatchObject({
    FunctionName: "shop-test-one",
    Runtime: "nodejs24.x",
    Architectures: ["x86_64"],
    MemorySize: 256,
    Timeout: 20,
    Environment: { Variables: { GREETING: "hello" } },
  });
  expect(Object.keys(Resources.OneFunction.Properties)).not.toContain("ReservedConcurrentExecutions");
  expect(Resources.TwoFunction.Properties).toMatchObject({
    Architectures: ["arm64"],
    MemorySize: 1024,
    Timeout: 25,
    ReservedConcurrentExecutions: 3,
    EphemeralStorage: { Size: 2048 },
    Environment: { Variables: { GREETING: "hello, two" } },
  });
  expect(Resources.OneLogGroup.Properties.RetentionInDays).toBe(7);
  expect(Resources.TwoLogGroup.Properties.RetentionInDays).toBe(90);
  expect(plan).toMatchObject({ stage: "test", values: { region: "eu-central-1" } });
});

test.each([
  ["aws", provisioned, "no versions of a function are published"],
  ["azure", limited, "`functions.two.reservedConcurrency`: only AWS limits how often one function runs at a time"],
  ["gcp", limited, "`functions.two.reservedConcurrency`: only AWS limits how often one function runs at a time"],
  ["gcp", provisioned, "no versions of a function are published"],
  ["aws", "    architecture: arm65\n", "There is no architecture `arm65`. Did you mean `arm64`?"],
])("on %s not %j", (target, more, said) => {
  const text = more.includes("architecture") ? manifest(more).replace("    architecture: arm64\n", "") : manifest(more);
  const line = text.split("\n").indexOf(more.trimEnd()) + 1;
  const build = (): unknown => buildApp("none", target, { files: { "serverless.yml": text, ...source } });
  expect(build).toThrow(said);
  expect(build).toThrow(`serverless.yml:${line}  `);
});

test("this machine runs what no deployment would keep", () => {
  const text = manifest(limited + provisioned).replace(/ +environment: \{ GREETING: "hello, two" \}\n/, "");
  const { folder } = buildApp("none", "local", { files: { "serverless.yml": text, ...source } });
  remove(folder);
});
