// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are variables of a serverless.yml
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Node } from "../../../src/manifest/nodes.ts";
import { Problems } from "../../../src/manifest/problems.ts";
import { createVariables, type Given } from "../../../src/manifest/variables.ts";
import { readYaml } from "../../../src/manifest/yaml.ts";
import { folder } from "./folder.ts";

const common = `
service: orders
provider: { name: aws, stage: test, region: eu }
params:
  test: { size: 3, own: "stage's", nothing: ~ }
  default: { own: the default's, other: default, nothing: something }
custom:
  number: 7
  version: 1.10
  no: false
  nothing: ~
  list: [a, { b: c }]
  made: !Ref Table
  table: { test: t, name: "\${self:custom.table.test}!" }
  key: table
`;

/** What \`x: <value>\` resolves to, and what is wrong. */
function resolve(
  value: string,
  given: Partial<Given> = {},
  files: Readonly<Record<string, string>> = {},
): { value: unknown; problems: readonly string[] } {
  const app = folder({ "serverless.yml": `${common}x: ${value}\n`, ...files });
  const problems = new Problems(app);
  const root = readYaml(join(app, "serverless.yml"), problems)?.[0];
  const x = root?.kind === "map" ? root.entries.get("x") : undefined;
  if (!root || !x) throw new Error(JSON.stringify(problems.list()));
  const variables = createVariables(root, { env: {}, ...given }, problems);
  const resolved = variables.resolve(x);
  return {
    value: resolved && plain(resolved),
    problems: problems
      .list()
      .map(
        ({ file, line, code, message }) => `${file === "serverless.yml" ? "" : `${file}:`}${line} ${code} ${message}`,
      ),
  };
}

function plain(node: Node): unknown {
  if (node.kind === "map") return Object.fromEntries([...node.entries].map(([key, value]) => [key, plain(value)]));
  return node.kind === "list" ? node.items.map(plain) : node.value;
}

const env = { HOST: "example.org", EMPTY: "", TRICK: "${self:service}", KEY: "number" };

describe("values", () => {
  test.each<[string, unknown]>([
    ["plain", "plain"],
    ["${self:service}", "orders"],
    ["${self:custom.number}", 7],
    ["${self:custom.no}", false],
    ["${self:custom.list}", ["a", { b: "c" }]],
    ["${self:custom.list.1.b}", "c"],
    ["${self:custom.table.name}", "t!"],
    ["${self:custom.${self:custom.key}.${opt:key}}", "t"],
    ["${env:HOST}", "example.org"],
    ["${env:EMPTY, 'x'}", ""],
    ["${env:TRICK}", "${self:service}"],
    ["${self:custom.${env:KEY}}", 7],
    ["${opt:size}", "9"],
    ["${opt:stage}", "prod"],
    ["${param:given}", "by option"],
    ["${sls:stage}", "prod"],
    ["${self:provider.stage}", "test"],
    ["a ${self:service} b ${self:custom.number} c", "a orders b 7 c"],
    ["v${self:custom.version}", "v1.10"],
  ])("%s", (text, value) => {
    const given = { env, stage: "prod", options: { size: "9", key: "test" }, params: { given: "by option" } };
    expect(resolve(`'${text.replaceAll("'", "''")}'`, given)).toEqual({ value, problems: [] });
  });

  test.each<[string, unknown]>([
    ["${env:NONE, 'default'}", "default"],
    ['${env:NONE, "a \\"b\\""}', 'a "b"'],
    ["${env:NONE, ''}", ""],
    ["${env:NONE, 3000}", 3000],
    ["${env:NONE, true}", true],
    ["${env:NONE, null}", null],
    ["${env:NONE, self:service}", "orders"],
    ["${env:NONE, ${self:service}}", "orders"],
    ["${env:NONE, ${env:NEITHER}, 'last'}", "last"],
    ["${env:NONE, ${env:NEITHER, 'inner'}}", "inner"],
    ["${env:NONE,opt:none,self:custom.nothing,'}'}", "}"],
    ["${self:custom.nothing, 'null is none'}", "null is none"],
    ["${env:__proto__, 'own only'}", "own only"],
    ["${env:toString, 'own only'}", "own only"],
    ["${opt:constructor, 'own only'}", "own only"],
    ["${self:custom.list.length, 'own only'}", "own only"],
    ["${self:service, ${ssm:/never/reached}}", "orders"],
  ])("fallback: %s", (text, value) => {
    expect(resolve(`'${text.replaceAll("'", "''")}'`)).toEqual({ value, problems: [] });
  });

  test.each([
    ["${self:provider.stage}.${self:provider.region}", {}, "dev.us-east-1"],
    ["${self:service}-${opt:stage, self:provider.stage}", {}, "orders-dev"],
    ["${self:service}-${opt:stage, self:provider.stage}", { stage: "prod" }, "orders-prod"],
    ["${self:provider.stage, 'none'}", { stage: "prod" }, "prod"],
    ["${self:provider.region}", { options: { region: "eu-north-1" } }, "eu-north-1"],
  ])("what the framework fills in where the file does not: %s of %o is %s", (text, given, value) => {
    for (const provider of ["{ name: aws }", "aws", "{ name: aws, stage: ~ }"]) {
      const app = folder({ "serverless.yml": `service: orders\nprovider: ${provider}\nx: "${text}"\n` });
      const problems = new Problems(app);
      const root = readYaml(join(app, "serverless.yml"), problems)?.[0];
      const x = root?.kind === "map" ? root.entries.get("x") : undefined;
      if (!root || !x) throw new Error("there is no file");
      expect(createVariables(root, { env: {}, ...given }, problems).resolve(x)).toMatchObject({ value });
    }
  });

  test("parameters: the option's, then the stage's, then the default", () => {
    const text = '"${param:own} ${param:other} ${param:size} ${param:nothing}"';
    expect(resolve(text).value).toBe("stage's default 3 something");
    expect(resolve(text, { params: { own: "mine", size: "1" } }).value).toBe("mine default 1 something");
    expect(resolve('"${param:own}"', { stage: "prod" }).value).toBe("the default's");
  });

  test.each([
    ["arn:${AWS::Region}:${Table}", "arn:${AWS::Region}:${Table}"],
    ["${aws::x}${}${ ${1}", "${aws::x}${}${ ${1}"],
    ["${ self:service }", "${ self:service }"],
    ["${Foreign-${self:service}}", "${Foreign-orders}"],
    ["\\${self:service}", "${self:service}"],
    ["\\\\${self:service}", "\\orders"],
    ["\\\\\\${self:service}", "\\${self:service}"],
    ["C:\\dir\\${self:service} \\n $ $$ {}", "C:\\dir${self:service} \\n $ $$ {}"],
  ])("for others, and escaped: %s", (text, value) => {
    expect(resolve(`'${text}'`)).toEqual({ value, problems: [] });
  });
});

describe("files", () => {
  const files = {
    "config.yml":
      'name: shop\nlist: [1, { a: b }]\nof: "${self:service}-${sls:stage}"\nmore: ${file(more.json):deep}\n',
    "more.json": '{ "deep": { "number": 5, "name": "${self:custom.key}" } }',
    "dev.yml": "size: 1",
    "prod.yml": "size: 9",
    "empty.yml": "",
    "bad.yml": "a: [",
    "two.yml": "a: 1\n---\nb: 2\n",
    "circle.yml": 'a: "${file(circle.yml):a}"',
    "wrong.yml": "a:\n  b: ${env:NONE}\n",
    "code.js": "module.exports = {}",
  };

  test.each<[string, unknown]>([
    ["${file(config.yml):name}", "shop"],
    ["${file(./config.yml):list.1.a}", "b"],
    ["${file('./config.yml'):list}", [1, { a: "b" }]],
    ["${file(config.yml):of}", "orders-prod"],
    ["${file(more.json)}", { deep: { number: 5, name: "${self:custom.key}" } }],
    ["${file(config.yml):more.name}", "table"],
    ["${file(./${sls:stage}.yml):size}", 9],
    ["${file(./${opt:other, 'dev'}.yml):size}", 1],
    ["${file(none.yml):a, 'c'}", "c"],
    ["${file(empty.yml), 'c'}", "c"],
    ["${file(config.yml):none, file(more.json):deep.number}", 5],
    ["in text: ${file( more.json ):deep.number}.", "in text: 5."],
  ])("%s", (text, value) => {
    expect(resolve(`'${text.replaceAll("'", "''")}'`, { stage: "prod" }, files)).toEqual({ value, problems: [] });
  });

  test.each([
    ["${file(none.yml):a}", "16 NOT_FOUND `${file(none.yml):a}` has no value: write the file `none.yml`"],
    ["${file(config.yml):nmae}", "16 NOT_FOUND", "write `nmae` in `config.yml` (did you mean `name`?)"],
    ["${file(bad.yml):a}", "bad.yml:1 INVALID This is not YAML"],
    ["${file(two.yml):a}", "two.yml:3 INVALID A file that a manifest includes holds one document"],
    ["${file(circle.yml):a}", "circle.yml:1 MISCONFIGURED", "file(circle.yml).a → file(circle.yml).a"],
    ["${file(wrong.yml):a.b}", "wrong.yml:2 NOT_FOUND `${env:NONE}` has no value"],
    ["${file(code.js):a}", "16 UNSUPPORTED `code.js` is no file of values, and Faasten runs no code of it"],
    ["${file:config.yml}", "16 UNSUPPORTED", "`${file(config.yml):key}`"],
    ["${file(config.yml:a}", "16 INVALID", "a closing `)` is missing"],
  ])("mistaken: %s", (text, ...told) => {
    const { value, problems } = resolve(`'${text.replaceAll("'", "''")}'`, {}, files);
    expect(value).toBeUndefined();
    expect(problems).toHaveLength(1);
    for (const part of told) expect(problems[0]).toContain(part);
  });
});

test("parameters of stages, as the framework's newer versions write them", () => {
  const stages = "\nstages: { test: { params: { new: a } }, default: { params: { new: b, newer: c } } }";
  expect(resolve(`"\${param:new}\${param:newer}"${stages}`)).toEqual({ value: "ac", problems: [] });
});

describe("mistakes", () => {
  test.each([
    ["${env:NONE}", "NOT_FOUND", "set the environment variable `NONE`"],
    ["${opt:none}", "NOT_FOUND", "give `--opt` `none=…`"],
    ["${param:none}", "NOT_FOUND", "write `params.default.none`"],
    ["${self:custom.tabel.name}", "NOT_FOUND", "(did you mean `custom.table.name`?)"],
    ["${self:custom.nothing}", "NOT_FOUND", "write `custom.nothing` in this file"],
    ["a ${env:A, env:B} b", "NOT_FOUND", "set the environment variable `A`, set the environment variable `B`"],
    ["${ssm:/a/b}", "UNSUPPORTED", "a function reads it by `secret()` or `configuration()` while it runs"],
    [
      "${cf:stack.Output}",
      "UNSUPPORTED",
      "the source `cf`: hand its value over when it is built: `${env:…}` or `${param:…}`",
    ],
    ["${aws:region}", "UNSUPPORTED", "the source `aws`: write it out"],
    ["${strToBool(${env:HOST})}", "UNSUPPORTED", "the source `strToBool`"],
    ["${sls:instanceId}", "UNSUPPORTED", "`${sls:instanceId}`"],
    ["${evn:HOST}", "UNSUPPORTED", "Did you mean `env`?"],
    ["${env:HOST", "INVALID", "a closing `}` is missing"],
    ["${env:HOST, two words}", "INVALID", "the fallback must be in quotes: 'two'"],
    ["${env:HOST, 2 words}", "INVALID", "a fallback of several words must be in quotes"],
    ["${env:HOST,}", "INVALID", "a fallback is missing"],
    ["${env:}", "INVALID", "names nothing"],
    ["a ${self:custom.list}", "INVALID", "is a list, and stands inside of text"],
    ["a ${self:custom.made}", "INVALID", "is !Ref, and stands inside of text"],
    ["a ${env:NONE, null}", "INVALID", "is empty, and stands inside of text"],
  ])("%s", (text, code, message) => {
    const { value, problems } = resolve(`'${text.replaceAll("'", "''")}'`);
    expect(value).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^16 ${code} `));
    expect(problems[0]).toContain(message);
  });

  test("a circle is told as such, once", () => {
    const circle = "MISCONFIGURED Variables refer to each other in a circle: x.a → x.b → x.a. Write one of them out.";
    expect(resolve('{ a: "${self:x.b}", b: "-${self:x.a, 1}" }\ny: "${self:x.a}"').problems).toEqual([]);
    const app = folder({
      "serverless.yml": 'x: { a: "${self:x.b}", b: "-${self:x.a, 1}" }\nz: "${self:x.a}${self:x.b}"\n',
    });
    const problems = new Problems(app);
    const root = readYaml(join(app, "serverless.yml"), problems)?.[0];
    const z = root?.kind === "map" ? root.entries.get("z") : undefined;
    if (!root || !z) throw new Error("not read");
    expect(createVariables(root, { env: {} }, problems).resolve(z)).toBeUndefined();
    expect(problems.list().map(({ code, message }) => `${code} ${message}`)).toEqual([circle]);
  });

  test.each([
    ["${sls:stage}", "provider.stage → provider.stage"],
    ["${param:x}", "provider.stage → provider.stage"],
    ["${self:provider}", ""],
  ])("a stage that asks for itself: %s", (stage, circle) => {
    const app = folder({ "serverless.yml": `provider: { stage: "${stage}" }\n` });
    const problems = new Problems(app);
    const root = readYaml(join(app, "serverless.yml"), problems)?.[0];
    if (!root) throw new Error("not read");
    createVariables(root, { env: {} }, problems).stage();
    expect(problems.list().map(({ message }) => message)).toEqual(circle ? [expect.stringContaining(circle)] : []);
  });

  test("a missing value is reported once however many ask for it", () => {
    const { problems } = resolve('"${self:y}${self:y}${self:z}"\ny: "${env:NONE}"\nz: "${self:y, 1}"');
    expect(problems).toEqual([expect.stringContaining("17 NOT_FOUND `${env:NONE}` has no value")]);
  });

  test("chains and sums are bounded", () => {
    expect(resolve(`"${"${env:".repeat(5000)}"`).problems).toEqual([expect.stringContaining("more than 20 deep")]);
    const chain = Array.from({ length: 500 }, (_, index) => `a${index}: "\${self:a${index + 1}}"`).join("\n");
    expect(resolve(`"\${self:a0}"\n${chain}`).problems).toEqual([expect.stringContaining("over 100 times in a row")]);
    const doubling = Array.from({ length: 40 }, (_, i) => `b${i + 1}: "\${self:b${i}}\${self:b${i}}"`).join("\n");
    const { problems } = resolve(`"\${self:b40}"\nb0: 0123456789\n${doubling}`);
    expect(problems).toEqual([expect.stringContaining("TOO_LARGE The text is longer than 1048576 characters")]);
  });

  test("a value that many ask for is worked out once", () => {
    const chain = Array.from({ length: 60 }, (_, i) => `k${i + 1}: "\${self:m.\${self:k${i}}\${self:k${i}}}"`).join(
      "\n",
    );
    expect(resolve(`"\${self:k60}"\nk0: x\nm: { xx: x }\n${chain}`)).toEqual({ value: "x", problems: [] });
  });

  test("many variables may stand side by side", () => {
    expect(resolve(`"${"${self:custom.number}".repeat(30)}"`)).toEqual({ value: "7".repeat(30), problems: [] });
  });

  test("long texts without variables cost little", () => {
    for (const text of ["\\".repeat(300_000), " ".repeat(300_000), "$".repeat(300_000)]) {
      const value = `'-${text}\${self:service}'`;
      expect(resolve(value).problems).toEqual([]);
    }
  });
});

describe("what the framework has filled in", () => {
  const configuration = {
    custom: { list: ["a", { b: "from the framework" }], "dotted.name": { x: "dot" } },
    x: { made: [1, true, null, "${AWS::Region}"] },
  };
  const framework = { configuration, runtime: "nodejs22.x" };

  test("is taken as it stands, whatever its source", () => {
    expect(resolve("${file(other.yml):x}", { framework })).toEqual({
      value: { made: [1, true, null, "${AWS::Region}"] },
      problems: [],
    });
  });

  test("is found in lists, and under names with a dot", () => {
    const read = (text: string): unknown => {
      const app = folder({ "serverless.yml": text });
      const root = readYaml(join(app, "serverless.yml"), new Problems(app))?.[0];
      const variables = root && createVariables(root, { env: {}, framework }, new Problems(app));
      const [node] = root?.kind === "map" ? root.entries.values() : [];
      const inner = (at: Node | undefined): Node | undefined =>
        at?.kind === "map" ? inner([...at.entries.values()].at(-1)) : at?.kind === "list" ? inner(at.items.at(-1)) : at;
      const leaf = inner(node);
      const value = leaf && variables?.resolve(leaf);
      return value && plain(value);
    };
    expect(read('custom: { list: [a, { b: "${ssm:/b}" }] }')).toBe("from the framework");
    expect(read('custom: { dotted.name: { x: "${ssm:/x}" } }')).toBe("dot");
  });

  test("leaves what it does not know to us", () => {
    expect(resolve("${self:custom.number}", { framework: { ...framework, configuration: {} } }).value).toBe(7);
  });
});
