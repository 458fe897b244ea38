// Every mistake of an app, told in one run.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readComponents } from "../../../src/manifest/components.ts";
import { readManifest } from "../../../src/manifest/manifest.ts";
import { Problems } from "../../../src/manifest/problems.ts";

const app = fileURLToPath(new URL("../../fixtures/manifest/mistakes", import.meta.url));
const types = ["state.sqlite", "state.aws.dynamodb", "pubsub.sqlite", "pubsub.aws.snssqs", "secretstores.local.file"];

test("all of them, each once, with file, line and how to mend it", async () => {
  const problems = new Problems(app);
  const manifest = readManifest(app, { env: {} }, problems);
  if (!manifest) throw new Error("the manifest was not read");
  readComponents({ folder: `${app}/components`, target: "aws", service: manifest.service, types }, problems);
  const told = problems.list().map(({ file, line, code, message }) => `${file}:${line}  ${code}  ${message}`);
  expect(() => problems.throwIfAny()).toThrow(told.join("\n"));
  expect(new Set(told).size).toBe(told.length);
  await expect(`${told.join("\n")}\n`).toMatchFileSnapshot("../../fixtures/manifest/mistakes.txt");
});

test("each line that says so in the fixture is told, and no other", () => {
  const problems = new Problems(app);
  readManifest(app, { env: {} }, problems);
  const lines = readFileSync(`${app}/serverless.yml`, "utf8").split("\n");
  const planted = lines.flatMap((line, index) => (line.includes("# wrong") ? [index + 1] : []));
  expect(planted.length).toBeGreaterThan(20);
  expect(problems.list().map(({ line }) => line)).toEqual(planted);
});
