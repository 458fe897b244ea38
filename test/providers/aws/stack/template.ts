// An emitted template, as the tests read it.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { StackInput } from "../../../../src/contracts/stack.ts";
import { type BuildOptions, type BuiltApp, buildApp } from "../../../build/built.ts";
import { repository } from "../../../dev/running.ts";

export interface Made {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Template {
  readonly Parameters: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<Record<string, Made>>;
  readonly Outputs: Readonly<Record<string, unknown>>;
}

export function read(output: string): Template {
  return JSON.parse(readFileSync(join(output, "template.json"), "utf8")) as Template;
}

/** The fixture of that name, built for AWS. */
export function buildFixture(name: string, options: BuildOptions = {}): BuiltApp {
  const folder = join(repository, "test/fixtures", name);
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes(".faasten"))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  const files = Object.fromEntries(names.map((one) => [one, readFileSync(join(folder, one), "utf8")]));
  return buildApp("none", "aws", { ...options, files: { ...files, ...options.files } });
}

/** A value within, by its keys: `at(template, "Table.Properties.KeySchema")`. */
export function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, key) => Object(inner)[key], value);
}

/** Every string of a value, with the keys that lead to it. */
export function* textsOf(value: unknown, path = ""): Generator<readonly [string, string]> {
  if (typeof value === "string") yield [path, value];
  else for (const [key, inner] of Object.entries(Object(value))) yield* textsOf(inner, `${path}.${key}`);
}

/** An app in eu-west-1, each function deployed by itself, with what is given. */
export function inputOf(graph: Partial<StackInput["graph"]> = {}, settings: Partial<StackInput> = {}): StackInput {
  const { functions = [], components = [], grants = [] } = graph;
  return {
    graph: {
      service: "shop",
      target: "aws",
      deployables: functions.map(({ name }) => ({ name, functions: [name], stream: false })),
      functions,
      components,
      grants,
      ...graph,
    },
    stage: "dev",
    region: "eu-west-1",
    node: 22,
    memory: 512,
    timeout: 30,
    environment: {},
    logRetentionDays: 30,
    archives: {},
    ...settings,
  };
}
