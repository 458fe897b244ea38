// What ties a function to one cloud: sources → findings.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Found } from "../../../src/build/found.ts";
import { type Portability, portabilityOf } from "../../../src/build/portability.ts";
import { userModules } from "../../../src/build/user-modules.ts";
import { http, type LambdaEvent, lambda } from "../../../src/index.ts";
import { Problems } from "../../../src/manifest/problems.ts";
import { folder } from "../manifest/folder.ts";

type Files = Readonly<Record<string, string>>;

interface Options {
  readonly files?: Files;
  /** Exports of `app.ts` that are wrapped, and the event that each expects. */
  readonly lambdas?: Readonly<Record<string, string>>;
  readonly functions?: readonly string[];
  readonly variables?: readonly string[];
}

async function look(code: string, { files = {}, lambdas = {}, functions = ["f"], variables = [] }: Options = {}) {
  const root = folder({ "app.ts": code, ...files });
  const file = join(root, "app.ts");
  const problems = new Problems(root);
  const found = functions.map((name) => ({
    name,
    exported: name,
    file,
    line: 1,
    definition:
      lambdas[name] === undefined
        ? http.get("/", () => new Response())
        : lambda(() => {}, { on: http.any("/"), event: lambdas[name] as LambdaEvent }),
  }));
  const options = {
    folder: root,
    found,
    triggerOf: ({ definition }: Found) => definition.on,
    fileOf: () => file,
    variables: new Set(variables),
    plugins: [userModules({ folder: root, functions: new Set(functions) })],
  };
  const portability = await portabilityOf(options, problems);
  expect(problems.list()).toEqual([]);
  return portability;
}

const lines = (one: Portability | undefined): readonly string[] =>
  (one?.reasons ?? []).map(({ file, line, what, mend }) => `${file}:${line} ${what}: ${mend}`);

/** Of one function, whose lines follow an import. */
const said = async (code: string, options?: Options): Promise<readonly string[]> =>
  lines((await look(`import { http, lambda } from "faasten";\n${code}`, options))[0]);

const get = (body: string): string => `export const f = http.get("/f", async (request, context) => { ${body} });`;

describe("the user's own code", () => {
  test.each<[string, string, readonly string[]]>([
    [
      "a library of a cloud",
      `import { S3Client } from "@aws-sdk/client-s3";\nconst s3 = new S3Client({});\n${get("await s3.send(1);")}`,
      ["app.ts:2 imports @aws-sdk/client-s3: use binding(name).output(…)"],
    ],
    [
      "each by its block",
      `import { CosmosClient as C } from "@azure/cosmos";\nimport * as P from "@google-cloud/pubsub";\nimport A from "firebase-admin";\n${get("use(C, P, A)")}`,
      [
        "app.ts:2 imports @azure/cosmos: use state(name)",
        "app.ts:3 imports @google-cloud/pubsub: use topic(name)",
        "app.ts:4 imports firebase-admin: use the block that stands for the service that it calls",
      ],
    ],
    [
      "one that is imported when it is needed",
      get('const { SSMClient } = await import("@aws-sdk/client-ssm"); new SSMClient({});'),
      ["app.ts:2 imports @aws-sdk/client-ssm: use secret(name) or configuration([…])"],
    ],
    [
      "one that is imported for what it does",
      `import "@azure/monitor-opentelemetry";\n${get("")}`,
      ["app.ts:2 imports @azure/monitor-opentelemetry: use binding(name).output(…)"],
    ],
    [
      "one that is required by a require of one's own",
      `import { createRequire } from "node:module";\nconst load = createRequire(import.meta.url);\n${get('load("@aws-sdk/client-sqs")')}`,
      ["app.ts:4 imports @aws-sdk/client-sqs: use topic(name)"],
    ],
    [
      "the services of the old library",
      `import AWS from "aws-sdk";\n${get("new AWS.DynamoDB.DocumentClient();\n new AWS.SQS();")}`,
      [
        "app.ts:2 imports aws-sdk: use the block that stands for the service that it calls",
        "app.ts:3 uses DynamoDB of aws-sdk: use state(name)",
        "app.ts:4 uses SQS of aws-sdk: use topic(name)",
      ],
    ],
    [
      "variables, however they are read",
      `import process from "node:process";\nimport { env } from "process";\n${get('process.env.AWS_REGION;\nenv["WEBSITE_SITE_NAME"];\nconst { K_SERVICE: me } = process.env;')}`,
      [
        "app.ts:4 reads process.env.AWS_REGION, which AWS sets: use configuration([…])",
        "app.ts:5 reads process.env.WEBSITE_SITE_NAME, which Azure sets: use the handler's context",
        "app.ts:6 reads process.env.K_SERVICE, which Google Cloud sets: use the handler's context",
      ],
    ],
    [
      "variables of the global",
      get("const { env } = process;\nenv.AWS_LAMBDA_FUNCTION_NAME;\nprocess.env?.GOOGLE_CLOUD_PROJECT;"),
      [
        "app.ts:3 reads process.env.AWS_LAMBDA_FUNCTION_NAME, which AWS sets: use the handler's context",
        "app.ts:4 reads process.env.GOOGLE_CLOUD_PROJECT, which Google Cloud sets: use configuration([…])",
      ],
    ],
    [
      "resource names and hosts",
      get(
        'use("arn:aws:sqs:eu-west-1:1:orders",\n`https://${request.url}.s3.eu-west-1.amazonaws.com/a`,\n"https://acct.blob.core.windows.net/",\n"projects/p/secrets/s/versions/1",\n"/var/task/a.json");',
      ),
      [
        "app.ts:2 names arn:aws:sqs:eu-west-1:1:orders: use topic(name)",
        "app.ts:3 names the host ….s3.eu-west-1.amazonaws.com: use binding(name).output(…)",
        "app.ts:4 names the host acct.blob.core.windows.net: use binding(name).output(…)",
        "app.ts:5 names projects/p/secrets/s/versions/1: use secret(name)",
        "app.ts:6 names /var/task/a.json: import it, so that the bundle holds it",
      ],
    ],
    [
      "the native call",
      get("context.native.payload;"),
      ["app.ts:2 reads context.native: use the handler's own arguments"],
    ],
    [
      "the native call, taken apart, in a function elsewhere",
      `export const f = http.get("/f", {}, handle);\nasync function handle(_: Request, { log, native }: never) {\n return look(native); }\nfunction look(x: unknown) {}`,
      ["app.ts:3 reads context.native: use the handler's own arguments"],
    ],
    [
      "a file compiled for one platform",
      get('require("./x.node")'),
      ["app.ts:2 loads ./x.node: use WebAssembly or JavaScript: this is compiled for one platform"],
    ],
  ])("%s", async (_, code, expected) => expect(await said(code)).toEqual(expected));

  test.each<[string, string, Options?]>([
    ["what stands in a comment", `// arn:aws:s3:::a, process.env.AWS_REGION\n${get("/* @aws-sdk/client-s3 */")}`],
    [
      "types",
      `import type { S3 } from "@aws-sdk/client-s3";\nimport { type SQS } from "@aws-sdk/client-sqs";\n${get("let s: S3 | SQS;")}`,
    ],
    ["types that do not say so", `import { S3 } from "@aws-sdk/client-s3";\n${get("let s: S3;")}`],
    [
      "what nobody uses",
      `import { S3 } from "@aws-sdk/client-s3";\nconst s3 = new S3({});\nconst { AWS_REGION } = process.env;\n${get("")}`,
    ],
    [
      "text that is written for people",
      get('throw new Error("give an ARN such as arn:aws:s3:::a or b.s3.amazonaws.com");'),
    ],
    ["a process of another make", get("((process) => process.env.AWS_REGION)({ env: {} });")],
    [
      "a variable of another name",
      get("process.env.TABLE; process.env.AWSOME; process.env.AZURE_OPENAI_KEY; process.env.GOOGLE_CLIENT_ID;"),
    ],
    ["a variable that the app sets", get("process.env.AWS_BUCKET;"), { variables: ["AWS_BUCKET"] }],
    [
      "public services that run on a cloud",
      get(
        'use("https://fonts.googleapis.com/css", "https://www.googleapis.com/auth/x", "https://cognito-idp.eu-west-1.amazonaws.com/pool", "https://example.com/?to=a.amazonaws.com");',
      ),
    ],
    [
      "a library of a like name",
      `import a from "@aws-sdkish/a";\nimport b from "aws-sdk-mock";\n${get("use(a, b)")}`,
      {
        files: {
          "node_modules/@aws-sdkish/a/index.js": "export default 1;",
          "node_modules/aws-sdk-mock/index.js": "export default 1;",
        },
      },
    ],
    ["another's field of that name", get("request.native; const x = { native: 1 }; x.native;")],
  ])("%s is no tie", async (_, code, options) => expect(await said(code, options)).toEqual([]));
});

describe("a neighbour", () => {
  const store =
    'import { S3 } from "@aws-sdk/client-s3";\nexport const s3 = new S3({});\nexport const plain = () => 1;\n';
  test.each<[string, string, Files?]>([
    [
      "of the same file",
      `import { http } from "faasten";\nimport { S3 } from "@aws-sdk/client-s3";\nconst s3 = new S3({});\nexport const bound = http.get("/a", () => s3.send());\nexport const free = http.get("/b", () => new Response());`,
    ],
    [
      "of another, through a file that both import",
      `import { http } from "faasten";\nimport { s3, plain } from "./store.ts";\nexport const bound = http.get("/a", () => s3.send());\nexport const free = http.get("/b", () => plain());`,
      { "store.ts": store },
    ],
    [
      "of a module that is used as an object",
      `import { http } from "faasten";\nimport * as store from "./store.ts";\nexport const bound = http.get("/a", () => store?.["s3"].send());\nexport const free = http.get("/b", () => store?.["plain"]());`,
      { "store.ts": store },
    ],
  ])("%s: what it uses is its own", async (_, code, files = {}) => {
    const [bound, free] = await look(code, { files, functions: ["bound", "free"] });
    expect([bound?.verdict, bound?.reasons.length]).toEqual(["bound", 1]);
    expect(free).toEqual({ function: "free", verdict: "portable", reasons: [] });
  });
});

describe("packages", () => {
  const uses = `import { save } from "pack";\n${get("save()")}`;
  const pack = (code: string, more: Files = {}, json: object = {}): Files => ({
    "node_modules/pack/package.json": JSON.stringify({ name: "pack", type: "module", main: "index.js", ...json }),
    "node_modules/pack/index.js": code,
    ...more,
  });
  test.each<[string, Files, readonly string[]]>([
    [
      "one that imports a library of a cloud",
      pack('import { S3 } from "@aws-sdk/client-s3";\nexport const save = () => new S3({});'),
      ["app.ts:2 pack imports @aws-sdk/client-s3: use binding(name).output(…)"],
    ],
    [
      "one that comes through another",
      pack('export { save } from "@in/ner";', {
        "node_modules/@in/ner/package.json": '{ "name": "@in/ner", "main": "index.js" }',
        "node_modules/@in/ner/index.js":
          'const { Firestore } = require("@google-cloud/firestore");\nexports.save = () => new Firestore();',
      }),
      ["app.ts:2 @in/ner imports @google-cloud/firestore: use state(name)"],
    ],
    [
      "one that is compiled",
      pack("export const save = () => 1;", { "node_modules/pack/binding.gyp": "{}" }),
      ["app.ts:2 imports pack, a native module: use WebAssembly or JavaScript: this is compiled for one platform"],
    ],
    [
      "one that brings a compiled one for each platform",
      pack("export const save = () => 1;", {}, { optionalDependencies: { "pack-linux-x64-gnu": "1" } }),
      ["app.ts:2 imports pack, a native module: use WebAssembly or JavaScript: this is compiled for one platform"],
    ],
    [
      "one that looks where it runs",
      pack('export const save = () => [process.env.AWS_REGION, "sqs.amazonaws.com"];'),
      [],
    ],
    [
      "one that could do with a library, and without",
      pack('export let save = () => 1;\ntry { save = require("@aws-sdk/client-s3"); } catch {}'),
      [],
    ],
    [
      "a part of one that nobody uses",
      pack(
        'import { S3 } from "@aws-sdk/client-s3";\nexport const save = () => 1;\nexport const other = () => new S3({});',
        {},
        { sideEffects: false },
      ),
      [],
    ],
  ])("%s", async (_, files, expected) => expect(await said(uses, { files })).toEqual(expected));
});

describe("a Lambda handler that is wrapped", () => {
  const wrap = (handler: string, more = ""): string =>
    `${more}export const f = lambda(${handler}, { on: http.any("/"), event: "apigw.v2" });`;
  const account = "reads event.requestContext.accountId: do without: only AWS knows it";
  test.each<[string, string, readonly string[], Options?]>([
    ["only what is portable is read", wrap("async (event) => event.headers.a + event.requestContext.http.method"), []],
    ["a field of AWS alone", wrap("async (event) => event.requestContext.accountId"), [`app.ts:2 ${account}`]],
    ["taken apart", wrap("async ({ requestContext: { accountId } }) => accountId"), [`app.ts:2 ${account}`]],
    [
      "by another name",
      wrap("async (event) => {\n const c = event.requestContext;\n return c?.accountId; }"),
      [`app.ts:4 ${account}`],
    ],
    [
      "handed on",
      wrap("(e) => inner(1, e.requestContext)", "const inner = (a, c) => c.accountId;\n"),
      [`app.ts:2 ${account}`],
    ],
    [
      "wrapped by a library",
      wrap(
        "middy(base).use(1)",
        'import { middy } from "./middy.ts";\nconst base = async (event) => event.requestContext.apiId;\n',
      ),
      ["app.ts:3 reads event.requestContext.apiId: do without: only AWS knows it"],
      { files: { "middy.ts": "export const middy = (h: any) => h;" } },
    ],
    [
      "named by its module",
      'import * as $module from "./legacy.ts";\nimport { limited } from "./limited.ts";\nconst $handler = $module?.["handler"] ?? $module.default?.["handler"];\nexport const f = limited(lambda($handler, {}), 1000);',
      ["legacy.ts:1 reads event.requestContext.accountId: do without: only AWS knows it"],
      {
        files: {
          "legacy.ts": "export const handler = (event: any) => event.requestContext.accountId;",
          "limited.ts": "export const limited = (h: unknown) => h;",
        },
      },
    ],
    [
      "its context",
      wrap("(event, context) => context.invokedFunctionArn + context.awsRequestId"),
      ["app.ts:2 reads context.invokedFunctionArn: do without: only AWS knows it"],
    ],
    [
      "a module of CommonJS",
      wrap("legacy.handler", 'import legacy from "./legacy.cjs";\n'),
      [
        "legacy.cjs:1 imports aws-sdk: use the block that stands for the service that it calls",
        "legacy.cjs:2 reads event.requestContext.accountId: do without: only AWS knows it",
        "legacy.cjs:2 uses S3 of aws-sdk: use binding(name).output(…)",
      ],
      {
        files: {
          "legacy.cjs":
            'const AWS = require("aws-sdk");\nexports.handler = async (event) => new AWS.S3(event.requestContext.accountId);',
        },
      },
    ],
    [
      "a module of CommonJS that exports an object",
      wrap("handler", 'import { handler } from "./legacy.cjs";\n'),
      ["legacy.cjs:1 reads event.requestContext.accountId: do without: only AWS knows it"],
      {
        files: {
          "legacy.cjs":
            "async function handler(event) { return event.requestContext.accountId; }\nmodule.exports = { handler };",
        },
      },
    ],
  ])("%s", async (_, code, expected, options = {}) =>
    expect(await said(code, { ...options, lambdas: { f: "apigw.v2" } })).toEqual(expected),
  );

  test("records, one by one", async () => {
    const code = wrap(
      "async (event) => {\n for (const record of event.Records) record.awsRegion;\n event.Records.map(({ body, eventSourceARN }) => body);\n return event.Records[0].attributes.SenderId; }",
    );
    expect(await said(code, { lambdas: { f: "sqs" } })).toEqual([
      "app.ts:3 reads event.Records.*.awsRegion: do without: only AWS knows it",
      "app.ts:4 reads event.Records.*.eventSourceARN: do without: only AWS knows it",
      "app.ts:5 reads event.Records.*.attributes.SenderId: do without: only AWS knows it",
    ]);
  });

  test("its verdict", async () => {
    const code =
      'import { http, lambda } from "faasten";\nexport const f = lambda(() => 1, {});\nexport const g = lambda(() => 2, {});';
    const verdicts = await look(code, { functions: ["f", "g"], lambdas: { f: "sqs", g: "dynamodb" } });
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(["bridged", "bound"]);
    expect(lines(verdicts[1])).toEqual(["app.ts:1 takes dynamodb events, which only AWS has: use topic(name)"]);
  });
});
