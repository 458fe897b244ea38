// Reads the app's manifest: `serverless.yml`, as much of it as Faasten takes part in.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { expandEntry, foldersBelow } from "./entry.ts";
import { type NameRule, serviceName, stageName } from "./names.ts";
import { type MapNode, type Node, placeOf } from "./nodes.ts";
import { nearest, type Place, type Problems, quoted, suggest } from "./problems.ts";
import { type ProviderSection, readProvider } from "./provider-section.ts";
import { asList, asMap, asText, checkKeys, field, misspells, record, required } from "./shape.ts";
import { at, createVariables, type Given, type Variables } from "./variables.ts";
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
  /** The folders below which, however deep, a new file may be one of `entry`; absolute. */
  readonly entryFolders: readonly string[];
  /** The folder of Dapr YAML, absolute. Only one that the file names is sure to exist. */
  readonly components: string;
  /** Target → where in that cloud. */
  readonly regions: Readonly<Record<string, string>>;
  /** As it is written: `resolve` fills in the variables of a value. */
  readonly functions?: Node;
  /** As it is written: CloudFormation's own. */
  readonly resources?: Node;
  resolve(node: Node): Node | undefined;
  /** What it includes so far, there or not; absolute. */
  included(): readonly string[];
  /** Where a path of the file is written: `where(["custom", "faasten", "entry", 0])`. */
  where(path: readonly (string | number)[]): Place;
}

/** `undefined`: there is no file to read, and that is reported. */
export function readManifest(folder: string, given: Given, problems: Problems): Manifest | undefined {
  const file = findFile(folder, problems);
  const root = file === undefined ? undefined : readRoot(file, problems);
  if (file === undefined || !root) return undefined;
  const variables = createVariables(root, given, problems);
  checkTopLevel(root, problems);
  const service = readService(root, variables, problems);
  const provider = required(root, "provider", frameworkKeys, "write `provider: { name: aws }`", problems);
  const custom = asMap(at(root, "custom", variables), problems);
  if (custom) checkCustom(custom, problems);
  const faasten = asMap(at(custom, "faasten", variables), problems);
  checkKeys(faasten, faastenKeys, problems);
  const functions = readFunctions(root, variables, problems);
  if (!field(root, "functions") && !misspells(root, "functions", frameworkKeys)) {
    requireEntry(root, custom, faasten, problems);
  }
  const resources = at(root, "resources", variables);
  const stage = variables.stage();
  return {
    file,
    service,
    stage: stage ? checkName(stage, stageName, "the stage", problems) : "",
    provider: readProvider(provider, variables, problems),
    ...readEntry(folder, faasten, variables, problems),
    components: readComponentsFolder(folder, faasten, variables, problems),
    regions: readRegions(asMap(at(faasten, "regions", variables), problems), variables, problems),
    ...(functions && { functions }),
    ...(resources && { resources }),
    resolve: variables.resolve,
    included: variables.files,
    where: (path) => placeOf(root, path),
  };
}

const fileNames = ["serverless.yml", "serverless.yaml"];
const example =
  "`service: my-app`, `provider: { name: aws }` and `custom: { faasten: { entry: [src/functions/*.ts] } }`";

const faastenKeys = ["entry", "components", "regions"];

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
    const message = "There is a serverless.yml beside it: remove one of the two.";
    problems.add("ALREADY_EXISTS", { file: second, line: 1 }, message);
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

/** A key that the framework does not know may be that of another plugin, unless it looks like a slip. */
function checkTopLevel(root: MapNode, problems: Problems): void {
  const plugins = field(root, "plugins");
  const listed = plugins?.kind === "map" ? field(plugins, "modules") : plugins;
  const others =
    listed?.kind !== "list" ||
    listed.items.some((item) => item.kind !== "scalar" || item.value !== "faasten/serverless");
  for (const [key, node] of root.entries) {
    if (frameworkKeys.includes(key) || (plugins && others && nearest(key, frameworkKeys) === undefined)) continue;
    const message = `The Serverless Framework knows no key ${quoted(key)}.${suggest(key, frameworkKeys)}`;
    problems.add("INVALID", node, message);
  }
}

/** Its keys are free, so only one that was meant to be ours is wrong. */
function checkCustom(custom: MapNode, problems: Problems): void {
  if (custom.entries.has("faasten")) return;
  for (const [key, node] of custom.entries) {
    if (nearest(key, ["faasten"]) === undefined) continue;
    problems.add("INVALID", node, `There is no key ${quoted(key)} in \`custom\`. Did you mean \`faasten\`?`);
  }
}

function readService(root: MapNode, variables: Variables, problems: Problems): string {
  const node = required(root, "service", frameworkKeys, "write `service: my-app`", problems);
  const value = node && variables.resolve(node);
  if (value?.kind === "map") {
    const mend = "write `service: my-app`; its other keys stand at the top of the file";
    problems.add("INVALID", value, `\`service\` must be text: ${mend}.`);
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

function readFunctions(root: MapNode, variables: Variables, problems: Problems): Node | undefined {
  const node = at(root, "functions", variables);
  return node?.kind === "list" ? asList(node, problems) : asMap(node, problems);
}

/** Where neither is there, or what holds them is faulty, that one problem is enough. */
function requireEntry(
  root: MapNode,
  custom: MapNode | undefined,
  faasten: MapNode | undefined,
  problems: Problems,
): void {
  const mend = `it, or \`functions\`, says what to run. Write ${example}`;
  if (faasten) required(faasten, "entry", faastenKeys, mend, problems);
  const [holder, key, known] = custom ? [custom, "faasten", ["faasten"]] : [root, "custom", frameworkKeys];
  if (!faasten && !field(holder, key) && !misspells(holder, key, known)) {
    problems.add("MISCONFIGURED", holder, `\`custom.faasten.entry\` is missing: ${mend}.`);
  }
}

function readEntry(
  folder: string,
  faasten: MapNode | undefined,
  variables: Variables,
  problems: Problems,
): Pick<Manifest, "entry" | "entryFolders"> {
  const written = field(faasten, "entry");
  if (!written) return { entry: [], entryFolders: [] };
  const node = variables.resolve(written);
  if (node?.kind === "scalar") {
    problems.add("INVALID", node, `\`${node.path}\` must be a list: write [${quoted(node.text)}].`);
    return { entry: [], entryFolders: [] };
  }
  const globs = asList(node, problems)?.items.flatMap((item) => variables.resolve(item) ?? []) ?? [];
  const texts = globs.flatMap((glob) => (glob.kind === "scalar" ? [glob.text] : []));
  return { entry: expandEntry(folder, globs, problems), entryFolders: foldersBelow(folder, texts) };
}

/** A region is called otherwise in each cloud, and lies in another country: none is guessed from another. */
function readRegions(
  map: MapNode | undefined,
  variables: Variables,
  problems: Problems,
): Readonly<Record<string, string>> {
  checkKeys(map, clouds, problems);
  return record(
    clouds.flatMap((cloud): [string, string][] => {
      const region = asText(at(map, cloud, variables), problems);
      return region === undefined ? [] : [[cloud, region]];
    }),
  );
}

const clouds = ["aws", "azure", "gcp"];

function readComponentsFolder(
  folder: string,
  faasten: MapNode | undefined,
  variables: Variables,
  problems: Problems,
): string {
  const node = at(faasten, "components", variables);
  const path = asText(node, problems);
  const absolute = resolve(folder, path ?? "components");
  if (node && path !== undefined && !existsSync(absolute)) {
    problems.add("NOT_FOUND", node, `There is no folder ${quoted(path)}: make it, or remove this line.`);
  }
  return absolute;
}
