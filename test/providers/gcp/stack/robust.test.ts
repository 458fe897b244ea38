// What an emitter is handed by an app that nobody has tidied up: names that meet, names at their limits, and texts that Terraform would read.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emit } from "../../../../providers/gcp/stack/emit.ts";
import { code, join, render } from "../../../../providers/gcp/stack/template.ts";
import type { GraphComponent, GraphFunction } from "../../../../src/contracts/graph.ts";
import { variableOf } from "../../../../src/runtime/names.ts";
import { faultsOf, literalOf, partsOf } from "./check.ts";
import { at, daily, emitted, get, inputOf, one, topic } from "./template.ts";

type Graph = Parameters<typeof inputOf>[0];
type Settings = Parameters<typeof inputOf>[1];

const store = (
  name: string,
  metadata: GraphComponent["metadata"] = { collection: { env: variableOf("state", name) } },
): GraphComponent => ({
  name,
  block: "state",
  type: "state.gcp.firestore.native",
  metadata,
});
const broker = (
  name = "pubsub",
  metadata: GraphComponent["metadata"] = { topicPrefix: { env: variableOf("pubsub", name) } },
): GraphComponent => ({
  name,
  block: "pubsub",
  type: "pubsub.gcp.pubsub",
  metadata,
});
const bucket = (name: string): GraphComponent => ({
  name,
  block: "bindings",
  type: "bindings.gcp.bucket",
  metadata: {},
});

describe("two that meet in one name are told, both", () => {
  test.each<readonly [string, readonly string[], Graph]>([
    [
      "an inbox and another's dead letters",
      ["google_pubsub_subscription.ship__dead", "google_pubsub_subscription.ship_dead", "shop-dev-ship-dead"],
      { functions: [one("ship", topic("a")), one("shipDead", topic("a"))], components: [broker()] },
    ],
    [
      "an account and another's pusher",
      ["google_service_account.ship__push", "google_service_account.ship_push", "shop-dev-ship-push"],
      { functions: [one("ship", topic("a")), one("shipPush", daily)], components: [broker()] },
    ],
    [
      "a topic and dead letters",
      ["google_pubsub_topic.topic__pubsub__ship_dead", "google_pubsub_topic.ship__dead"],
      { functions: [one("ship", topic("ship-dead"))], components: [broker()] },
    ],
    [
      "one topic of two brokers",
      ["topic__first__a", "topic__second__a", "shop-dev-a"],
      {
        functions: [one("f", topic("a", { pubsub: "first" })), one("g", topic("a", { pubsub: "second" }))],
        components: [broker("first"), broker("second")],
      },
    ],
    [
      "a bucket and that of the archives",
      ["google_storage_bucket.faasten_source", "google_storage_bucket.faasten__source"],
      { functions: [one("f", get("/a"))], components: [bucket("faasten-source")] },
    ],
    [
      "a function and the service of all others",
      ["http (src/app.ts:7)", "the service of all HTTP functions"],
      {
        functions: [one("f", get("/a")), one("http", daily)],
        deployables: [{ name: "http", functions: ["f", "http"], stream: false }],
      },
    ],
  ])("%s", (_, said, graph) => {
    const failed = (): unknown => emit(inputOf(graph));
    for (const text of said) expect(failed).toThrow(text);
  });

  test("what is in order for some only", () => {
    const functions = [one("f", topic("a")), one("g", topic("a", { ordered: true }))];
    expect(() => emitted({ functions, components: [broker()] })).toThrow(
      "the topic a is declared with `orderBy` and without it",
    );
  });
});

describe("what a service would refuse is refused before", () => {
  const refused: readonly (readonly [string, string, Graph, Settings?])[] = [
    ["too little memory", "`memorySize` 64 of http", { functions: [one("f", get("/a"))] }, { memory: 64 }],
    ["half a megabyte", "`memorySize` 256.5", { functions: [one("f", get("/a"))] }, { memory: 256.5 }],
    ["too much time", "`timeout` 3601", { functions: [one("f", get("/a"))] }, { timeout: 3601 }],
    [
      "more time than a job waits",
      "Cloud Scheduler waits for 1800",
      { functions: [one("f", daily)] },
      { timeout: 1801 },
    ],
    ["a name that Google keeps", "Cloud Run takes", { service: "google-like", functions: [one("f", get("/a"))] }],
    [
      "a bucket with Google's name",
      "Cloud Storage takes",
      { functions: [one("f", get("/a"))], components: [bucket("my-google")] },
    ],
    ["a variable that Cloud Run keeps", '"PORT"', { functions: [one("f", get("/a"))] }, { environment: { PORT: "1" } }],
    ["another of them", '"K_SERVICE"', { functions: [one("f", get("/a"))] }, { environment: { K_SERVICE: "1" } }],
    ["a variable that is no name", '"${a}"', { functions: [one("f", get("/a"))] }, { environment: { "${a}": "1" } }],
    [
      "a variable too long",
      "more than the 32768",
      { functions: [one("f", get("/a"))] },
      { environment: { A: "x".repeat(32_769) } },
    ],
    [
      "a text that Terraform would change",
      "accents",
      { functions: [one("f", get("/a"))] },
      { environment: { A: "e\u0301" } },
    ],
    ["half a character", "accents", { functions: [one("f", get("/a"))] }, { environment: { A: "\ud800" } }],
    ["a NUL", "no NUL", { functions: [one("f", get("/a"))] }, { environment: { A: "a\0b" } }],
    [
      "a database that ends a condition",
      "holds a quote",
      { functions: [one("f", get("/a"))], components: [store("s", { database: 'x" || true || "', collection: "c" })] },
    ],
    [
      "a name of a database that is none",
      "Firestore takes",
      { functions: [one("f", get("/a"))], components: [store("s", { database: "A_b" })] },
    ],
    [
      "a place that only a secret knows",
      "reads its `collection` from a secret",
      {
        functions: [one("f", get("/a"))],
        components: [store("s", { collection: { store: "x", secret: "y", key: "z" } })],
      },
    ],
    [
      "a secret that has no such name",
      'the secret "shop-dev-a/b" of vault',
      {
        functions: [one("f", get("/a"))],
        components: [{ name: "vault", block: "secretstores", type: "secretstores.gcp.secretmanager", metadata: {} }],
        grants: [{ function: "f", block: "secretstores", component: "vault", right: "read", resource: "a/b" }],
      },
    ],
    [
      "an input that nothing feeds",
      "f (src/app.ts:7): the stack sets up no input of bindings.localstorage",
      {
        functions: [one("f", { kind: "binding", binding: "files", attempts: 5 })],
        components: [{ ...bucket("files"), type: "bindings.localstorage" }],
      },
    ],
  ];
  for (const [name, said, graph, settings = {}] of refused)
    test(name, () => {
      const components = graph.components ?? [];
      const own = { block: "state", right: "read", function: "f" } as const;
      const grants =
        graph.grants ??
        components.flatMap(({ name, block }) => (block === "state" ? [{ ...own, component: name }] : []));
      expect(() => emit(inputOf({ ...graph, grants }, settings))).toThrow(said);
    });
});

test("the longest names fit, stay apart, and stay the same", () => {
  const long = "a".repeat(38);
  const functions: readonly GraphFunction[] = ["X", "Y"].map((end) =>
    one(`${long}${end}`, topic(`${long}-${end.toLowerCase()}`)),
  );
  const graph = { service: "s".repeat(40), functions, components: [broker(), bucket(`${long}b`), store(`${long}s`)] };
  const template = emitted(graph, { stage: "t".repeat(20) });
  expect(faultsOf(template)).toEqual([]);
  const names = [
    ...Object.values(template.resource["google_service_account"] ?? {}).map(({ account_id }) => String(account_id)),
    ...Object.values(template.resource["google_cloudfunctions2_function"] ?? {}).map(({ name }) => String(name)),
  ];
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBe(7);
  expect(emitted(graph, { stage: "t".repeat(20) })).toEqual(template);
});

test("the shortest names fit", () => {
  const template = emitted(
    { service: "a", functions: [one("f", topic("t")), one("g", get("/"))], components: [broker()] },
    { stage: "b" },
  );
  expect(faultsOf(template)).toEqual([]);
  for (const { account_id } of Object.values(template.resource["google_service_account"] ?? {}))
    expect(String(account_id)).toMatch(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/);
});

test("a broker in memory sends nothing: no subscription, and a function that nobody but its pusher may call", () => {
  const memory = { name: "pubsub", block: "pubsub", type: "pubsub.in-memory", metadata: {} } as const;
  const template = emitted({ functions: [one("f", topic("a"))], components: [memory] });
  expect(template.resource).not.toHaveProperty("google_pubsub_subscription");
  expect(faultsOf(template)).toEqual([]);
});

test("its input is left as it was, and gives the same bytes again", () => {
  const input = inputOf({ functions: [one("f", topic("a"))], components: [broker()] });
  const before = JSON.stringify(input);
  expect(emit(input)).toEqual(emit(input));
  expect(JSON.stringify(input)).toBe(before);
});

describe("a text comes back as it was written", () => {
  const pieces = [
    "${",
    "$${",
    "%{",
    "%%{",
    "}",
    "$",
    "$$",
    "%",
    "{",
    '"',
    "\\",
    "\n",
    "\r\n",
    "\t",
    "~",
    "~}",
    "${var.project}",
    "%{ if true }",
    "é",
    "日本",
    "😀",
    "var",
    " ",
  ];
  const text = fc
    .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 5 })), { maxLength: 40 })
    .map((all) => all.join("").replaceAll("\0", "").normalize("NFC"));

  test("in the environment, whatever it is", () => {
    fc.assert(
      fc.property(text, fc.stringMatching(/^[A-Z][A-Z0-9_]{0,20}$/), (value, name) => {
        fc.pre(!/^(?:PORT|K_|X_GOOGLE|FUNCTION_|GOOGLE_CLOUD_PROJECT|CLOUD_RUN|FAASTEN)/.test(name));
        const template = emitted({ functions: [one("f", get("/a"))] }, { environment: { [name]: value } });
        const written = at(
          template.resource,
          `google_cloudfunctions2_function.http.service_config.environment_variables.${name}`,
        );
        expect(literalOf(String(written))).toBe(value);
        expect(faultsOf(template)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("10 KB of it", () => {
    const value = pieces.join("").repeat(200).slice(0, 10_240);
    const template = emitted({ functions: [one("f", get("/a"))] }, { environment: { A: value } });
    const written = at(
      template.resource,
      "google_cloudfunctions2_function.http.service_config.environment_variables.A",
    );
    expect(literalOf(String(written))).toBe(value);
  });

  test("beside an expression, and as a key", () => {
    fc.assert(
      fc.property(text, text, (before, behind) => {
        const parts = partsOf(String(render(join(before, code("var.project"), behind))));
        const read = parts.map((part) =>
          typeof part === "string" ? part : part.code === "var.project" ? "\0" : literalOf(`\${${part.code}}`),
        );
        expect(read.join("")).toBe(`${before}\0${behind}`);
        const [key = ""] = Object.keys(Object(render({ [before]: 1 })));
        expect(literalOf(key)).toBe(before);
      }),
      { numRuns: 500 },
    );
  });

  test("in what a YAML names", () => {
    const graph = {
      functions: [one("f", topic("a"))],
      components: [broker("pubsub", { topicPrefix: "projects/${path.cwd}/topics/%{a}-" })],
    };
    const template = emitted(graph);
    expect(literalOf(String(at(template.resource, "google_pubsub_subscription.f.topic")))).toBe(
      "projects/${path.cwd}/topics/%{a}-a",
    );
    expect(faultsOf(template)).toEqual([]);
  });
});
