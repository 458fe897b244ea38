// Emitted configurations of Google Cloud, read by Terraform 1.5 and by OpenTofu themselves. The provider's own program cannot be
// had offline: one of ours stands in for it, which knows the schema that the tests check against; that schema is held to what the
// vendor's own generator made of the provider.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { render } from "../../providers/gcp/stack/template.ts";
import { type BuiltApp, buildApp } from "../build/built.ts";
import { remove } from "../dev/running.ts";
import { faultsOf, type Template } from "../providers/gcp/stack/check.ts";
import { type Arguments, dataSources, type Kind, resources, type Schema } from "../providers/gcp/stack/schema.ts";
import { at, buildFixture, read } from "../providers/gcp/stack/template.ts";
import { type Built, fromFolder, fromModule } from "./go.ts";
import { unavailable } from "./unavailable.ts";

const folder = mkdtempSync(join(tmpdir(), "faasten-"));
const apps: BuiltApp[] = [];
let provider: Built;
beforeAll(() => {
  provider = fromFolder("terraform-provider-google", fileURLToPath(new URL("provider", import.meta.url)));
  writeFileSync(
    join(folder, "schemas.json"),
    JSON.stringify({ resources: toBlocks(resources), data: toBlocks(dataSources) }),
  );
  apps.push(buildApp("orders", "gcp"), buildFixture());
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const app of apps) remove(app.folder);
});

interface Made {
  readonly attributes: readonly object[];
  readonly blocks: Readonly<Record<string, Made>>;
}

function toBlocks(schemas: Readonly<Record<string, Schema>>): Readonly<Record<string, Made>> {
  return Object.fromEntries(
    Object.entries(schemas).map(([type, schema]) => [
      type,
      toBlock(schema.arguments, { id: "string", ...schema.attributes }),
    ]),
  );
}

function toBlock(known: Arguments, computed: Arguments = {}): Made {
  const names = [...new Set([...Object.keys(known), ...Object.keys(computed)].map((name) => name.replace("!", "")))];
  const kindOf = (of: Arguments, name: string): Kind | undefined => of[name] ?? of[`${name}!`];
  const attributes: object[] = [];
  const blocks: Record<string, Made> = {};
  for (const name of names) {
    const [asked, given] = [kindOf(known, name), kindOf(computed, name)];
    const kind = asked ?? given;
    if (typeof kind === "object")
      blocks[name] = toBlock(
        typeof asked === "object" ? asked.block : {},
        typeof given === "object" ? given.block : {},
      );
    else {
      const required = known[`${name}!`] !== undefined;
      attributes.push({
        name,
        kind,
        required,
        optional: asked !== undefined && !required,
        computed: given !== undefined && !required,
      });
    }
  }
  return { attributes, blocks };
}

describe.each([
  ["Terraform 1.5.7", () => fromModule("terraform", "github.com/hashicorp/terraform", "v1.5.7")],
  ["OpenTofu 1.12.6", () => fromModule("tofu", "github.com/opentofu/opentofu", "v1.12.6", "./cmd/tofu")],
])("%s", (name, make) => {
  let tool: Built;
  let missing: string | undefined;
  beforeAll(() => {
    tool = make();
    missing = [tool, provider]
      .map((one) => ("unavailable" in one ? one.unavailable : undefined))
      .find((why) => why !== undefined);
    if (missing !== undefined) unavailable(name, missing);
  });

  /** In a folder of its own that holds only that. */
  function run(files: Readonly<Record<string, string>>, ...args: readonly string[]): string {
    const cwd = mkdtempSync(join(folder, "run-"));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(cwd, file), text);
    const binary = "path" in provider ? provider.path : "";
    const rc = join(folder, "tool.rc");
    writeFileSync(
      rc,
      `provider_installation {\n  dev_overrides {\n    "hashicorp/google" = ${JSON.stringify(dirname(binary))}\n  }\n  direct {}\n}\n`,
    );
    const env = {
      PATH: process.env["PATH"],
      HOME: cwd,
      TF_CLI_CONFIG_FILE: rc,
      FAASTEN_SCHEMAS: join(folder, "schemas.json"),
      CHECKPOINT_DISABLE: "1",
    };
    const said = args.map((each) => {
      const { stdout, stderr, error } = spawnSync("path" in tool ? tool.path : "", each.split(" "), {
        cwd,
        env,
        encoding: "utf8",
        maxBuffer: 1 << 28,
      });
      if (error) throw error;
      return stdout || stderr;
    });
    return said.at(-1) ?? "";
  }

  interface Verdict {
    readonly valid: boolean;
    readonly diagnostics: readonly { readonly severity: string; readonly summary: string; readonly detail?: string }[];
  }

  function errorsOf(template: unknown): readonly string[] {
    const { diagnostics } = JSON.parse(run({ "main.tf.json": JSON.stringify(template) }, "validate -json")) as Verdict;
    return diagnostics.flatMap(({ severity, summary, detail }) =>
      severity === "error" ? [`${summary}: ${detail}`] : [],
    );
  }

  test.for([
    ["the orders app", 0],
    ["an app that needs all that a stack makes", 1],
  ] as const)("nothing is wrong with the configuration of %s", ([, index], { skip }) => {
    skip(missing !== undefined, missing);
    expect(errorsOf(read(apps[index]?.output ?? ""))).toEqual([]);
  });

  test.for<readonly [string, (template: Template) => void]>([
    [
      "an argument that there is not",
      ({ resource }) => Object.assign(at(resource, "google_pubsub_topic.ship__dead") as object, { nmae: "x" }),
    ],
    [
      "an argument that is missing",
      ({ resource }) => delete (at(resource, "google_pubsub_topic.ship__dead") as { name?: unknown }).name,
    ],
    [
      "a reference to nothing",
      ({ resource }) =>
        Object.assign(at(resource, "google_pubsub_topic.ship__dead") as object, {
          name: "${google_service_account.nobody.email}",
        }),
    ],
    [
      "an attribute that there is not",
      ({ resource }) =>
        Object.assign(at(resource, "google_pubsub_topic.ship__dead") as object, {
          name: "${google_service_account.ship.mail}",
        }),
    ],
    ["a name that it keeps", ({ variable }) => Object.assign(variable, { source: { type: "string" } })],
    [
      "a setting of lifecycle that is computed",
      ({ resource }) =>
        Object.assign(at(resource, "google_pubsub_topic.ship__dead") as object, {
          lifecycle: { prevent_destroy: "${var.project}" },
        }),
    ],
  ])("the same planted faults as our checker's are found: %s", ([, plant], { skip }) => {
    skip(missing !== undefined, missing);
    const template = structuredClone(read(apps[1]?.output ?? ""));
    plant(template);
    expect(errorsOf(template)).not.toEqual([]);
    expect(faultsOf(template)).not.toEqual([]);
  });

  test("a thousand texts come back as they were written, from values and from keys", ({ skip }) => {
    skip(missing !== undefined, missing);
    const pieces = [
      "${",
      "$${",
      "%{",
      "%%{",
      "}",
      "$",
      "%",
      "{",
      '"',
      "\\",
      "\n",
      "\r\n",
      "~}",
      "${path.cwd}",
      "%{ if true }",
      "é",
      "日本",
      "😀",
    ];
    const text = fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: "binary", maxLength: 4 })), { maxLength: 30 })
      .map((all) => all.join("").replaceAll("\0", "").normalize("NFC"))
      .filter((each) => each.isWellFormed());
    const texts = fc.sample(text, { numRuns: 1000, seed: 7 });
    const output = {
      values: { value: render(texts) },
      keys: { value: render(Object.fromEntries(texts.map((each) => [`k${each}`, "v"]))) },
      long: { value: render(pieces.join("").repeat(200)) },
    };
    const said = run({ "main.tf.json": JSON.stringify({ output }) }, "apply -auto-approve", "output -json");
    const read = JSON.parse(said) as Readonly<Record<string, { readonly value: unknown }>>;
    expect(read["values"]?.value).toEqual(texts);
    expect(Object.keys(Object(read["keys"]?.value)).sort()).toEqual(
      [...new Set(texts.map((each) => `k${each}`))].sort(),
    );
    expect(read["long"]?.value).toBe(pieces.join("").repeat(200));
  });
});

describe("the schema that the tests check against is the provider's", () => {
  interface Property {
    readonly name: string;
    readonly optional?: boolean;
    readonly docs?: { readonly remarks?: string };
    readonly type: Reference;
  }
  interface Reference {
    readonly primitive?: string;
    readonly fqn?: string;
    readonly collection?: { readonly kind: string };
    readonly union?: { readonly types: readonly Reference[] };
  }
  interface Type {
    readonly name: string;
    readonly fqn: string;
    readonly properties?: readonly Property[];
  }
  let types: Readonly<Record<string, Type>> | undefined;

  // Bindings that were generated from the provider 6.50.0 itself, by those who made Terraform.
  beforeAll(() => {
    const flags = { cwd: folder, encoding: "utf8", shell: process.platform === "win32" } as const;
    const { status } = spawnSync("npm", ["pack", "@cdktf/provider-google@16.12.1", "--silent"], flags);
    if (status !== 0) return unavailable("the provider's generated bindings", "npm has no @cdktf/provider-google here");
    spawnSync("tar", ["xzf", "cdktf-provider-google-16.12.1.tgz", "package/.jsii"], flags);
    types = (
      JSON.parse(readFileSync(join(folder, "package/.jsii"), "utf8")) as {
        readonly types: Readonly<Record<string, Type>>;
      }
    ).types;
  });

  function compare(at: string, known: Arguments, type: Type): readonly string[] {
    const properties = new Map((type.properties ?? []).map((each) => [snake(each), each]));
    return Object.entries(known).flatMap(([name, kind]) => {
      const property = properties.get(name.replace("!", ""));
      if (!property) return [`${at}.${name} is none of the provider's`];
      const wrong =
        (property.optional !== true) === name.endsWith("!") ? [] : [`${at}.${name}: whether it must be there`];
      const references = property.type.union?.types ?? [property.type];
      const inner = references.map(({ fqn }) => types?.[fqn ?? ""]).find((one) => one !== undefined);
      if (typeof kind === "object") return inner ? [...wrong, ...compare(`${at}.${name}`, kind.block, inner)] : wrong;
      const is = references.map(({ primitive, collection }) => primitive ?? collection?.kind).filter(Boolean);
      const wanted = kind === "strings" ? "array" : kind;
      return is.includes(wanted) ? wrong : [...wrong, `${at}.${name} is ${is}, and not ${kind}`];
    });
  }

  function snake({ name, docs }: Property): string {
    const [, own] = /#(\w+)\}/.exec(docs?.remarks ?? "") ?? [];
    return own ?? name.replaceAll(/[A-Z]/g, (sign) => `_${sign.toLowerCase()}`);
  }

  test.for([
    ...Object.entries(resources).map(([type, schema]) => [type, "", schema] as const),
    ...Object.entries(dataSources).map(([type, schema]) => [type, "DataGoogle", schema] as const),
  ])("%s %s", ([type, prefix, schema], { skip }) => {
    skip(!types, "there are no bindings to compare with");
    if (!types) return;
    const words = type
      .split("_")
      .slice(1)
      .map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`);
    const found = Object.values(types).find(({ name }) => name === `${prefix}${words.join("")}Config`);
    expect(found).toBeDefined();
    if (found) expect(compare(type, schema.arguments, found)).toEqual([]);
  });
});
