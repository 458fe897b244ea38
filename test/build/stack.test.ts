// A build whose stack cannot be made.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { command, makeApp, remove } from "../dev/running.ts";

const yaml = (event: string, more = ""): string =>
  `service: shop\nprovider: { name: aws, runtime: nodejs22.x }\nfunctions:\n  f:\n    handler: src/f.handler\n    events: [${event}]\n${more}`;

test.each([
  [
    "an event that the stack makes none of",
    yaml("{ websocket: $connect }"),
    "f (serverless.yml:6): the stack makes no `websocket` events",
  ],
  ["a queue that is not there", yaml("{ sqs: !GetAtt Gone.Arn }"), "refers to Gone, which is not there"],
  [
    "what changes the framework's own resources",
    yaml("{ httpApi: GET /f }", "resources: { extensions: { FLambdaFunction: {} } }\n"),
    "serverless.yml:7  UNSUPPORTED  `resources.extensions` changes what the Serverless Framework makes",
  ],
])("%s: it says so, and writes nothing", (_, manifest, said) => {
  const folder = makeApp({ "serverless.yml": manifest, "src/f.js": "exports.handler = async () => {};\n" });
  try {
    const flags = [...command, "build", "--target", "aws"];
    const { status, stderr } = spawnSync(process.execPath, flags, { cwd: folder, encoding: "utf8" });
    expect(stderr).toContain(said);
    expect(status).not.toBe(0);
    for (const name of ["template.json", "graph.json", "functions"])
      expect(existsSync(join(folder, ".faasten/aws", name)), name).toBe(false);
  } finally {
    remove(folder);
  }
});
