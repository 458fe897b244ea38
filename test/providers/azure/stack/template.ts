// An emitted template as Azure would have it, and what is wrong with how its resources hang together.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { emit } from "../../../../providers/azure/stack/emit.ts";
import type { StackInput } from "../../../../src/contracts/stack.ts";
import { type BuildOptions, type BuiltApp, buildApp } from "../../../build/built.ts";
import { repository } from "../../../dev/running.ts";
import { evaluated, group, type Scope } from "./expressions.ts";

export interface Written {
  readonly type: string;
  readonly apiVersion: string;
  readonly name: string;
  readonly scope?: string;
  readonly location?: string;
  readonly dependsOn?: readonly string[];
  readonly identity?: { readonly type: string; readonly userAssignedIdentities?: Readonly<Record<string, unknown>> };
  readonly properties?: Readonly<Record<string, unknown>>;
}

export interface Template {
  readonly parameters: Readonly<Record<string, { readonly type: string; readonly defaultValue?: unknown }>>;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly resources: readonly Written[];
  readonly outputs: Readonly<Record<string, { readonly type: string; readonly value: unknown }>>;
}

/** Every expression has come to what it is. */
export interface Deployed extends Written {
  readonly id: string;
  /** Identifiers of resources that its body holds. */
  readonly refers: ReadonlySet<string>;
}

export interface Deployment {
  readonly resources: readonly Deployed[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

export function read(output: string): Template {
  return JSON.parse(readFileSync(join(output, "azuredeploy.json"), "utf8")) as Template;
}

export function emitted(input: StackInput): Template {
  return JSON.parse(emit(input).files["azuredeploy.json"] ?? "") as Template;
}

/** The fixture of that name, built for Azure. */
export function buildFixture(name: string, options: BuildOptions = {}): BuiltApp {
  const folder = join(repository, "test/fixtures", name);
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes(".faasten"))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  const files = Object.fromEntries(names.map((one) => [one, readFileSync(join(folder, one), "utf8")]));
  return buildApp("none", "azure", { ...options, files: { ...files, ...options.files } });
}

/** Throws where an expression cannot be read, or asks what nobody can answer. */
export function deploy(template: Template): Deployment {
  const plain: Scope = { parameters: {}, variables: {} };
  const parameters = Object.fromEntries(
    Object.entries(template.parameters).map(([name, { defaultValue }]) => [
      name,
      defaultValue === undefined ? `given-${name.replaceAll("_", "-")}` : evaluated(defaultValue, plain),
    ]),
  );
  const variables = Object.fromEntries(
    Object.entries(template.variables).map(([name, value]) => [name, evaluated(value, { parameters, variables: {} })]),
  );
  const scope: Scope = { parameters, variables };
  const resources = template.resources.map((one): Deployed => {
    const refers = new Set<string>();
    const { type, apiVersion, name, scope: on, dependsOn = [], ...body } = one;
    const fixed = evaluated({ type, name, ...(on !== undefined && { scope: on }), dependsOn }, scope) as Written;
    const asking = { ...scope, reference: stateOf, seen: (id: string) => refers.add(id) };
    return { ...(evaluated(body, asking) as object), ...fixed, apiVersion, id: idOf(fixed), refers };
  });
  const outputs = Object.fromEntries(
    Object.entries(template.outputs).map(([name, { value }]) => [
      name,
      evaluated(value, { ...scope, reference: stateOf }),
    ]),
  );
  return { resources, outputs };
}

function idOf({ type, name, scope = group }: Pick<Written, "type" | "name" | "scope">): string {
  const [provider = "", ...types] = type.split("/");
  const names = name.split("/");
  if (names.length !== types.length) throw new Error(`${type} has ${types.length} names, and not ${name}`);
  return `${scope}/providers/${[provider, ...types.flatMap((one, index) => [one, names[index]])].join("/")}`;
}

/** What of a resource a template may ask for. */
function stateOf(id: string, version: string, full: boolean): unknown {
  const [, type = "", name = ""] = /\/providers\/([^/]+\/[^/]+)\/([^/]+)$/.exec(id) ?? [];
  if (!/^\d{4}-\d\d-\d\d$/.test(version)) throw new Error(`reference(${id}) without a version`);
  const states: Readonly<Record<string, unknown>> = {
    "Microsoft.ManagedIdentity/userAssignedIdentities": {
      principalId: `principal of ${name}`,
      clientId: `client of ${name}`,
    },
    "Microsoft.Storage/storageAccounts": {
      primaryEndpoints: Object.fromEntries(
        ["blob", "queue", "table"].map((kind) => [kind, `https://${name}.${kind}.core.windows.net/`]),
      ),
    },
    "Microsoft.Insights/components": { ConnectionString: `InstrumentationKey=${name}` },
    "Microsoft.Web/sites": { defaultHostName: `${name}.azurewebsites.net` },
    "Microsoft.EventGrid/topics": full
      ? { identity: { principalId: `principal of ${name}` } }
      : { endpoint: `https://${name}.westeurope-1.eventgrid.azure.net/api/events` },
    "Microsoft.EventGrid/systemTopics": full && { identity: { principalId: `principal of ${name}` } },
  };
  return states[type] ?? fail(`nothing is known of what ${type} says of itself`);
}

function fail(what: string): never {
  throw new Error(what);
}

/** By the last part of its type and its last name: `queues orders-dev-ship.inbox`. */
export function find({ resources }: Deployment, kind: string, name: string): Deployed {
  const found = resources.filter((one) => one.type.endsWith(`/${kind}`) && one.name.split("/").at(-1) === name);
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} of ${kind} are called ${name}`);
  return found[0];
}

/** A value within, by its keys: `at(one, "properties.sku.name")`. */
export function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, key) => Object(inner)[key], value);
}

/** The settings of an app, by name. */
export function settingsOf(deployment: Deployment, like = /^/): Readonly<Record<string, string>> {
  const sites = deployment.resources.filter(({ type, name }) => type === "Microsoft.Web/sites" && like.test(name));
  const [site] = sites;
  if (sites.length !== 1 || !site) throw new Error(`${sites.length} apps are called so`);
  const settings = at(site, "properties.siteConfig.appSettings") as readonly { name: string; value: string }[];
  return Object.fromEntries(settings.map(({ name, value }) => [name, value]));
}

/** An app in which all functions are deployed together, with what is given. */
export function inputOf(graph: Partial<StackInput["graph"]> = {}, settings: Partial<StackInput> = {}): StackInput {
  const { functions = [], components = [], grants = [] } = graph;
  return {
    graph: {
      service: "shop",
      target: "azure",
      deployables:
        functions.length > 0 ? [{ name: "app", functions: functions.map(({ name }) => name), stream: false }] : [],
      functions,
      components,
      grants,
      ...graph,
    },
    stage: "dev",
    node: 22,
    memory: 512,
    timeout: 30,
    environment: {},
    logRetentionDays: 30,
    archives: {},
    ...settings,
  };
}
