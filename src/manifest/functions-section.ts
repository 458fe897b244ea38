// `functions:` of a serverless.yml: ordinary Lambda handlers, each with what triggers it.
import { dirname, join } from "node:path";
import type { GraphSection } from "../contracts/graph.ts";
import { isLambdaVariable } from "../runtime/names.ts";
import { asArchitecture } from "./architecture.ts";
import { findHandler, type Handler } from "./handler-file.ts";
import type { Manifest } from "./manifest.ts";
import type { MapNode, Node } from "./nodes.ts";
import { type Place, type Problem, Problems, quoted } from "./problems.ts";
import { readEnvironment } from "./provider-section.ts";
import { type PlacedEvent, readEvents } from "./section-events.ts";
import { checkSettings, plain, refuse, type SectionReader, type Settings } from "./section-reader.ts";
import { asMap, asNumber, record } from "./shape.ts";
import { at } from "./variables.ts";

/** One handler. Its events are the functions that Faasten knows. */
export interface SectionFunction extends Place {
  /** As it is written, but for what a function's name cannot hold: `list-orders` is `listOrders`. */
  readonly name: string;
  /** As it is written. */
  readonly key: string;
  readonly handler: Handler;
  /** Seconds. */
  readonly timeout?: number;
  /** MiB. */
  readonly memorySize?: number;
  /** What else it says of how it is run. */
  readonly limits?: SectionLimits;
  readonly environment: Readonly<Record<string, string>>;
  /** Variables that CloudFormation makes, as `{ Ref }`: there are some on AWS alone. */
  readonly made: Readonly<Record<string, unknown>>;
  readonly events: readonly SectionEvent[];
}

export type SectionLimits = Pick<
  GraphSection,
  "reservedConcurrency" | "architecture" | "logRetentionDays" | "ephemeralStorageSize"
>;

export interface SectionEvent extends PlacedEvent {
  /** The function's own for its first event; for each other the kind is added: `orders`, `ordersOnSqs`, `ordersOnSqs2`. */
  readonly name: string;
}

export interface Section {
  readonly functions: readonly SectionFunction[];
  /** Where their handlers' files are, or should be; absolute. */
  readonly folders: readonly string[];
  /** What is left unserved on this machine, and why. */
  readonly notes: readonly Problem[];
}

export interface SectionOptions {
  /** The app's. */
  readonly folder: string;
  readonly target: string;
}

/** What cannot be kept on the target is reported; on this machine what is AWS's alone is noted, and left unserved. */
export function readSection(manifest: Manifest, { folder, target }: SectionOptions, problems: Problems): Section {
  const notes = new Problems(folder);
  const { resolve } = manifest;
  const reader: SectionReader = { resolve, target, problems, notes };
  const { environment, made } = manifest.provider;
  checkVariables(reader, [...Object.keys(environment), ...made.keys()], (name) => {
    const path = ["provider", "environment", name];
    return { ...manifest.where(path), path: path.join(".") };
  });
  keepMade(reader, made);
  const functions: SectionFunction[] = [];
  const folders = new Set<string>();
  for (const [written, node] of entriesOf(manifest, problems)) {
    const map = asMap(resolve(node), problems);
    const handler = at(map, "handler", reader);
    if (handler?.kind === "scalar") folders.add(dirname(join(folder, handler.text)));
    const one = map && readFunction(written, map, { folder, manifest, reader });
    if (one) functions.push(one);
  }
  return { functions, folders: [...folders], notes: notes.list() };
}

/** One map, or a list of maps. */
export function entriesOf(
  { functions, resolve }: Pick<Manifest, "functions" | "resolve">,
  problems: Problems,
): readonly (readonly [string, Node])[] {
  const maps = functions?.kind === "list" ? functions.items : functions ? [functions] : [];
  return maps.flatMap((item) => [...(asMap(resolve(item), problems)?.entries ?? [])]);
}

interface Around {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly reader: SectionReader;
}

function readFunction(
  written: string,
  map: MapNode,
  { folder, manifest, reader }: Around,
): SectionFunction | undefined {
  const { problems } = reader;
  const name = toName(written);
  const served = checkSettings(reader, map, functionSettings) && isForNode(reader, map, manifest);
  const handlerNode = at(map, "handler", reader);
  if (!handlerNode) {
    if (!map.entries.has("image"))
      refuse(
        reader,
        map,
        `${quoted(map.path)} has no \`handler\`: write \`handler: src/orders.handler\`.`,
        "MISCONFIGURED",
      );
    return undefined;
  }
  const handler = findHandler(folder, handlerNode, problems);
  const timeout = readSeconds(reader, map);
  const memorySize = asNumber(at(map, "memorySize", reader), problems);
  const limits = readLimits(reader, map);
  const variables = asMap(at(map, "environment", reader), problems);
  const { environment, made } = readEnvironment(variables, reader, problems);
  checkVariables(reader, variables?.entries.keys() ?? [], (name) => variables?.entries.get(name) ?? map);
  const kept = keepMade(reader, made);
  const events = readEvents(reader, map, name, manifest);
  if (!handler || !served) return undefined;
  const { file, line, column } = map;
  return {
    name,
    key: written,
    handler,
    ...(timeout !== undefined && { timeout }),
    ...(memorySize !== undefined && { memorySize }),
    limits,
    environment,
    made: kept,
    events: events.map((event, index) => ({ ...event, name: nameOf(name, event.kind, events.slice(0, index)) })),
    file,
    line,
    column,
  };
}

/** What an app shares on another cloud is nothing that one of its functions can be given. */
function readLimits(reader: SectionReader, map: MapNode): SectionLimits {
  const { problems, target } = reader;
  const number = (key: string): number | undefined => asNumber(at(map, key, reader), problems);
  const reservedConcurrency = number("reservedConcurrency");
  const logRetentionDays = number("logRetentionInDays");
  const ephemeralStorageSize = number("ephemeralStorageSize");
  const architecture = asArchitecture(at(map, "architecture", reader), problems);
  for (const [key, mend] of Object.entries(unkept(target))) {
    const written = map.entries.get(key);
    const value = written && reader.resolve(written);
    if (written && value?.kind === "scalar" && value.value !== null)
      refuse(reader, written, `${quoted(written.path)}: ${mend}: leave it out.`);
  }
  return {
    ...(reservedConcurrency !== undefined && { reservedConcurrency }),
    ...(logRetentionDays !== undefined && { logRetentionDays }),
    ...(ephemeralStorageSize !== undefined && { ephemeralStorageSize }),
    ...(architecture !== undefined && { architecture }),
  };
}

/** What a deployment would not keep; nothing is deployed to this machine. */
function unkept(target: string): Readonly<Record<string, string>> {
  if (target === "local") return {};
  const provisionedConcurrency = "no versions of a function are published, which it needs";
  if (target === "aws") return { provisionedConcurrency };
  return { provisionedConcurrency, reservedConcurrency: "only AWS limits how often one function runs at a time" };
}

/** Elsewhere there are others that are not taken, which that target tells. */
function checkVariables(
  { target, problems }: SectionReader,
  names: Iterable<string>,
  where: (name: string) => Place & { readonly path: string },
): void {
  for (const name of target === "aws" ? names : []) {
    if (isLambdaVariable(name)) continue;
    const place = where(name);
    const message = `${quoted(place.path)}: Lambda takes no variable of this name: call it otherwise`;
    problems.add("INVALID", place, message);
  }
}

/** What CloudFormation makes, as AWS's template has it. On this machine it is left to `.env`, elsewhere it is refused. */
function keepMade(reader: SectionReader, made: ReadonlyMap<string, Node>): Readonly<Record<string, unknown>> {
  if (reader.target === "aws") return record([...made].map(([name, node]) => [name, plain(reader, node)]));
  for (const node of made.values()) {
    const what = `${quoted(node.path)} is made by CloudFormation`;
    if (reader.target === "local")
      reader.notes.add("UNSUPPORTED", node, `${what}: here it is what \`.env\` says, or not set.`);
    else refuse(reader, node, `${what}, which AWS alone has: write a value of this target's, such as \`\${param:…}\`.`);
  }
  return record([]);
}

const codeElsewhere = "only AWS adds code to a function after it is bundled: install it as a package";
const afterwards = "only AWS sends on what became of a call: publish it from the handler";

/** https://www.serverless.com/framework/docs/providers/aws/guide/functions */
const functionSettings: Settings = {
  known: [
    ...["handler", "name", "description", "runtime", "memorySize", "timeout", "environment", "events", "url", "tags"],
    ...["role", "iamRoleStatements", "iamRoleStatementsName", "iamRoleStatementsInherit", "package", "vpc", "tracing"],
    ...["architecture", "kmsKeyArn", "awsKmsKeyArn", "versionFunction", "disableLogs", "logRetentionInDays", "logging"],
    ...["logDataProtectionPolicy", "ephemeralStorageSize", "reservedConcurrency", "condition"],
    "provisionedConcurrency",
    ...["dependsOn", "snapStart", "runtimeManagement", "maximumEventAge", "maximumRetryAttempts", "module", "uses"],
  ],
  alone: {
    layers: codeElsewhere,
    fileSystemConfig: "only AWS mounts its file systems",
    destinations: afterwards,
    onError: afterwards,
  },
  refused: { image: "a container image has no handler to wrap: name a `handler`" },
};

function isForNode(reader: SectionReader, map: MapNode, { provider }: Manifest): boolean {
  const node = at(map, "runtime", reader);
  const runtime = node?.kind === "scalar" ? node.text : provider.runtime;
  if (runtime === undefined || runtime.startsWith("nodejs")) return true;
  const message = `${quoted(map.path)} runs on ${quoted(runtime)}, and Faasten runs Node.js alone.`;
  refuse(reader, node ?? map, message);
  return false;
}

function readSeconds(reader: SectionReader, map: MapNode): number | undefined {
  const node = at(map, "timeout", reader);
  const timeout = asNumber(node, reader.problems);
  if (!node || timeout === undefined || (timeout >= 1 && timeout <= 900)) return timeout;
  refuse(reader, node, `${quoted(node.path)} counts seconds, from 1 to 900, and is ${timeout}.`, "INVALID");
  return undefined;
}

/** `list-orders`, `list_orders` and `ListOrders` as `listOrders`. */
export function toName(written: string): string {
  const joined = written.replace(/[-_]+([a-zA-Z0-9])/g, (_, first: string) => first.toUpperCase());
  return joined.charAt(0).toLowerCase() + joined.slice(1);
}

function nameOf(name: string, kind: string, before: readonly PlacedEvent[]): string {
  if (before.length === 0) return name;
  const same = before.slice(1).filter((event) => event.kind === kind).length;
  return `${name}On${kind.charAt(0).toUpperCase()}${kind.slice(1)}${same > 0 ? same + 1 : ""}`;
}
