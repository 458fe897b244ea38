// An emitted configuration, as the tests read it.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { emit } from "../../../../providers/gcp/stack/emit.ts";
import type { Graph, GraphFunction } from "../../../../src/contracts/graph.ts";
import type { StackInput } from "../../../../src/contracts/stack.ts";
import { type BuildOptions, type BuiltApp, buildApp } from "../../../build/built.ts";
import { repository } from "../../../dev/running.ts";
import type { Template } from "./check.ts";

export function read(output: string): Template {
  return JSON.parse(readFileSync(join(output, "main.tf.json"), "utf8")) as Template;
}

/** The fixture that needs all that a stack makes. */
export function buildFixture(options: BuildOptions = {}): BuiltApp {
  const folder = join(repository, "test/fixtures/gcp-stack");
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes(".faasten"))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  const files = Object.fromEntries(names.map((one) => [one, readFileSync(join(folder, one), "utf8")]));
  return buildApp("none", "gcp", { ...options, files: { ...files, ...options.files } });
}

/** A value within, by its keys: `at(template, "google_pubsub_topic.a.name")`. */
export function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, key) => Object(inner)[key], value);
}

/** An app of nothing but this; HTTP functions lie in one service. */
export function inputOf(graph: Partial<Graph>, settings: Partial<StackInput> = {}): StackInput {
  const functions = graph.functions ?? [];
  const web = functions.filter(({ on }) => on.kind === "http").map(({ name }) => name);
  const deployables = [
    ...(web.length > 0 ? [{ name: "http", functions: web, stream: false }] : []),
    ...functions.filter(({ on }) => on.kind !== "http").map(({ name }) => ({ name, functions: [name], stream: false })),
  ];
  return {
    graph: { service: "shop", target: "gcp", deployables, functions, components: [], grants: [], ...graph },
    stage: "dev",
    node: 22,
    memory: 512,
    timeout: 30,
    environment: {},
    logRetentionDays: 30,
    archives: Object.fromEntries(deployables.map(({ name }) => [name, "0".repeat(64)])),
    ...settings,
  };
}

export function emitted(graph: Partial<Graph>, settings: Partial<StackInput> = {}): Template {
  return JSON.parse(emit(inputOf(graph, settings)).files["main.tf.json"] ?? "") as Template;
}

export const one = (name: string, on: GraphFunction["on"], more: Partial<GraphFunction> = {}): GraphFunction => ({
  name,
  file: "src/app.ts",
  line: 7,
  on,
  ...more,
});

export const get = (path: string, more: object = {}): GraphFunction["on"] => ({
  kind: "http",
  method: "GET",
  path,
  access: "public",
  ...more,
});
export const daily: GraphFunction["on"] = { kind: "schedule", cron: "0 3 * * *" };
export const topic = (name: string, more: object = {}): GraphFunction["on"] => ({
  kind: "topic",
  topic: name,
  pubsub: "pubsub",
  attempts: 5,
  ordered: false,
  ...more,
});
