// Each template as whoever copies it has it, built for every target.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Graph } from "../../src/contracts/graph.ts";
import { command, makeApp, remove, repository } from "../dev/running.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) remove(folder);
});

const targets = ["local", "aws", "azure", "gcp"] as const;
type Target = (typeof targets)[number];

/** What each is made of. */
const templates: Readonly<Record<string, readonly string[]>> = {
  "event-pipeline": ["announce", "summarise", "getSummary", "putDocument"],
  "http-api": ["api", "health"],
  "lambda-migration": ["getQuote", "createQuote", "worker", "nightly"],
};

/** Without what nobody copies. */
function copy(template: string): string {
  const folder = makeApp({});
  folders.push(folder);
  const own = (path: string): boolean => !/[\\/](?:node_modules|\.faasten|\.serverless)$/.test(path);
  cpSync(join(repository, "templates", template), folder, { recursive: true, filter: own });
  return folder;
}

function build(folder: string, target: Target): { readonly graph?: Graph; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, "build", "--target", target], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "" },
    encoding: "utf8",
  });
  if (status !== 0) return { said: stdout + stderr };
  const graph = JSON.parse(readFileSync(join(folder, ".faasten", target, "graph.json"), "utf8")) as Graph;
  return { graph, said: stdout + stderr };
}

test("these are all, but for the demo, whose manifest is the repository's", () => {
  expect(readdirSync(join(repository, "templates")).filter((name) => name !== "orders")).toEqual(
    Object.keys(templates),
  );
});

for (const [name, functions] of Object.entries(templates)) {
  describe(name, () => {
    const folder = copy(name);

    test("says what it is, and what its tests are", () => {
      for (const file of ["README.md", "package.json", "serverless.yml", "test"])
        expect(existsSync(join(folder, file)), file).toBe(true);
    });

    for (const target of targets) {
      test(target, () => {
        const { graph, said } = build(folder, target);
        expect(
          graph?.functions.map((one) => one.name),
          said,
        ).toEqual(functions);
      });
    }
  });
}
