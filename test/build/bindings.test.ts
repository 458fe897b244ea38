// Bindings in what is built: a clock's times reach the graph and the bundle, and a bundle holds what its functions need.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Weight } from "../../src/build/report.ts";
import type { Graph } from "../../src/contracts/graph.ts";
import { remove } from "../dev/running.ts";
import { buildApp } from "./built.ts";

const files = {
  "serverless.yml": "service: shop\nprovider: { name: aws }\ncustom: { faasten: { entry: [src/app.ts] } }\n",
  "components/all.yaml": `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: beat }
spec:
  type: bindings.cron
  version: v1
  metadata: [{ name: schedule, value: "@every 15m" }]
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: hook }
spec:
  type: bindings.http
  version: v1
  metadata: [{ name: url, value: "https://hook.example" }]
`,
  "src/app.ts": `
import { binding, http } from "faasten";
export const beaten = binding("beat").input({ attempts: 4 }, (event, { log }) => log.info(event.id));
export const call = http.post("/call", { access: "public", uses: { hook: binding("hook").output("create", "put") } }, async (_request, { hook }) => {
  await hook.create("ping");
  return new Response();
});
`,
};
const on = { kind: "binding", binding: "beat", attempts: 4, cron: "every 15 minutes" };
const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) remove(folder);
});

test.each(["local", "aws", "azure", "gcp"])("%s", (target) => {
  const { folder, output } = buildApp("none", target, { files });
  folders.push(folder);
  const read = <T>(name: string): T => JSON.parse(readFileSync(join(output, name), "utf8")) as T;
  const { functions, grants } = read<Graph>("graph.json");
  expect(functions.find(({ name }) => name === "beaten")?.on).toEqual(on);
  expect(grants).toEqual([
    { function: "call", block: "bindings", component: "hook", right: "output", operations: ["create", "put"] },
  ]);
  const weights = read<Record<string, Weight>>("report.json");
  const modules = (name: string): readonly string[] => Object.keys((weights[name] ?? weights["app"])?.modules ?? {});
  const http = weights["call"] ? "call" : "http";
  expect(modules("beaten")).toContain("src/functions/subscriber");
  expect(modules(http)).toEqual(expect.arrayContaining(["providers/local/bindings/http", "src/blocks/binding"]));
  const all = Object.values(weights).flatMap((weight) => Object.keys(weight.modules));
  expect(all.filter((module) => /object-|localstorage|sqlite/.test(module))).toEqual([]);
  expect(all).not.toContain("providers/local/bindings/cron");
  if (target === "aws") {
    expect(modules("beaten")).not.toContain("providers/local/bindings/http");
    expect(weights[http]?.modules["src/functions/subscriber"], "what handles no event is left out").toBeLessThan(100);
    expect(weights["beaten"]?.modules["src/blocks/binding"] ?? 0, "what asks for nothing has no client").toBeLessThan(
      200,
    );
  }
  const bundle = readFileSync(join(output, weights["beaten"] ? "functions/beaten/index.mjs" : "app/index.mjs"), "utf8");
  expect(bundle).toContain("every 15 minutes");
});

test("what comes to a folder is delivered by its component, which the local bundle holds; what comes to a table by none", () => {
  const own = {
    "serverless.yml": files["serverless.yml"],
    "src/app.ts": `import { binding } from "faasten";\nexport const taken = binding("uploads").input(() => {});\n`,
  };
  const { folder, output } = buildApp("none", "local", { files: own });
  folders.push(folder);
  const { app } = JSON.parse(readFileSync(join(output, "report.json"), "utf8")) as Record<string, Weight>;
  expect(Object.keys(app?.modules ?? {})).toContain("providers/local/bindings/localstorage");
  const table = `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: uploads }
spec: { type: bindings.aws.dynamodb, version: v1, metadata: [{ name: table, value: rows }] }
`;
  expect(() => buildApp("none", "aws", { files: { ...own, "components/aws/uploads.yaml": table } })).toThrow(
    "src/app.ts:2  UNSUPPORTED  taken: aws has no trigger for bindings.aws.dynamodb: give `uploads` one of the types bindings.aws.eventbridge, bindings.aws.s3, ",
  );
});
