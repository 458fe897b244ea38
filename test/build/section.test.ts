// The functions of a serverless.yml in a build: what is told of their files, and what becomes of them in a bundle.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { Graph } from "../../src/contracts/graph.ts";
import { remove } from "../dev/running.ts";
import { type BuiltApp, buildApp } from "./built.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) remove(folder);
});

function build(
  target: string,
  functions: string,
  files: Readonly<Record<string, string>>,
  head = "",
  provider = "aws, runtime: nodejs22.x",
): BuiltApp {
  const yaml = `service: shop\nprovider: { name: ${provider} }\n${head}functions:\n${functions}`;
  const built = buildApp("none", target, { files: { "serverless.yml": yaml, ...files } });
  folders.push(built.folder);
  return built;
}

async function load(built: BuiltApp, name: string): Promise<{ readonly handler: (...given: unknown[]) => unknown }> {
  return import(pathToFileURL(join(built.output, "functions", name, "index.mjs")).href);
}

const one = (handler: string): string => `  one:\n    handler: ${handler}\n    events: [{ httpApi: GET /one }]\n`;

describe("a file without the export is told with the event's line", () => {
  test.each([
    ["an ES module", "src/a.ts", "export const handle = async () => 1;\n", "did you mean `handle`?"],
    ["CommonJS", "src/a.js", "exports.other = async () => 1;\n", "write `export const handler = …` there"],
  ])("%s", (_, name, text, mend) => {
    const told = `serverless.yml:6  NOT_FOUND  \`${name}\` exports no \`handler\`: ${mend}`;
    expect(() => build("gcp", one("src/a.handler"), { [name]: text })).toThrow(told);
  });

  test("not where CommonJS passes on what it requires", () => {
    const files = {
      "src/a.js": 'module.exports = require("./b");\n',
      "src/b.js": "exports.handler = async () => 1;\n",
    };
    expect(() => build("gcp", one("src/a.handler"), files)).not.toThrow();
  });
});

test.each(["aws", "gcp", "local"])("any name is a function's, whatever it means elsewhere: %s", (target) => {
  const names = [
    ...["delete", "default", "new", "class", "import", "function", "await", "eval", "arguments", "let", "enum"],
    ...["lambda", "jwt", "filtered", "byBody", "byBus", "byObject", "withInput", "below", "limited", "invoked"],
  ];
  const functions = names
    .map(
      (name) =>
        `  ${name}:\n    handler: src/a.handler\n    timeout: 5\n    events: [{ httpApi: GET /${name} }, { sqs: { arn: "arn:aws:sqs:eu-west-1:1:${name}", filterPatterns: [{ body: { a: [1] } }] } }]\n`,
    )
    .join("");
  const source = { "src/a.js": "exports.handler = async () => 1;\n" };
  const built = build(target, functions, source);
  const graph = JSON.parse(readFileSync(join(built.output, "graph.json"), "utf8")) as Graph;
  expect(graph.functions.map(({ name }) => name)).toEqual(
    expect.arrayContaining([...names, ...names.map((name) => `${name}OnSqs`)]),
  );
});

test("what does not compile is told with its own line", () => {
  expect(() => build("gcp", one("src/a.handler"), { "src/a.ts": "\nexport const handler = ;\n" })).toThrow(
    /src\/a\.ts:2 {2}INVALID/,
  );
});

test("a callback becomes a promise where Lambda's Node.js takes none, and only there", async () => {
  const files = { "src/a.js": "exports.handler = (event, context, callback) => callback(null, event.a);\n" };
  const asItIs = await load(build("aws", one("src/a.handler"), files), "one");
  expect(asItIs.handler).toHaveLength(3);
  const functions = one("src/a.handler");
  const yaml = `service: shop\nprovider: { name: aws, runtime: nodejs24.x }\nfunctions:\n${functions}`;
  const built = buildApp("none", "aws", { files: { "serverless.yml": yaml, ...files } });
  folders.push(built.folder);
  const { handler } = await load(built, "one");
  expect(handler.length).toBeLessThan(3);
  expect(await handler({ a: 1 }, {})).toBe(1);
});

test("beside portable functions: one app, whose handlers keep the native globals", async () => {
  const files = {
    "src/portable.ts": `import { http } from "faasten";
export const portable = http.get("/portable", { access: "public" }, () => new Response("yes"));
`,
    "src/a.js":
      "exports.handler = async () => String(new Response('x') instanceof globalThis.Response && Response === globalThis.Response);\n",
  };
  const built = build("aws", one("src/a.handler"), files, "custom: { faasten: { entry: [src/portable.ts] } }\n");
  const graph = JSON.parse(readFileSync(join(built.output, "graph.json"), "utf8")) as Graph;
  expect(graph.functions.map(({ name, file }) => [name, file])).toEqual([
    ["portable", "src/portable.ts"],
    ["one", "serverless.yml"],
  ]);
  expect(await (await load(built, "one")).handler({}, {})).toBe("true");
});

test("a name that is taken is told, whoever has it", () => {
  const files = {
    "src/portable.ts": `import { http } from "faasten";
export const one = http.get("/one", { access: "public" }, () => new Response("yes"));
`,
    "src/a.js": "exports.handler = async () => 1;\n",
  };
  const head = "custom: { faasten: { entry: [src/portable.ts] } }\n";
  expect(() => build("aws", one("src/a.handler"), files, head)).toThrow(
    /ALREADY_EXISTS {2}one: GET \/one is answered by one already[\s\S]*ALREADY_EXISTS {2}the function one has the name of one|ALREADY_EXISTS {2}the function one has the name of one[\s\S]*ALREADY_EXISTS {2}one: GET \/one is answered by one already/,
  );
});

describe("two values for one name in the environment", () => {
  const functions = ["one", "two"]
    .map(
      (name) =>
        `  ${name}:\n    handler: src/a.handler\n    environment: { WHO: ${name} }\n    events: [{ sqs: "arn:${name}" }]\n`,
    )
    .join("");
  const files = { "src/a.js": "exports.handler = async () => {};\n" };

  test("are told where both run in one process", () => {
    for (const target of ["azure", "local"])
      expect(() => build(target, functions, files)).toThrow(
        "serverless.yml:8  MISCONFIGURED  two and one give `WHO` different values, and run in one process here",
      );
  });

  test("are each its own where not", () => {
    for (const target of ["aws", "gcp"]) {
      const { output } = build(target, functions, files);
      const graph = JSON.parse(readFileSync(join(output, "graph.json"), "utf8")) as Graph;
      expect(graph.functions.map(({ section }) => section?.environment)).toEqual([{ WHO: "one" }, { WHO: "two" }]);
    }
  });
});

describe("a value of the provider's environment that a function overrides", () => {
  const two = (own: string): string => `  one:
    handler: src/a.handler
    environment: { WHO: one }
    events: [{ sqs: "arn:one" }]
  two:
    handler: src/a.handler${own}
    events: [{ sqs: "arn:two" }]
`;
  const files = { "src/a.js": "exports.handler = async () => {};\n" };
  const provider = "aws, environment: { WHO: all }";

  test("is told where another function runs beside it", () => {
    for (const target of ["azure", "local"])
      expect(() => build(target, two(""), files, "", provider)).toThrow(
        "serverless.yml:4  MISCONFIGURED  one gives `WHO` another value than `provider.environment`, whose value two has in the same process here",
      );
    const portable = `import { http } from "faasten";
export const portable = http.get("/portable", { access: "public" }, () => new Response("yes"));
`;
    const head = "custom: { faasten: { entry: [src/portable.ts] } }\n";
    const alone = two("").slice(0, two("").indexOf("  two:"));
    for (const [target, who] of [
      ["azure", "portable"],
      ["local", "src/portable.ts"],
    ] as const)
      expect(() => build(target, alone, { ...files, "src/portable.ts": portable }, head, provider)).toThrow(
        `serverless.yml:5  MISCONFIGURED  one gives \`WHO\` another value than \`provider.environment\`, whose value ${who} has`,
      );
  });

  test("is its own where it runs alone, and everybody's where all say the same", () => {
    build("gcp", two(""), files, "", provider);
    build("azure", two("\n    environment: { WHO: one }"), files, "", provider);
  });
});
