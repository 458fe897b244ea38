// Every recorded call through Lambda's own runtime client, one process for all: each gets the reply that its kind has.
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { remove } from "../dev/running.ts";
import { text } from "../servers/lambda-runtime-api.ts";
import { type Lambda, lambda } from "./lambda.ts";
import { eventFiles, recordedEvents, requestFiles } from "./recorded.ts";

let folder: string;
let one: Lambda;

/** A function that has every trigger there is; what arrives it tells back. */
const entry = `
import { serve } from "${path("host")}";
${[...requestFiles, ...eventFiles].map((file, at) => `import { trigger as t${at} } from "${path(`triggers/${file}`)}";`).join("\n")}
const settle = async (arrival, { log }) => {
  if (arrival.kind === "request") return { kind: "reply", response: Response.json({ path: arrival.path }) };
  log.info("saw", { event: arrival.event.id, type: arrival.event.type });
  return { kind: "done" };
};
const definition = {
  faasten: "function",
  on: { kind: "http", method: "*", path: "/*", access: "public" },
  uses: {},
  settle,
  fail: (error) => ({ kind: "retry", reason: String(error) }),
};
const triggers = [${[...requestFiles, ...eventFiles].map((_file, at) => `t${at}`).join(", ")}];
export const handler = serve({ service: "recorded", functions: [{ name: "all", definition, triggers }], components: {} });
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "faasten-recorded-"));
  mkdirSync(folder, { recursive: true });
  await build({
    stdin: { contents: entry, resolveDir: folder },
    outfile: join(folder, "index.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "error",
  });
  one = lambda(folder);
});

afterAll(() => {
  one.stop();
  remove(folder);
});

/** What of the vendor's calls we have a trigger for. Of all others a function says that it does not know them. */
const known: Readonly<Record<string, "request" | "batch" | "event">> = {
  "alb-lambda-target-request-headers-only": "request",
  "alb-lambda-target-request-multivalue-headers": "request",
  "apigw-request": "request",
  "apigw-v2-request-jwt-authorizer": "request",
  "apigw-v2-request-no-authorizer": "request",
  "lambda-urls-request": "request",
  "cloudwatch-alarm-sns-payload-single-metric": "event",
  "ecr-image-push-event": "event",
  "s3-event": "event",
  "s3-event-with-decoded": "event",
  "sns-event": "event",
  "sqs-event": "batch",
};

/** Fixtures of ours in which something cannot be read, so that Lambda is to have the call again. */
const unread = /without (?:an id|a key|a body)|cannot be read/;

describe("a recorded call", () => {
  test.each(recordedEvents())("$name", async ({ name, file, text: event }) => {
    const kind = requestFiles.includes(file)
      ? "request"
      : file === "sqs"
        ? "batch"
        : eventFiles.includes(file)
          ? "event"
          : known[file];
    const answer = await one.begin(JSON.parse(event));
    const result: unknown = JSON.parse(await text(answer.body));
    if (kind === undefined)
      expect([answer.ok, result]).toMatchObject([false, { errorMessage: expect.stringContaining("none that its") }]);
    else if (kind === "request") {
      expect([answer.ok, result]).toMatchObject([true, { statusCode: 200, isBase64Encoded: false }]);
      expect(JSON.parse((result as { body: string }).body)).toMatchObject({ path: expect.stringMatching(/^\//) });
    } else if (kind === "batch") {
      const failures = unread.test(name) ? [{ itemIdentifier: expect.any(String) }] : [];
      expect([answer.ok, result]).toEqual([true, { batchItemFailures: failures }]);
    } else if (unread.test(name)) expect([answer.ok, result]).toMatchObject([false, { errorType: "Redeliver" }]);
    else expect([answer.ok, result]).toEqual([true, null]);
    expect(one.starts, "it is still the process that it was").toBe(1);
  });
});

function path(module: string): string {
  return fileURLToPath(new URL(`../../providers/aws/${module}.ts`, import.meta.url));
}
