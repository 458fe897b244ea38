// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are variables of a serverless.yml
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Manifest, readManifest } from "../../../src/manifest/manifest.ts";
import { child } from "../../../src/manifest/nodes.ts";
import { Problems } from "../../../src/manifest/problems.ts";
import type { Given } from "../../../src/manifest/variables.ts";
import { folder } from "./folder.ts";

const clean = fileURLToPath(new URL("../../fixtures/manifest/clean", import.meta.url));

function read(
  app: string,
  given: Partial<Given> = {},
): { manifest: Manifest | undefined; problems: readonly string[] } {
  const problems = new Problems(app);
  const manifest = readManifest(app, { env: {}, ...given }, problems);
  return { manifest, problems: problems.list().map((p) => `${p.file}:${p.line} ${p.code} ${p.message}`) };
}

/** A serverless.yml of these lines, and one module beside it. */
function readLines(...lines: string[]): { manifest: Manifest | undefined; problems: readonly string[] } {
  return read(folder({ "serverless.yml": `${lines.join("\n")}\n`, "src/a.ts": "" }));
}

const head = ["service: orders", "provider: { name: aws }"];
const entry = "custom: { faasten: { entry: [src/*.ts] } }";

describe("a file without mistakes", () => {
  test("is read whole", () => {
    const { manifest, problems } = read(clean, { env: { GREETING: "hi" } });
    expect(problems).toEqual([]);
    expect(manifest).toMatchObject({
      file: join(clean, "serverless.yml"),
      service: "orders",
      stage: "dev",
      provider: {
        name: "aws",
        runtime: "nodejs22.x",
        region: "eu-west-1",
        memorySize: 512,
        timeout: 20,
        environment: {
          TABLE: "orders-dev-20",
          GREETING: "hi",
          LITERAL: "${not.a.variable}",
          RATE: "1.10",
          DEBUG: "false",
        },
      },
      entry: [join(clean, "src/billing.ts"), join(clean, "src/orders.ts")],
      components: join(clean, "components"),
    });
    expect(Object.getPrototypeOf(manifest?.provider.environment)).toBeNull();
  });

  test("gives its functions as they are written, and resolves them when asked", () => {
    const { manifest } = read(clean);
    const path = ["legacy", "environment", "WHO"];
    const written = path.reduce((node, key) => node && child(node, key), manifest?.functions);
    expect(written).toMatchObject({ value: "${self:service}", line: 30 });
    expect(written && manifest?.resolve(written)).toMatchObject({ value: "orders" });
  });

  test("knows where each path is written", () => {
    const { manifest } = read(clean);
    expect(manifest?.where(["custom", "faasten", "entry", 0])).toMatchObject({ line: 26, column: 13 });
    expect(manifest?.where(["custom", "faasten", "nothing"])).toMatchObject({ line: 25 });
  });

  test("takes the stage and what hangs on it from the options", () => {
    expect(read(clean, { stage: "prod" }).manifest).toMatchObject({
      stage: "prod",
      provider: { region: "us-east-1", environment: { TABLE: "orders-prod-20", GREETING: "hello" } },
    });
    expect(read(clean, { options: { stage: "test" }, params: { region: "mine" } }).manifest).toMatchObject({
      stage: "test",
      provider: { region: "mine" },
    });
    expect(read(clean, { env: { TARGET: "google" } }).manifest?.provider.name).toBe("google");
  });

  test("may be small", () => {
    const { manifest, problems } = readLines("service: a", "provider: aws", entry);
    expect(problems).toEqual([]);
    expect(manifest).toMatchObject({ service: "a", stage: "dev", provider: { name: "aws", environment: {} } });
    expect(manifest).not.toHaveProperty("functions");
  });

  test("may be a serverless.yaml", () => {
    const app = folder({ "serverless.yaml": `${head.join("\n")}\nfunctions: { a: { handler: a.b } }\n` });
    expect(read(app)).toMatchObject({ manifest: { file: join(app, "serverless.yaml"), entry: [] }, problems: [] });
  });

  test("may hold numbers as text, for such come from the environment", () => {
    const { manifest } = readLines("service: a", 'provider: { name: aws, timeout: "20" }', entry);
    expect(manifest?.provider.timeout).toBe(20);
  });
});

describe("the file", () => {
  test("that is not there: says what to write", () => {
    const { manifest, problems } = read(folder({}));
    expect(manifest).toBeUndefined();
    expect(problems).toEqual([
      expect.stringMatching(/^serverless\.yml:1 NOT_FOUND .*Write one with `service: my-app`/),
    ]);
  });

  test("that is there twice", () => {
    const content = [...head, entry].join("\n");
    const { problems } = read(folder({ "serverless.yml": content, "serverless.yaml": content, "src/a.ts": "" }));
    expect(problems).toEqual([expect.stringContaining("serverless.yaml:1 ALREADY_EXISTS")]);
  });

  test.each([
    ["", /^serverless\.yml:1 MISCONFIGURED The file is empty/],
    ["# nothing\n", /^serverless\.yml:1 MISCONFIGURED The file is empty/],
    ["- a\n", /^serverless\.yml:1 INVALID The document must be a map/],
    ["a: [\n", /^serverless\.yml:2 INVALID This is not YAML/],
  ])("%j", (content, problem) => {
    const { manifest, problems } = read(folder({ "serverless.yml": content }));
    expect(manifest).toBeUndefined();
    expect(problems).toEqual([expect.stringMatching(problem)]);
  });

  test("that is a folder", () => {
    const app = folder({});
    mkdirSync(join(app, "serverless.yml"));
    expect(read(app).problems).toEqual(["serverless.yml:1 INVALID The file cannot be read: it is a folder."]);
  });

  test("of two documents", () => {
    expect(readLines(...head, entry, "---", "a: 1").problems).toEqual([
      "serverless.yml:5 INVALID A serverless.yml holds one document: remove what follows `---`.",
    ]);
  });
});

describe("names", () => {
  test.each(["orders", "a", "a-1", "a".repeat(40)])("%s is a service", (name) => {
    expect(readLines(`service: ${name}`, "provider: aws", entry).problems).toEqual([]);
  });

  test.each(["Orders", "1a", "a_b", "a-", "a--b", "a".repeat(41), '""', "7", "{ name: a }", "[a]"])(
    "%s is none",
    (name) => {
      const { problems } = readLines(`service: ${name}`, "provider: aws", entry);
      expect(problems).toEqual([expect.stringContaining("serverless.yml:1 INVALID")]);
    },
  );

  test.each(["Prod", "a_b", "-a", "a".repeat(21)])("%s is no stage, wherever it comes from", (stage) => {
    const app = folder({ "serverless.yml": [...head, entry].join("\n"), "src/a.ts": "" });
    expect(read(app, { stage }).problems).toEqual([expect.stringContaining("cannot name the stage (`--stage`)")]);
    const { problems } = readLines("service: a", `provider: { name: aws, stage: ${stage} }`, entry);
    expect(problems).toEqual([expect.stringMatching(/^serverless\.yml:2 INVALID .*`provider\.stage`/)]);
  });
});

describe("keys", () => {
  test("that the framework does not know", () => {
    expect(readLines(...head, entry, "fuctions: {}", "nonsense: 1").problems).toEqual([
      "serverless.yml:4 INVALID The Serverless Framework knows no key `fuctions`. Did you mean `functions`?",
      "serverless.yml:5 INVALID The Serverless Framework knows no key `nonsense`.",
    ]);
  });

  test("may be those of another plugin, unless they look like a slip", () => {
    for (const plugins of ["plugins: [faasten/serverless, other]", "plugins: { modules: [other] }"]) {
      expect(readLines(...head, entry, plugins, "stepFunctions: {}", "fuctions: {}").problems).toEqual([
        expect.stringContaining("`fuctions`"),
      ]);
    }
    const ours = readLines(...head, entry, "plugins: [faasten/serverless]", "stepFunctions: {}");
    expect(ours.problems).toEqual([expect.stringContaining("`stepFunctions`")]);
  });

  test("of custom.faasten, where a slip is not told a second time as missing", () => {
    expect(readLines(...head, "custom: { other: 1, faasten: { entri: [a], colour: 1 } }").problems).toEqual([
      "serverless.yml:3 INVALID There is no key `entri` in `custom.faasten`. Did you mean `entry`?",
      "serverless.yml:3 INVALID There is no key `colour` in `custom.faasten`. Known: `entry`, `components`, `regions`.",
    ]);
    for (const [line, meant] of [
      ["custom: { fasten: { entry: [a] } }", "faasten"],
      ["cusotm: {}", "custom"],
      ["functoins: {}", "functions"],
    ]) {
      expect(readLines(...head, line ?? "").problems).toEqual([expect.stringContaining(`Did you mean \`${meant}\`?`)]);
    }
    expect(readLines("servcie: a", "provider: aws", entry).problems).toHaveLength(1);
  });

  test("that are missing", () => {
    expect(readLines("custom: ~").problems).toEqual([
      "serverless.yml:1 MISCONFIGURED `service` is missing: write `service: my-app`.",
      "serverless.yml:1 MISCONFIGURED `provider` is missing: write `provider: { name: aws }`.",
      expect.stringContaining("serverless.yml:1 MISCONFIGURED `custom.faasten.entry` is missing: it, or `functions`"),
    ]);
    expect(readLines("service: a", "provider: {}", entry).problems).toEqual([
      "serverless.yml:2 MISCONFIGURED `provider.name` is missing: write `name: aws`.",
    ]);
    for (const custom of [
      "custom: {}",
      "custom: { faasten: }",
      "custom: { faasten: {} }",
      "custom: { faasten: { entry: } }",
    ]) {
      const { problems } = readLines(...head, custom);
      expect(problems).toEqual([expect.stringContaining("MISCONFIGURED `custom.faasten.entry` is missing")]);
    }
  });

  test("that hold something else than they must", () => {
    expect(
      readLines(
        "service: a",
        "provider: { name: aws, runtime: 22, region: [], memorySize: big }",
        entry,
        "functions: 1",
      ),
    ).toMatchObject({
      problems: [
        expect.stringContaining('`provider.runtime` must be text: write "22"'),
        expect.stringContaining("`provider.region` must be one plain value"),
        expect.stringContaining("`provider.memorySize` must be a number, and is `big`"),
        expect.stringContaining("`functions` must be a map of keys and values"),
      ],
    });
    expect(readLines(...head, "custom: 7").problems).toEqual([expect.stringContaining("`custom` must be a map")]);
    expect(readLines("service: a", "provider: goggle", entry).problems).toEqual([
      "serverless.yml:2 UNSUPPORTED There is no provider `goggle`. Did you mean `google`?",
    ]);
  });
});

describe("variables", () => {
  test("are a problem only where they are read", () => {
    const unread = "resources: { a: '${ssm:/x}', b: '${self:nowhere}', c: '${env:NONE' }";
    expect(
      readLines(...head, "custom: { other: '${file(x.yml)}', faasten: { entry: [src/*.ts] } }", unread).problems,
    ).toEqual([]);
    expect(readLines(...head, "custom: ${file(custom.yml)}").problems).toEqual([
      expect.stringContaining(
        "serverless.yml:3 NOT_FOUND `${file(custom.yml)}` has no value: write the file `custom.yml`",
      ),
    ]);
  });

  test("give lists and maps too, with the place of what they name", () => {
    const { manifest, problems } = readLines(
      ...[
        "service: a",
        "provider: ${self:custom.provider}",
        "custom:",
        "  provider: { name: aws, timeout: '${env:T, 5}' }",
      ],
      ...[
        "  globs: [src/*.ts, '${self:custom.last}']",
        "  last: none/*.ts",
        "  faasten: { entry: '${self:custom.globs}' }",
      ],
    );
    expect(manifest?.provider).toMatchObject({ name: "aws", timeout: 5 });
    expect(manifest?.entry).toHaveLength(1);
    expect(problems).toEqual([expect.stringContaining("serverless.yml:6 NOT_FOUND `none/*.ts`")]);
  });

  test("may lie in other files, which are told: a save of one of them counts", () => {
    const root = folder({
      "serverless.yml":
        "service: ${file(./names.yml):service}\nprovider: { name: aws }\nfunctions: ${file(none.yml), self:custom.none}\ncustom: { none: {} }\n",
      "names.yml": "service: shop",
    });
    const problems = new Problems(root);
    const manifest = readManifest(root, { env: {} }, problems);
    expect([problems.list(), manifest?.service]).toEqual([[], "shop"]);
    expect(manifest?.included().toSorted()).toEqual([join(root, "names.yml"), join(root, "none.yml")]);
  });

  test("that CloudFormation makes are kept apart", () => {
    const { manifest, problems } = readLines(
      ...[
        "service: a",
        "provider:",
        "  name: aws",
        "  environment:",
        "    A: { Ref: Table }",
        "    B: { 'Fn::Sub': x }",
      ],
      ...["    C: !Sub '${AWS::Region}-x'", "    D: { a: 1 }", entry],
    );
    expect([...(manifest?.provider.made ?? [])].map(([name, { line }]) => [name, line])).toEqual([
      ["A", 5],
      ["B", 6],
      ["C", 7],
    ]);
    expect(problems).toEqual([expect.stringContaining("serverless.yml:8 INVALID `provider.environment.D`")]);
  });
});

describe("entry", () => {
  const files = Object.fromEntries(
    [
      "a.ts",
      "b.js",
      "c.mts",
      "d.cjs",
      "e.tsx",
      "f.d.ts",
      "g.md",
      "deep/h.ts",
      "deep/node_modules/i.ts",
      "j.ts/k.ts",
    ].map((name) => [`src/${name}`, ""]),
  );
  const expand = (globs: string) => {
    const app = folder({
      "serverless.yml": [...head, `custom: { faasten: { entry: ${globs} } }`].join("\n"),
      ...files,
    });
    const { manifest, problems } = read(app);
    return { entry: manifest?.entry.map((file) => file.slice(app.length + 1)), problems };
  };

  test.each([
    ["['src/*']", ["a.ts", "b.js", "c.mts", "d.cjs", "e.tsx"]],
    ["['src/**']", ["a.ts", "b.js", "c.mts", "d.cjs", "deep/h.ts", "e.tsx", "j.ts/k.ts"]],
    ["[src/a.ts, ./src/a.ts, 'src/{b,a}.*']", ["a.ts", "b.js"]],
    ["['src/[ac].*ts']", ["a.ts", "c.mts"]],
  ])("%s", (globs, names) => {
    expect(expand(globs)).toEqual({ entry: names.map((name) => `src/${name}`), problems: [] });
  });

  test.each([
    ["['src/*.py']", "NOT_FOUND `src/*.py` matches no .ts or .js file"],
    ["[src/f.d.ts]", "NOT_FOUND"],
    ["[/src/a.ts]", "INVALID `/src/a.ts` must be relative"],
    ["src/*.ts", "INVALID `custom.faasten.entry` must be a list: write [`src/*.ts`]"],
    ["['']", "INVALID `custom.faasten.entry[0]` must be text"],
    ["[[src/a.ts]]", "INVALID `custom.faasten.entry[0]` must be one plain value"],
    ["{ a: 1 }", "INVALID `custom.faasten.entry` must be a list"],
  ])("%s", (globs, problem) => {
    expect(expand(globs).problems).toEqual([expect.stringContaining(problem)]);
  });
});

test("a folder of components that the file names must be there", () => {
  const app = folder({
    "serverless.yml": [...head, "custom: { faasten: { entry: [a.ts], components: dapr } }"].join("\n"),
    "a.ts": "",
  });
  expect(read(app).problems).toEqual([
    "serverless.yml:3 NOT_FOUND There is no folder `dapr`: make it, or remove this line.",
  ]);
  mkdirSync(join(app, "dapr"));
  expect(read(app)).toMatchObject({ manifest: { components: join(app, "dapr") }, problems: [] });
});
