// Every mistake of an app, told in one run.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are variables of a serverless.yml
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readComponents } from "../../../src/manifest/components.ts";
import { readManifest } from "../../../src/manifest/manifest.ts";
import { Problems } from "../../../src/manifest/problems.ts";
import { folder } from "./folder.ts";

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

test("whatever a slip makes of the files, problems are told and nothing else is thrown", () => {
  const clean = fileURLToPath(new URL("../../fixtures/manifest/clean", import.meta.url));
  const text = (name: string) => readFileSync(join(clean, name), "utf8");
  const files = [text("serverless.yml"), text("components/stores.yaml"), text("components/broker.yml")] as const;
  const scraps = [
    "",
    "\n",
    "\t",
    "  ",
    "- ",
    ": ",
    "[",
    "}",
    "'",
    "&a ",
    "*a",
    "!Ref ",
    "${self:",
    "${",
    "~",
    "<<: ",
    "__proto__: ",
  ];
  const slip = fc.record({
    file: fc.nat({ max: 2 }),
    at: fc.nat({ max: 2000 }),
    cut: fc.nat({ max: 12 }),
    scrap: fc.constantFrom(...scraps),
  });
  fc.assert(
    fc.property(fc.array(slip, { minLength: 1, maxLength: 3 }), (slips) => {
      const changed: string[] = [...files];
      for (const { file, at, cut, scrap } of slips) {
        const content = changed[file] ?? "";
        const start = at % (content.length + 1);
        changed[file] = content.slice(0, start) + scrap + content.slice(start + cut);
      }
      const [manifest = "", stores = "", broker = ""] = changed;
      const broken = folder({ "serverless.yml": manifest, "components/a.yaml": stores, "components/b.yml": broker });
      const problems = new Problems(broken);
      const read = readManifest(broken, { env: {} }, problems);
      readComponents(
        { folder: join(broken, "components"), target: "aws", service: read?.service ?? "", types },
        problems,
      );
      for (const { line, message } of problems.list()) {
        expect(line).toBeGreaterThan(0);
        expect(message).not.toContain("\n");
      }
    }),
    { numRuns: 200 },
  );
});
