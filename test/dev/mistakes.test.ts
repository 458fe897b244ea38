// All that is wrong with an app, told by one run of `faasten dev`.
import { cpSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { type Run, runFaasten } from "./command.ts";
import { makeApp, remove } from "./running.ts";

const fixture = fileURLToPath(new URL("../fixtures/mistakes", import.meta.url));
const folders: string[] = [];
const runs: Run[] = [];

afterEach(async () => {
  for (const run of runs.splice(0)) expect(await run.stop()).toBe(0);
  for (const folder of folders.splice(0)) remove(folder);
});

function app(files: Readonly<Record<string, string>>): string {
  const folder = makeApp(files);
  folders.push(folder);
  return folder;
}

/** What one run says until it waits for a save. */
async function tell(folder: string): Promise<string> {
  const run = runFaasten(folder, ["dev", "--port", "0"]);
  runs.push(run);
  await run.said(/mend and save/);
  expect(run.stdout()).toBe("");
  return run.stderr().replaceAll(folder, "<app>");
}

test("forty planted mistakes and more, in manifests and code, each once", async () => {
  const folder = app({});
  cpSync(fixture, folder, { recursive: true });
  const told = await tell(folder);
  await expect(told).toMatchFileSnapshot("../fixtures/mistakes.txt");
  const lines = told.trimEnd().split("\n").slice(0, -1);
  expect(lines.length).toBeGreaterThanOrEqual(40);
  expect(new Set(lines).size).toBe(lines.length);

  const places = lines.map((line) => line.split("  ")[0]);
  const planted = globSync("**/*.{ts,yml,yaml}", { cwd: fixture }).flatMap((file) =>
    readFileSync(join(fixture, file), "utf8")
      .split("\n")
      .flatMap((text, index) => (/(?:#|\/\/) wrong$/.test(text) ? [`${file}:${index + 1}`] : [])),
  );
  expect([...new Set(places)].sort()).toEqual(planted.sort());
});

const manifest = "service: shop\nprovider: { name: aws }\ncustom: { faasten: { entry: ['src/*.ts'] } }\n";

test("code that does not compile: every file's error, beside the manifest's", async () => {
  const folder = app({
    "serverless.yml": `${manifest}pluggins: []\n`,
    "src/a.ts": `import { http } from "faasten";\nexport const a = http.get("/a", () => new Response(;\n`,
    "src/b.ts": "export const b = 1;\nconst b = ;\n",
    "src/c.ts": `import { nothing } from "./missing.ts";\nexport const c = nothing;\n`,
    "src/d.ts": `import { x } from "./e/e.ts";\nexport const d = x;\n`,
    "src/e/e.ts": "export const y = 1;\n",
  });
  expect(await tell(folder)).toMatchInlineSnapshot(`
    "serverless.yml:4  INVALID  The Serverless Framework knows no key \`pluggins\`. Did you mean \`plugins\`?
    src/a.ts:2  INVALID  Unexpected ";"
    src/b.ts:2  INVALID  The symbol "b" has already been declared
    src/b.ts:2  INVALID  Unexpected ";"
    src/c.ts:1  INVALID  There is no file \`./missing.ts\`: mend its path
    5 mistakes: mend and save
    "
  `);
});

test("packages that are not installed: where they are imported, with the nearest that is", async () => {
  const folder = app({
    "serverless.yml": manifest,
    "package.json": '{"name":"shop","exports":"./src/b.ts"}',
    "tsconfig.json": '{"compilerOptions":{"paths":{"@lib/*":["./src/lib/*"]}}}',
    "src/a.ts": `import { readFileSync } from "fs";
import { x } from "@lib/x";
import { y } from "@nobody/has-this/deep";
import { z } from "zood";
import { http } from "faasten";
export const a = http.get("/a", () => new Response(String([readFileSync, x, y, z, import("optional").catch(() => 1)])));
`,
    "src/b.ts": `import { a } from "shop";\nexport const b = a;\n`,
    "src/lib/x.ts": "export const x = 1;\n",
  });
  expect(await tell(folder)).toMatchInlineSnapshot(`
    "src/a.ts:3  INVALID  There is no package \`@nobody/has-this\`: install it with \`npm install @nobody/has-this\`
    src/a.ts:4  INVALID  There is no package \`zood\`: did you mean \`zod\`?
    2 mistakes: mend and save
    "
  `);
});

test("what a handler of CommonJS requires and is not there", async () => {
  const files = {
    "serverless.yml":
      'service: shop\nprovider: { name: aws }\nfunctions:\n  one: { handler: src/one.handler, events: [{ httpApi: "GET /" }] }\n',
    "src/one.js": 'const nope = require("nope/inner");\nexports.handler = async () => nope;\n',
  };
  const run = runFaasten(app(files), ["dev", "--port", "0"]);
  runs.push(run);
  await run.said(/^src\/one\.js:1 {2}INVALID {2}this throws `Error: Cannot find module 'nope\/inner'` while/m);
  const built = await runFaasten(app(files), ["build", "--target", "gcp"]).ended;
  expect([built.code, built.stderr]).toEqual([
    1,
    "src/one.js:1  INVALID  There is no package `nope`: install it with `npm install nope`\n1 mistake: mend and try again\n",
  ]);
});

test("code that throws when it is imported: where, and the manifest's mistakes all the same", async () => {
  const folder = app({
    "serverless.yml": `${manifest}pluggins: []\n`,
    "src/a.ts": `import { read } from "./lib/read.ts";\n\nexport const a = read();\n`,
    "src/lib/read.ts": `interface Wide {\n  a: 1;\n}\nexport function read(): Wide {\n  throw new Error("no settings");\n}\n`,
  });
  const run = runFaasten(folder, ["dev", "--port", "0"]);
  runs.push(run);
  await run.said(/serverless\.yml:4[\s\S]*src\/lib\/read\.ts:5 {2}INVALID {2}this throws `Error: no settings` while/);
  await run.said(/2 mistakes: mend and save/);
});

test("a folder of components that is a file, an unreadable .env, a timeout that cannot be", async () => {
  const folder = app({
    "serverless.yml": `${manifest.replace("entry", "components: parts, entry").replace("name: aws", "name: aws, timeout: 0")}`,
    parts: "",
    ".env/file": "",
    "src/a.ts": `import { http } from "faasten";\n\nexport const A = http.get("/a", () => new Response());\n`,
  });
  expect(await tell(folder)).toMatchInlineSnapshot(`
    ".env:1  INVALID  The file cannot be read: it is a folder.
    parts:1  INVALID  Components lie in a folder, and this is a file: move it into one.
    serverless.yml:2  INVALID  \`provider.timeout\` counts seconds, from 1 to 3600, and is 0.
    src/a.ts:3  INVALID  a function cannot be called \`A\`: a lower-case letter first, then letters and digits, 40 at most
    4 mistakes: mend and save
    "
  `);
});
