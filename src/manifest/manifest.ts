// Reads the app's manifest: `serverless.yml`, as much of it as Faasten takes part in.
import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { expandEntry } from "./entry.ts";
import { type NameRule, serviceName, stageName } from "./names.ts";
import { type MapNode, type Node, placeOf } from "./nodes.ts";
import { nearest, type Place, type Problems, quoted, suggest } from "./problems.ts";
import { asList, asMap, asNumber, asScalar, asText, checkKeys, field, record } from "./shape.ts";
import { createVariables, type Given, type Variables } from "./variables.ts";
import { readYaml } from "./yaml.ts";

/** What is missing or wrong in the file is empty here: ask `problems` first. */
export interface Manifest {
  readonly file: string;
  /** Dapr's app id. */
  readonly service: string;
  readonly stage: string;
  readonly provider: ProviderSection;
  /** Absolute and sorted. */
  readonly entry: readonly string[];
  /** The folder of Dapr YAML, absolute. Only one that the file names is sure to exist. */
  readonly components: string;
  /** As it is written: `resolve` fills in the variables of a value. */
  readonly functions?: Node;
  resolve(node: Node): Node | undefined;
  /** Where a path of the file is written: `where(["custom", "faasten", "entry", 0])`. */
  where(path: readonly (string | number)[]): Place;
}

export interface ProviderSection {
  readonly name: string;
  readonly runtime?: string;
  readonly region?: string;
  readonly memorySize?: number;
  readonly timeout?: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** `undefined`: there is no file to read, and that is reported. */
export function readManifest(folder: string, given: Given, problems: Problems): Manifest | undefined {
  const file = findFile(folder, problems);
  const root = file === undefined ? undefined : readRoot(file, problems);
  if (file === undefined || !root) return undefined;
  const variables = createVariables(root, given, problems);
  checkTopLevel(root, problems);
  const faasten = asMap(at(asMap(at(root, "custom", variables), problems), "faasten", variables), problems);
  checkKeys(faasten, ["entry", "components"], problems);
  const functions = readFunctions(root, variables, problems);
  const stage = variables.stage();
  return {
    file,
    service: readService(root, variables, problems),
    stage: stage ? checkName(stage, stageName, "the stage", problems) : "",
    provider: readProvider(root, variables, problems),
    entry: readEntry(folder, root, faasten, functions !== undefined, variables, problems),
    components: readComponentsFolder(folder, faasten, variables, problems),
    ...(functions && { functions }),
    resolve: variables.resolve,
    where: (path) => placeOf(root, path),
  };
}

const fileNames = ["serverless.yml", "serverless.yaml"];
const example =
  "`service: my-app`, `provider: { name: aws }` and `custom: { faasten: { entry: [src/functions/*.ts] } }`";
const providerNames = ["aws", "azure", "gcp", "google", "local"];

/** Known to version 3 or 4 of the framework, or to its open successor. */
const frameworkKeys = [
  ...["app", "build", "configValidationMode", "console", "custom", "dashboard", "deprecationNotificationMode"],
  ...["disabledDeprecations", "frameworkVersion", "functions", "layers", "licenseKey", "org", "outputs", "package"],
  ...["params", "plugins", "projectDir", "provider", "resolvers", "resources", "service", "stages", "state", "tenant"],
  ...["unresolvedVariablesNotificationMode", "useDotenv", "variablesResolutionMode"],
];

function findFile(folder: string, problems: Problems): string | undefined {
  const found = fileNames.map((name) => join(folder, name)).filter((file) => existsSync(file));
  const [file, second] = found;
  if (file === undefined) {
    const place = { file: join(folder, "serverless.yml"), line: 1 };
    problems.add("NOT_FOUND", place, `There is no serverless.yml. Write one with ${example}.`);
  }
  if (second !== undefined) {
    problems.add(
      "ALREADY_EXISTS",
      { file: second, line: 1 },
      "There is a serverless.yml beside it: remove one of the two.",
    );
  }
  return file;
}

function readRoot(file: string, problems: Problems): MapNode | undefined {
  const documents = readYaml(file, problems);
  const [root, second] = documents ?? [];
  if (second) problems.add("INVALID", second, "A serverless.yml holds one document: remove what follows `---`.");
  if (documents && !root) problems.add("MISCONFIGURED", { file, line: 1 }, `The file is empty. Write ${example}.`);
  return asMap(root, problems);
}

/** What is under a key, its variables filled in. */
function at(map: MapNode | undefined, key: string, variables: Variables): Node | undefined {
  const node = field(map, key);
  const value = node && variables.resolve(node);
  return value?.kind === "scalar" && value.value === null ? undefined : value;
}

/** A key that the framework does not know may be that of another plugin, unless it looks like a slip. */
function checkTopLevel(root: MapNode, problems: Problems): void {
  const plugins = field(root, "plugins");
  const listed = plugins?.kind === "map" ? field(plugins, "modules") : plugins;
  const others =
    listed?.kind !== "list" ||
    listed.items.some((item) => item.kind !== "scalar" || item.value !== "faasten/serverless");
  for (const [key, node] of root.entries) {
    if (frameworkKeys.includes(key) || (plugins && others && nearest(key, frameworkKeys) === undefined)) continue;
    problems.add(
      "INVALID",
      node,
      `The Serverless Framework knows no key ${quoted(key)}.${suggest(key, frameworkKeys)}`,
    );
  }
}

function readService(root: MapNode, variables: Variables, problems: Problems): string {
  const node = field(root, "service");
  if (!node) problems.add("MISCONFIGURED", root, "`service` is missing: write `service: my-app`.");
  const value = node && variables.resolve(node);
  if (value?.kind === "map") {
    problems.add(
      "INVALID",
      value,
      "`service` must be text: write `service: my-app`; other keys of it stand at the top of the file.",
    );
    return "";
  }
  return value ? checkName(value, serviceName, "the service", problems) : "";
}

function checkName(node: Node, { pattern, rule }: NameRule, what: string, problems: Problems): string {
  const name = asText(node, problems);
  if (name === undefined) return "";
  if (!pattern.test(name))
    problems.add("INVALID", node, `${quoted(name)} cannot name ${what} (\`${node.path}\`): ${rule}.`);
  return name;
}

function readProvider(root: MapNode, variables: Variables, problems: Problems): ProviderSection {
  const written = field(root, "provider");
  if (!written) problems.add("MISCONFIGURED", root, "`provider` is missing: write `provider: { name: aws }`.");
  const node = written && variables.resolve(written);
  if (node?.kind === "scalar") return { name: checkProviderName(node, problems), environment: record([]) };
  const map = asMap(node, problems);
  const name = field(map, "name");
  if (map && !name) problems.add("MISCONFIGURED", map, "`provider.name` is missing: write `name: aws`.");
  const runtime = asText(at(map, "runtime", variables), problems);
  const region = asText(at(map, "region", variables), problems);
  const memorySize = asNumber(at(map, "memorySize", variables), problems);
  const timeout = asNumber(at(map, "timeout", variables), problems);
  const resolvedName = name && variables.resolve(name);
  return {
    name: resolvedName ? checkProviderName(resolvedName, problems) : "",
    ...(runtime !== undefined && { runtime }),
    ...(region !== undefined && { region }),
    ...(memorySize !== undefined && { memorySize }),
    ...(timeout !== undefined && { timeout }),
    environment: readEnvironment(asMap(at(map, "environment", variables), problems), variables, problems),
  };
}

function checkProviderName(node: Node, problems: Problems): string {
  const name = asText(node, problems) ?? "";
  if (name !== "" && !providerNames.includes(name)) {
    problems.add("UNSUPPORTED", node, `There is no provider ${quoted(name)}.${suggest(name, providerNames)}`);
  }
  return name;
}

/** Plain values only: what CloudFormation makes (`Ref`, `!GetAtt`) is known to no other target. */
function readEnvironment(
  map: MapNode | undefined,
  variables: Variables,
  problems: Problems,
): Readonly<Record<string, string>> {
  const values: [string, string][] = [];
  for (const [name, node] of map?.entries ?? []) {
    const value = variables.resolve(node);
    if (value?.kind === "map" && [...value.entries.keys()].some((key) => key === "Ref" || key.startsWith("Fn::"))) {
      problems.add(
        "UNSUPPORTED",
        node,
        `\`${node.path}\` is made by CloudFormation, which Faasten does not read: write a plain value.`,
      );
      continue;
    }
    const scalar = asScalar(value, problems);
    if (scalar?.value === null) problems.add("INVALID", node, `\`${node.path}\` is empty: write a value, or \`""\`.`);
    else if (scalar) values.push([name, scalar.text]);
  }
  return record(values);
}

function readFunctions(root: MapNode, variables: Variables, problems: Problems): Node | undefined {
  const node = at(root, "functions", variables);
  return node?.kind === "list" ? asList(node, problems) : asMap(node, problems);
}

function readEntry(
  folder: string,
  root: MapNode,
  faasten: MapNode | undefined,
  hasFunctions: boolean,
  variables: Variables,
  problems: Problems,
): readonly string[] {
  const written = field(faasten, "entry");
  if (!written) {
    if (!hasFunctions)
      problems.add(
        "MISCONFIGURED",
        root,
        `There is nothing to run: write \`custom.faasten.entry\`, or \`functions\`, as in ${example}.`,
      );
    return [];
  }
  const node = variables.resolve(written);
  if (node?.kind === "scalar") {
    problems.add("INVALID", node, `\`${node.path}\` must be a list: write [${quoted(node.text)}].`);
    return [];
  }
  const globs = asList(node, problems)?.items.flatMap((item) => variables.resolve(item) ?? []);
  return expandEntry(folder, globs ?? [], problems);
}

function readComponentsFolder(
  folder: string,
  faasten: MapNode | undefined,
  variables: Variables,
  problems: Problems,
): string {
  const node = at(faasten, "components", variables);
  const path = asText(node, problems);
  const absolute = resolve(folder, path ?? "components");
  if (node && path !== undefined && !statSync(absolute, { throwIfNoEntry: false })?.isDirectory()) {
    problems.add("NOT_FOUND", node, `There is no folder ${quoted(path)}: make it, or remove this line.`);
  }
  return absolute;
}
