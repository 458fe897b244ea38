// Handlers that the Serverless Framework deploys: which are bundled, whatever calls them.
import { join } from "node:path";
import { expect, test } from "vitest";
import { readHandlers } from "../../../src/manifest/framework-section.ts";
import { readManifest } from "../../../src/manifest/manifest.ts";
import { Problems } from "../../../src/manifest/problems.ts";
import { folder } from "./folder.ts";

interface Read {
  readonly bundled: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

function read(functions: string, runtime = "nodejs22.x", provider = "{ name: aws }"): Read {
  const yaml = `service: shop\nprovider: ${provider}\nfunctions:\n${functions}`;
  const app = folder({ "serverless.yml": yaml, "src/a.js": "exports.handler = async () => 1;\n" });
  const problems = new Problems(app);
  const manifest = readManifest(app, { env: {}, framework: { configuration: {}, runtime } }, problems);
  if (!manifest) throw new Error("there is no manifest");
  const { functions: found } = readHandlers(manifest, app, problems);
  return {
    bundled: Object.fromEntries(found.map(({ key, handler }) => [key, handler.file.slice(join(app, "/").length)])),
    problems: problems.list().map(({ line, code, message }) => `${line} ${code} ${message}`),
  };
}

test("what triggers a handler is not looked at: any event, and what only the framework knows", () => {
  const functions = [
    "  list-orders: { handler: src/a.handler, events: [{ cognitoUserPool: { pool: p, trigger: t } }, { newest: 1 }] }",
    "  plain: { handler: src/a.handler, environment: { T: !Ref T }, onError: arn, layers: [a], anything: 1 }",
    "",
  ].join("\n");
  expect(read(functions)).toEqual({ bundled: { "list-orders": "src/a.js", plain: "src/a.js" }, problems: [] });
});

test("what is no Node.js, or has its own artefact or image, is left to the framework", () => {
  const functions = [
    "  py: { handler: a.b, runtime: python3.12 }",
    "  made: { handler: a.b, package: { artifact: made.zip } }",
    "  off: { handler: a.b, package: { disable: true } }",
    "  image: { image: { name: i } }",
    "",
  ].join("\n");
  expect(read(functions)).toEqual({ bundled: {}, problems: [] });
});

test("a handler that is not there, and a Node.js that is too old, are told", () => {
  expect(read("  gone: { handler: src/b.handler }\n").problems).toEqual([
    expect.stringMatching(/^4 NOT_FOUND There is no file `src\/b`/),
  ]);
  const { problems } = read("  old: { handler: src/a.handler }\n", "nodejs16.x");
  expect(problems).toEqual([expect.stringMatching(/^4 UNSUPPORTED `functions\.old` runs on `nodejs16\.x`/)]);
});

test("variables of the whole app that CloudFormation makes are the framework's to bring", () => {
  const provider = "{ name: aws, environment: { TABLE: !Ref Table } }";
  expect(read("  one: { handler: src/a.handler }\n", "nodejs22.x", provider).problems).toEqual([]);
});
