import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Node, placeOf } from "../../../src/manifest/nodes.ts";
import { Problems } from "../../../src/manifest/problems.ts";
import { readYaml } from "../../../src/manifest/yaml.ts";
import { folder } from "./folder.ts";

function read(content: string | Uint8Array): { documents: readonly Node[] | undefined; problems: readonly string[] } {
  const app = folder({ "x.yaml": content });
  const problems = new Problems(app);
  const documents = readYaml(join(app, "x.yaml"), problems);
  return { documents, problems: problems.list().map(({ line, code, message }) => `${line} ${code} ${message}`) };
}

/** As plain values, to compare. */
function plain(node: Node | undefined): unknown {
  if (node?.kind === "map") return Object.fromEntries([...node.entries].map(([key, value]) => [key, plain(value)]));
  return node?.kind === "list" ? node.items.map(plain) : node?.value;
}

describe("values", () => {
  test("know the place of their key, or their own in a list", () => {
    const { documents } = read("a: 1\nb:\n  c:\n    - x\n    - y: z\n");
    const [root] = documents ?? [];
    if (!root) throw new Error("no document");
    const at = (...path: (string | number)[]) => placeOf(root, path);
    expect(at("b", "c")).toMatchObject({ line: 3, column: 3 });
    expect(at("b", "c", 0)).toMatchObject({ line: 4, column: 7 });
    expect(at("b", "c", 1, "y")).toMatchObject({ line: 5, column: 7 });
    expect(at("b", "c", 7, "nothing")).toMatchObject({ line: 3 });
    expect(at("nothing")).toMatchObject({ line: 1 });
  });

  test("keep what the file says beside what YAML makes of it", () => {
    const { documents } = read("- 1.10\n- 0o17\n- 12345678901234567890\n- true\n- yes\n- 2020-01-01\n- ~\n");
    const list = documents?.[0];
    const items = list?.kind === "list" ? list.items : [];
    expect(items.map((item) => item.kind === "scalar" && item.text)).toEqual([
      ...["1.10", "0o17", "12345678901234567890", "true", "yes", "2020-01-01", "~"],
    ]);
    expect(plain(list)).toEqual([1.1, 15, 12345678901234567000, true, "yes", "2020-01-01", null]);
  });

  test.each([
    ["CRLF", "a: 1\r\nb:\r\n  - c\r\n"],
    ["a BOM", "\ufeffa: 1\nb:\n  - c\n"],
  ])("%s changes nothing", (_, content) => {
    const { documents, problems } = read(content);
    expect(plain(documents?.[0])).toEqual({ a: 1, b: ["c"] });
    expect(documents?.[0] && placeOf(documents[0], ["b", 0])).toMatchObject({ line: 3, column: 5 });
    expect(problems).toEqual([]);
  });

  test("empty files and empty documents are none", () => {
    expect(read("")).toEqual({ documents: [], problems: [] });
    expect(read("# nothing\n---\n---\n").documents).toEqual([]);
    expect(read("---\na: 1\n---\n# none\n---\nb: 2\n---\n").documents?.map(plain)).toEqual([{ a: 1 }, { b: 2 }]);
  });

  test("aliases and merges stand where they are used", () => {
    const { documents, problems } = read("base: &base { a: 1, b: 2 }\nuse:\n  <<: *base\n  b: 3\nsame: *base\n");
    expect(plain(documents?.[0])).toEqual({ base: { a: 1, b: 2 }, use: { a: 1, b: 3 }, same: { a: 1, b: 2 } });
    expect(documents?.[0] && placeOf(documents[0], ["same"])).toMatchObject({ line: 5 });
    expect(problems).toEqual([]);
  });

  test("of several merged maps the first wins", () => {
    expect(plain(read("a: &a { x: 1 }\nb: &b { x: 2, y: 2 }\nc: { <<: [*a, *b] }\n").documents?.[0])).toMatchObject({
      c: { x: 1, y: 2 },
    });
    expect(read("a: { <<: 1 }\n").problems).toEqual(["1 INVALID `<<` takes a map, or a list of maps."]);
  });

  test("a tag that YAML does not know stays with its value", () => {
    const root = read("a: !Ref Table\nb: !!str 1\n").documents?.[0];
    const tags = root?.kind === "map" ? [...root.entries.values()].map(({ tag }) => tag) : [];
    expect(tags).toEqual(["!Ref", undefined]);
  });
});

describe("mistakes", () => {
  test.each([
    ["a: [1\nb: 2\n", 2],
    ["a:\n\t- x\n", 2],
    ["ok: 1\n---\na: }\n", 3],
    ['"', 1],
  ])("%j is one problem", (content, line) => {
    const { documents, problems } = read(content);
    expect(documents).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${line} INVALID This is not YAML: `));
  });

  test("a key that is there twice keeps its first value, and the rest is read", () => {
    const { documents, problems } = read("a: 1\nb: 2\na: 3\nc: 4\n");
    expect(plain(documents?.[0])).toEqual({ a: 1, b: 2, c: 4 });
    expect(problems).toEqual(["3 ALREADY_EXISTS The key `a` is there already, in line 1: remove one."]);
  });

  test.each(["__proto__", "constructor", "prototype"])("%s is no key", (name) => {
    const { documents, problems } = read(`a: 1\n${name}: { polluted: true }\n`);
    expect(plain(documents?.[0])).toEqual({ a: 1 });
    expect(problems).toEqual([`2 INVALID \`${name}\` cannot be a key: choose another name.`]);
    expect("polluted" in {}).toBe(false);
  });

  test("an alias of nothing", () => {
    expect(read("a: &base 1\nb: *bsae\n").problems).toEqual([
      "2 INVALID The alias `*bsae` names nothing above it. Did you mean `base`?",
    ]);
  });

  test("only plain text is a key", () => {
    expect(read("? [a]\n: 1\n? \n: 2\n3: 4\n")).toMatchObject({
      problems: ["1 INVALID A key must be plain text.", "3 INVALID A key must be plain text."],
    });
  });
});

describe("hostile files", () => {
  const chain = (length: number, line: (index: number) => string) =>
    Array.from({ length }, (_, index) => line(index + 1)).join("\n");

  test.each([
    [
      "nine to the ninth",
      `a0: &a0 x\n${chain(9, (i) => `a${i}: &a${i} [${`*a${i - 1}, `.repeat(9)}]`)}\n`,
      "TOO_LARGE",
    ],
    ["too deep by aliases", `a0: &a0 x\n${chain(2000, (i) => `a${i}: &a${i} [*a${i - 1}]`)}\n`, "INVALID"],
    ["too deep", `a: ${"[".repeat(200)}${"]".repeat(200)}\n`, "INVALID"],
    ["far too deep", `a: ${"[".repeat(50_000)}${"]".repeat(50_000)}\n`, "INVALID"],
    ["in a circle", "a: &a\n  b: *a\n", "INVALID"],
    ["merged often", `a: &a\n${chain(2000, (i) => `  k${i}: 1`)}\nb: { ${"<<: *a, ".repeat(1000)} }\n`, "TOO_LARGE"],
    ["not UTF-8", new Uint8Array([0x61, 0x3a, 0x20, 0xff, 0xfe]), "INVALID"],
    ["5 MB", `a: ${"x".repeat(5_000_000)}\n`, "TOO_LARGE"],
  ])("%s: refused with one problem", (_, content, code) => {
    const { documents, problems } = read(content);
    expect(documents).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(` ${code} `);
  });

  test("a folder that looks like a file", () => {
    const app = folder({});
    mkdirSync(join(app, "x.yaml"));
    const problems = new Problems(app);
    expect(readYaml(join(app, "x.yaml"), problems)).toBeUndefined();
    expect(problems.list()).toMatchObject([
      { file: "x.yaml", line: 1, message: "The file cannot be read: it is a folder." },
    ]);
  });

  test("a file that is not there", () => {
    const app = folder({});
    const problems = new Problems(app);
    expect(readYaml(join(app, "x.yaml"), problems)).toBeUndefined();
    expect(problems.list()).toMatchObject([{ message: "The file cannot be read: ENOENT." }]);
  });
});
