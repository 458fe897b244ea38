// `faasten inspect`: what it prints of the demo, of an app that has one of each, and of one that is broken.
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Inspected } from "../../src/build/inspect.ts";
import { folder as bare } from "../src/manifest/folder.ts";
import { runFaasten } from "./command.ts";
import { copyOrders, makeApp, read, remove, repository, save } from "./running.ts";

// Each command is a process.
vi.setConfig({ testTimeout: 120_000 });

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) remove(folder);
});

const keep = (folder: string): string => {
  folders.push(folder);
  return folder;
};

async function inspect(folder: string, ...flags: string[]) {
  const { code, stdout, stderr } = await runFaasten(folder, ["inspect", ...flags]).ended;
  return { code, stdout: stdout.toString(), stderr };
}

/** Bytes change with every release of a library. */
const unweighed = (text: string): string => text.replace(/\nbundles\n[\s\S]*?\n\n/, "\nbundles\n  …\n\n");

const manifest = `
service: shop
provider: { name: aws, environment: { AWS_TABLE: orders } }
custom: { faasten: { entry: [src/*.ts] } }
`;
const oneOfEach = {
  "serverless.yml": manifest,
  "src/app.ts": `
import { http, jwt, lambda, schedule, secret, state, topic } from "faasten";
import { table } from "./table.ts";
import { handler } from "./legacy.js";
import { worker } from "./worker.js";

const orders = state("orders");
const placed = topic<{ id: string }>('order "placed"'.replace(/\\W+/g, "-"));
const access = jwt({ issuer: "https://id.example", audience: "shop" });

export const getOrder = http.get("/orders/:id", { access, uses: { orders: orders.read, key: secret("key") } }, () => new Response());
export const placeOrder = http.post("/orders", { access: "public", uses: { placed: placed.publish } }, () => new Response(process.env.AWS_TABLE));
export const ship = placed.subscribe({ uses: { orders: orders.readWrite } }, () => {});
export const sweep = schedule("every 5 minutes", () => {});
export const report = http.get("/report", { access: "public" }, () => Response.json(table(process.env.AWS_REGION)));
export const legacy = lambda(handler, { on: http.any("/legacy/*", { access: "public" }), event: "apigw.v2" });
export const work = lambda(worker, { on: placed, event: "sqs" });
export const changes = lambda(worker, { event: "dynamodb" });
`,
  "src/table.ts": `
import { join } from "node:path";
export const table = (region?: string) => join("https://dynamodb.eu-west-1.amazonaws.com", String(region));
`,
  "src/legacy.js": `
export const handler = async (event) => ({ statusCode: 200, body: event.rawPath });
`,
  "src/worker.js": `
export const worker = async ({ Records }) => {
  for (const { eventSourceARN } of Records) console.log(eventSourceARN);
};
`,
};

describe("as text", () => {
  test("the demo", async () => {
    const folder = keep(copyOrders());
    const { code, stdout, stderr } = await inspect(folder);
    expect([code, stderr]).toEqual([0, ""]);
    expect(unweighed(stdout)).toMatchSnapshot();
    expect(stdout).toMatch(/\n {2}app +[\d.]+ KB {2}npm:zod [\d.]+, src [\d.]+,/);
    expect(existsSync(join(folder, ".faasten/local/app"))).toBe(false);
  });

  test("one of each, in lines of 80 columns and no colours", async () => {
    const { code, stdout, stderr } = await inspect(keep(makeApp(oneOfEach)));
    expect([code, stderr]).toEqual([0, ""]);
    expect(unweighed(stdout)).toMatchSnapshot();
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).not.toContain("\u001b");
  });

  test("each function's own bundle, where it has one", async () => {
    const { code, stdout } = await inspect(keep(makeApp(oneOfEach)), "--target", "aws");
    expect(code).toBe(0);
    expect(stdout).toContain("\n  changes  on dynamodb of aws  as dynamodb\n");
    for (const name of ["getOrder", "ship", "legacy", "changes"])
      expect(stdout).toMatch(new RegExp(`\\n {2}${name} +[\\d.]+ KB {2}`));
  });

  test("what only another cloud has is told, and left out", async () => {
    const { code, stdout } = await inspect(keep(makeApp(oneOfEach)), "--target", "gcp");
    expect(code).toBe(0);
    expect(stdout).toContain("\n  changes  not on gcp\n");
    expect(stdout).toMatch(/\n {2}http +[\d.]+ KB[\s\S]*holds getOrder, placeOrder, report, legacy\n/);
  });

  test("a section's handlers, as they lie in their files", async () => {
    const folder = keep(makeApp({}));
    cpSync(join(repository, "test/fixtures/serverless-project"), folder, { recursive: true });
    const file = "src/http/hello.js";
    save(
      folder,
      file,
      read(folder, file).replace("async (event) => ({", "$&\n  account: event.requestContext.accountId,"),
    );
    const { code, stdout } = await inspect(folder);
    expect(code).toBe(0);
    expect(unweighed(stdout)).toMatchSnapshot();
  });

  test("a section's handlers are no more bound on AWS, which hands them its own events", async () => {
    const folder = keep(makeApp({}));
    cpSync(join(repository, "test/fixtures/serverless-project"), folder, { recursive: true });
    const bound = async (target: string): Promise<readonly string[]> => {
      const { stdout } = await inspect(folder, "--target", target, "--format", "json");
      const { portability } = JSON.parse(stdout) as Inspected;
      return portability.filter(({ verdict }) => verdict === "bound").map((one) => one.function);
    };
    expect(await bound("aws")).toEqual(await bound("local"));
    const { stdout } = await inspect(folder, "--target", "aws");
    expect(stdout).toContain("  worker  on sqs of aws");
  });

  test("--strict ends with 1 where a function is bound", async () => {
    expect((await inspect(keep(makeApp(oneOfEach)), "--strict")).code).toBe(1);
    expect((await inspect(keep(copyOrders()), "--strict")).code).toBe(0);
  });
});

test("as Mermaid: names are escaped", async () => {
  const files = {
    "serverless.yml": manifest,
    "src/app.ts": `
import { http, secret } from "faasten";
export const a = http.get('/a', { access: "public", uses: { key: secret('k"|]-->x["#35; <b> &lt;') } }, (_, { native }) => Response.json(native));
`,
  };
  const { code, stdout } = await inspect(keep(makeApp(files)), "--format", "mermaid");
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "flowchart LR
      n0["a"]
      n1(["GET /a"])
      n2[("secretstore<br/>secretstores.local.file")]
      n1 --> n0
      n0 -->|"read k#34;|]--#62;x[#34;#35;35; #60;b#62; #38;lt;"| n2
      classDef bound stroke-dasharray: 5 5
      class n0 bound
    "
  `);
});

test("as Mermaid: the demo", async () => {
  const { stdout } = await inspect(keep(copyOrders()), "--format", "mermaid");
  expect(stdout).toMatchSnapshot();
});

test("as JSON: all of it, and no metadata", async () => {
  const { stdout } = await inspect(keep(copyOrders()), "--format", "json");
  const { service, components, weights, portability, problems } = JSON.parse(stdout) as Inspected;
  expect([service, problems]).toEqual(["orders", []]);
  expect(components.find(({ name }) => name === "orders")).toEqual({
    name: "orders",
    block: "state",
    type: "state.sqlite",
    module: "providers/local/state/sqlite",
  });
  expect(Object.keys(weights)).toEqual(["app"]);
  expect(portability).toContainEqual({ function: "countOrders", verdict: "portable", reasons: [] });
});

describe("a broken app", () => {
  test("every mistake, and nothing else", async () => {
    const app = `import { http } from "faasten";\nexport const Bad = http.get("/a", () => new Response());\nexport const bad = http.get("b" as never, () => new Response());\n`;
    const { code, stdout, stderr } = await inspect(keep(makeApp({ "serverless.yml": manifest, "src/app.ts": app })));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^src\/app\.ts:2 {2}INVALID {2}[^\n]+\nsrc\/app\.ts:3 {2}INVALID/);
  });

  test("one that cannot be bundled: why, after what can be told", async () => {
    const files = {
      "serverless.yml": manifest,
      "src/app.ts": `import { http } from "faasten";\nimport load from "pack";\nexport const a = http.get("/a", () => Response.json(load()));\n`,
      "node_modules/pack/index.js": `module.exports = () => require("./addon.node");\n`,
      "node_modules/pack/addon.node": "",
    };
    const { code, stdout, stderr } = await inspect(bare(files));
    expect(code).toBe(1);
    expect(stdout).toContain("      src/app.ts:2  pack loads ./addon.node\n");
    expect(stdout).toContain("  app  none: it cannot be built\n");
    expect(stderr).toMatch(/^node_modules\/pack\/index\.js:1 {2}INVALID {2}No loader is configured/);
  });

  test.each([
    [["--target", "azur"], "INVALID  --target azur: there is no such target. Did you mean `azure`?\n"],
    [["--format", "svg"], "INVALID  --format svg: there is no such format. Known: `text`, `mermaid`, `json`.\n"],
  ])("%j", async (flags, said) => {
    const { code, stdout, stderr } = await inspect(keep(makeApp({})), ...flags);
    expect([code, stdout, stderr]).toEqual([1, "", said]);
  });
});
