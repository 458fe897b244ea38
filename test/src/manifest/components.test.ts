import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checkFields } from "../../../src/manifest/component.ts";
import { type Components, readComponents } from "../../../src/manifest/components.ts";
import { Problems } from "../../../src/manifest/problems.ts";
import { kebab } from "../../../src/runtime/names.ts";
import { folder } from "./folder.ts";

const clean = fileURLToPath(new URL("../../fixtures/manifest/clean", import.meta.url));
const types = ["state.sqlite", "state.aws.dynamodb", "pubsub.sqlite", "pubsub.aws.snssqs", "secretstores.local.file"];

function read(
  app: string,
  options: { target?: string; service?: string } = {},
): Components & { problems: readonly string[] } {
  const problems = new Problems(app);
  const found = readComponents(
    { folder: join(app, "components"), target: "aws", service: "orders", types, ...options },
    problems,
  );
  return { ...found, problems: problems.list().map((p) => `${p.file}:${p.line} ${p.code} ${p.message}`) };
}

/** One file with a component whose `spec` ends in these lines. */
function readSpec(lines: readonly string[], after: readonly string[] = []): ReturnType<typeof read> {
  const document = ["apiVersion: dapr.io/v1alpha1", "kind: Component", "metadata: { name: orders }", "spec:"];
  const spec = lines.map((line) => `  ${line}`);
  return read(folder({ "components/a.yaml": [...document, ...spec, ...after].join("\n") }));
}

const component = (name: string, more = "") =>
  `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: { name: ${name} }\nspec: { type: state.sqlite, version: v1 }\n${more}`;

describe("a folder without mistakes", () => {
  test("is read, with every kind of value", () => {
    const { components, scopedOut, problems } = read(clean, { target: "local" });
    expect(problems).toEqual([]);
    expect([...components.keys()]).toEqual(["pubsub", "orders"]);
    expect([...scopedOut.keys()]).toEqual(["invoices"]);
    expect(components.get("orders")).toMatchObject({
      type: "state.sqlite",
      version: "v1",
      metadata: { connectionString: "data.db", keyPrefix: "appid", busyTimeout: "2", disableWAL: "true" },
      existing: true,
      file: join(clean, "components/stores.yaml"),
      line: 4,
    });
    expect(components.get("pubsub")).toMatchObject({
      metadata: {
        password: { store: "vault", secret: "broker", key: "pass" },
        token: { store: "vault", secret: "token", key: "token" },
        host: { env: "BROKER_HOST" },
      },
      secretStore: "vault",
      scopes: ["orders", "billing"],
      existing: false,
    });
  });

  test("knows where each field is written", () => {
    const orders = read(clean, { target: "local" }).components.get("orders");
    expect(orders?.places["connectionstring"]).toMatchObject({ line: 10 });
    expect(orders?.places["nothing"]).toBeUndefined();
  });

  test("the target's folder replaces a component whole", () => {
    const orders = read(clean).components.get("orders");
    expect(orders).toMatchObject({ type: "state.aws.dynamodb", metadata: { table: "orders" }, existing: false });
    expect(orders?.file).toBe(join(clean, "components/aws/stores.yaml"));
  });

  test("a component of other services is left out, and remembered", () => {
    expect([...read(clean, { service: "billing" }).scopedOut.keys()]).toEqual([]);
    const { components, scopedOut } = read(clean, { service: "third" });
    expect([[...components.keys()], [...scopedOut.keys()]]).toEqual([["orders"], ["pubsub", "invoices"]]);
    const all = read(folder({ "components/a.yml": component("a", "scopes: []\n") }));
    expect([...all.components.keys()]).toEqual(["a"]);
  });

  test("none, empty ones, other files and other targets' folders are nothing", () => {
    expect(read(folder({})).components.size).toBe(0);
    const app = folder({
      "components/README.md": "[",
      "components/empty.yaml": "# nothing\n---\n",
      "components/gcp/broken.yaml": "[",
    });
    expect(read(app)).toMatchObject({ problems: [] });
  });

  test("values keep the text of the file", () => {
    const { components, problems } = readSpec([
      ...["type: state.sqlite", "metadata:", "  - { name: a, value: 1.10 }", "  - { name: b, value: 007 }"],
      ...['  - { name: c, value: "" }', "  - name: d", "    value: |", "      two", "      lines"],
    ]);
    expect(problems).toEqual([]);
    expect({ ...components.get("orders")?.metadata }).toEqual({ a: "1.10", b: "007", c: "", d: "two\nlines\n" });
    expect(Object.getPrototypeOf(components.get("orders")?.metadata)).toBeNull();
  });
});

describe("documents", () => {
  test.each([
    ["Subscription", "UNSUPPORTED Dapr's `Subscription` is not read by Faasten yet"],
    ["Configuration", "UNSUPPORTED"],
    ["Resiliency", "UNSUPPORTED"],
    ["HTTPEndpoint", "UNSUPPORTED"],
    ["MCPServer", "UNSUPPORTED"],
    ["WorkflowAccessPolicy", "UNSUPPORTED"],
    ["Resilience", "INVALID There is no kind `Resilience`. Did you mean `Resiliency`?"],
    ["component", "INVALID There is no kind `component`. Did you mean `Component`?"],
    ["7", 'INVALID `kind` must be text: write "7".'],
  ])("of kind %s", (kind, problem) => {
    const app = folder({ "components/a.yaml": component("a").replace("kind: Component", `kind: ${kind}`) });
    expect(read(app).problems).toEqual([expect.stringContaining(`components/a.yaml:2 ${problem}`)]);
  });

  test("a file that is not YAML is one problem, and the rest is read", () => {
    const app = folder({
      "components/a.yaml": "a: [\n",
      "components/b.yaml": component("b"),
      "components/c.yaml": "- 1\n",
    });
    const { components, problems } = read(app);
    expect([...components.keys()]).toEqual(["b"]);
    expect(problems).toEqual([
      expect.stringContaining("components/a.yaml:2 INVALID This is not YAML"),
      expect.stringContaining("components/c.yaml:1 INVALID The document must be a map"),
    ]);
  });

  test("one name twice in a folder names both places", () => {
    const app = folder({
      "components/a.yaml": component("a"),
      "components/b.yaml": `${component("b")}---\n${component("a")}`,
    });
    expect(read(app).problems).toEqual([
      "components/b.yaml:8 ALREADY_EXISTS The component `a` is there already, in components/a.yaml:3: rename or remove one.",
    ]);
  });

  test("two names that are one in physical names, across the folders too", () => {
    const app = folder({
      "components/a.yaml": component("orderStore"),
      "components/aws/b.yaml": component("order.store"),
    });
    expect(read(app).problems).toEqual([
      "components/aws/b.yaml:3 ALREADY_EXISTS `order.store` and `orderStore` are both `order-store` in physical names: rename one.",
    ]);
    expect(read(app, { target: "gcp" }).problems).toEqual([]);
  });

  test("a file where the folder should be", () => {
    expect(read(folder({ components: "a: 1" })).problems).toEqual([expect.stringContaining("components:1 INVALID")]);
  });

  test("each missing part is told once", () => {
    const app = folder({ "components/a.yaml": "kind: Component\n" });
    expect(read(app).problems.map((problem) => problem.split(":", 3).slice(0, 2).join(":"))).toEqual([
      "components/a.yaml:1 MISCONFIGURED `apiVersion` is missing",
      "components/a.yaml:1 MISCONFIGURED `metadata` is missing",
      "components/a.yaml:1 MISCONFIGURED `spec` is missing",
    ]);
    const empty = folder({
      "components/a.yaml": component("a")
        .replace("{ name: a }", "{}")
        .replace(/spec: .*/, "spec: {}"),
    });
    expect(read(empty).problems).toEqual([
      "components/a.yaml:3 MISCONFIGURED `metadata.name` is missing: write `name: my-component`.",
      "components/a.yaml:4 MISCONFIGURED `spec.type` is missing: write `type: state.sqlite`, or another.",
    ]);
  });
});

describe("a component's parts", () => {
  test.each(["Orders", "1a", "a b", "a_b", "a/b", "-a", `a${"b".repeat(40)}`, "7", "[a]"])("%s is no name", (name) => {
    expect(read(folder({ "components/a.yaml": component(name) })).problems).toEqual([
      expect.stringContaining("components/a.yaml:3 INVALID"),
    ]);
  });

  test.each([
    ["type: state.sqlit", "Faasten has no component of type `state.sqlit`. Did you mean `state.sqlite`?"],
    ["type: state.dynamodb", "Did you mean `state.aws.dynamodb`?"],
    ["type: state.mysql", "Known: `state.sqlite`, `state.aws.dynamodb`."],
    ["type: sqlite", "`sqlite` is no component type: one is written <block>.<name>."],
    ["type: state.", "`state.` is no component type"],
    ["type: { a: 1 }", "`spec.type` must be one plain value."],
    ["type: !sub state.sqlite", "`spec.type` is `!sub`, which Faasten does not read"],
  ])("%s", (line, problem) => {
    expect(readSpec([line, "version: v1"]).problems).toEqual([expect.stringContaining(problem)]);
  });

  test.each(["1", "v0", "v1.0", "version1", "latest"])("%s is no version", (version) => {
    expect(readSpec(["type: state.sqlite", `version: ${version}`]).problems).toEqual([
      `components/a.yaml:6 INVALID \`${version}\` is no version: write v1 or v2.`,
    ]);
  });

  test.each([
    ["annotations: { faasten.dev/existing: true }", []],
    ['annotations: { faasten.dev/existing: "false", other.dev/x: 1 }', []],
    ["annotations: { faasten.dev/existing: yes }", ['is "true" or "false", not `yes`']],
    ["annotations: { faasten.dev/exists: x }", ["Did you mean `faasten.dev/existing`?"]],
    ["annotation: {}", ["There is no key `annotation` in `metadata`. Did you mean `annotations`?"]],
  ])("%s", (line, problems) => {
    const app = folder({ "components/a.yaml": component("a").replace("{ name: a }", `{ name: a, ${line} }`) });
    expect(read(app).problems).toEqual(problems.map((problem) => expect.stringContaining(problem)));
  });

  test.each([
    ["spce: {}", ["There is no key `spce`. Did you mean `spec`?"]],
    ["scopes: orders", ["`scopes` must be a list."]],
    ["scopes: [a, 1, ~]", ['`scopes[1]` must be text: write "1".', "`scopes[2]` must be text."]],
    ["auth: { secretstore: a }", ["There is no key `secretstore` in `auth`. Did you mean `secretStore`?"]],
    ["auth: vault", ["`auth` must be a map of keys and values."]],
  ])("%s", (line, problems) => {
    const found = readSpec(["type: state.sqlite"], [line]).problems;
    expect(found).toEqual(problems.map((problem) => expect.stringContaining(problem)));
  });
});

describe("metadata", () => {
  const fields = (items: string, after: readonly string[] = []) =>
    readSpec(["type: state.sqlite", `metadata: [${items}]`], after);

  test.each([
    ["{ value: a }", "`spec.metadata[0].name` is missing"],
    ["{ name: a }", "`spec.metadata[0]` has no value"],
    ["{ name: a, value: b, envRef: C }", "`spec.metadata[0]` has `value` and `envRef`: keep one of them"],
    ["{ name: a, value: b, secretKeyRef: { name: c } }", "`value` and `secretKeyRef`"],
    ["{ name: a, value: }", "`spec.metadata[0].value` is empty"],
    ["{ name: a, envRef: }", "`spec.metadata[0].envRef` is empty"],
    ["{ name: a, value: [b] }", "`spec.metadata[0].value` must be one plain value"],
    ["{ name: a, valeu: b }", "Did you mean `value`?"],
    ["{ name: a, secretKeyref: { name: b } }", "Did you mean `secretKeyRef`?"],
    ["{ nmae: a, value: b }", "Did you mean `name`?"],
    ["{ name: a, envRef: DAPR_X }", "no envRef begins with APP_API_TOKEN or DAPR_"],
    ["{ name: a, envRef: APP_API_TOKEN }", "no envRef begins with"],
    ["{ name: a, value: b }, { name: A, value: c }", "The field `A` is there already, in line 6 (case aside)"],
    ["{ name: __proto__, value: b }", "`__proto__` cannot name a field"],
    ["{ name: keyPrefix, value: 'a||b' }", "The keyPrefix `a||b` holds `||`"],
    ["{ name: KEYPREFIX, envRef: X }", "`keyPrefix` must be a plain `value`"],
    ["a", "`spec.metadata[0]` must be a map"],
  ])("%s", (items, problem) => {
    expect(fields(items).problems).toEqual([expect.stringContaining(problem)]);
  });

  test.each(["appid", "name", "none", "namespace", "a|b"])("keyPrefix %s", (prefix) => {
    expect(fields(`{ name: keyPrefix, value: '${prefix}' }`).problems).toEqual([]);
  });

  test("secrets need a store, which is told once", () => {
    const two = "{ name: a, secretKeyRef: { name: s } }, { name: b, secretKeyRef: { name: t, key: k } }";
    expect(fields(two).problems).toEqual([
      expect.stringContaining("`auth` is missing: a `secretKeyRef` reads from a store"),
    ]);
    expect(fields(two, ["auth: {}"]).problems).toEqual([
      expect.stringContaining("7 MISCONFIGURED `auth.secretStore` is missing"),
    ]);
    expect(fields(two, ["auht: { secretStore: a }"]).problems).toEqual([
      expect.stringContaining("Did you mean `auth`?"),
    ]);
    expect(fields("{ name: a, secretKeyRef: { nam: s } }", ["auth: { secretStore: v }"]).problems).toEqual([
      expect.stringContaining("There is no key `nam` in `spec.metadata[0].secretKeyRef`. Did you mean `name`?"),
    ]);
  });
});

describe("checkFields", () => {
  const check = (
    type: string,
    names: readonly string[],
    known: readonly string[],
    required: readonly string[] = [],
  ) => {
    const items = names.map((name) => `  - { name: ${name}, value: x }`);
    const { components } = readSpec([`type: ${type}`, "metadata:", ...items]);
    const orders = components.get("orders");
    if (!orders) throw new Error("not read");
    const problems = new Problems(orders.file.replace(/a\.yaml$/, ""));
    checkFields(orders, known, required, problems);
    return problems.list().map(({ file, line, code, message }) => `${file}:${line} ${code} ${message}`);
  };

  test("tells unknown fields, the case aside, with the nearest", () => {
    expect(check("state.aws.dynamodb", ["TABLE", "regoin", "nonsense"], ["table", "region"])).toEqual([
      "a.yaml:8 INVALID `state.aws.dynamodb` has no field `regoin`. Did you mean `region`?",
      "a.yaml:9 INVALID `state.aws.dynamodb` has no field `nonsense`. Known: `table`, `region`, `keyPrefix`.",
    ]);
  });

  test("tells missing ones", () => {
    expect(check("state.aws.dynamodb", ["TABLE"], ["table", "region"], ["table", "region"])).toEqual([
      "a.yaml:3 MISCONFIGURED The component `orders` needs the field `region`: write it in `spec.metadata`.",
    ]);
  });

  test("keyPrefix is a field of every state store, and of nothing else", () => {
    expect(check("state.sqlite", ["keyPrefix"], [])).toEqual([]);
    expect(check("pubsub.sqlite", ["keyPrefix"], [])).toEqual([
      "a.yaml:7 INVALID `pubsub.sqlite` has no field `keyPrefix`.",
    ]);
  });
});

test.each([
  ["orders", "orders"],
  ["orderStore", "order-store"],
  ["order.store-list", "order-store-list"],
  ["getHTTPOrder", "get-http-order"],
  ["a..b-.c", "a-b-c"],
])("kebab: %s is %s", (name, physical) => {
  expect(kebab(name)).toBe(physical);
});
