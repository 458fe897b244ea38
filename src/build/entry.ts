// The module that a deployable's bundle begins with. It imports, by path, the user's exports and just the host, triggers and
// components that they need.
import { fileURLToPath } from "node:url";
import type { Provider } from "../contracts/provider.ts";
import type { Neighbour } from "../functions/preflights.ts";
import { type Binding, type Bindings, storesOf } from "./bind.ts";
import { isGrant } from "./check-function.ts";
import type { Deployable } from "./deployables.ts";
import type { Found } from "./found.ts";
import { isHanded, isPromised } from "./handed.ts";
import { moduleOf } from "./modules.ts";
import { isSectionModule } from "./section-modules.ts";

export interface EntryOptions {
  readonly service: string;
  readonly deployable: Deployable;
  readonly bindings: Bindings;
  readonly provider: Provider;
  /** The file that exports a function. */
  readonly fileOf: (functionName: string) => string;
  /** Whether a host that runs Lambda handlers takes those with a callback. */
  readonly callbacks: boolean;
  /** All of the app's. */
  readonly found: readonly Found[];
}

export function entrySource({
  service,
  deployable,
  bindings,
  provider,
  fileOf,
  callbacks,
  found,
}: EntryOptions): string {
  const imports = new Map<string, string>();
  const use = (file: string, exported: string): string => {
    const line = `import { ${exported} as %s } from ${JSON.stringify(file)};`;
    const known = imports.get(line) ?? `$${imports.size}`;
    imports.set(line, known);
    return known;
  };
  const useModule = (module: URL, exported: string): string => use(fileURLToPath(module), exported);
  const lines = (): readonly string[] => [...imports].map(([line, alias]) => line.replace("%s", alias));

  const handed = handedOver(deployable, provider);
  if (handed) {
    const definition = use(fileOf(handed.name), handed.exported);
    if (!callbacks && isSectionModule(fileOf(handed.name))) {
      const [takes, streams, promise] = [
        useModule(ourModule("bridge/handler"), "takesCallback"),
        useModule(ourModule("bridge/stream"), "isStreaming"),
        useModule(ourModule("bridge/handler"), "promised"),
      ];
      const chosen = `${takes}($handler) && !${streams}($handler) ? ${promise}($handler) : $handler`;
      return [
        ...lines(),
        `const $handler = ${definition}.lambda.handler;`,
        `export const handler = ${chosen};`,
        "",
      ].join("\n");
    }
    const promised = isPromised(handed.definition, callbacks) ? useModule(ourModule("bridge/handler"), "promised") : "";
    return [...lines(), `export const handler = ${promised}(${definition}.lambda.handler);`, ""].join("\n");
  }
  const global = hasLambda(deployable)
    ? [`import ${JSON.stringify(fileURLToPath(ourModule("bridge/awslambda")))};`]
    : [];

  const host = (deployable.stream && provider.hosts.stream) || provider.hosts.default;
  const serve = useModule(moduleOf(provider, host), "serve");
  const functions = deployable.functions.map(({ name, exported }) => {
    const triggers = (bindings.triggers.get(name) ?? []).map((module) => useModule(module, "trigger"));
    const declared = use(fileOf(name), exported);
    const clock = bindings.clocks.get(name);
    const near = deployable.functions.length === 1 ? neighboursOf(name, found) : [];
    const answering =
      near.length > 0
        ? `${useModule(ourModule("functions/preflights"), "preflighted")}(${declared}, ${JSON.stringify(near)})`
        : declared;
    const definition = clock ? `{ ...${declared}, on: ${JSON.stringify(clock)} }` : answering;
    return `{ name: ${JSON.stringify(name)}, definition: ${definition}, triggers: [${triggers.join(", ")}] }`;
  });
  const components = componentsOf(deployable, bindings, provider).map(({ name, block, type, module, metadata }) => {
    const create = useModule(module, "create");
    const wrapped = block === "state" ? `${useModule(ourModule("blocks/prefix"), "prefixed")}(${create})` : create;
    return `${JSON.stringify(name)}: { type: ${JSON.stringify(type)}, create: ${wrapped}, metadata: ${JSON.stringify(metadata)} }`;
  });
  const waits = deployable.functions.some(
    ({ name, definition: { on } }) => on.kind === "binding" && !bindings.clocks.has(name),
  );
  const inbox = provider.inbox && waits ? [`  inbox: ${useModule(moduleOf(provider, provider.inbox), "create")},`] : [];
  return [
    // A Lambda handler's module may ask for the global while it is loaded.
    ...global,
    ...lines(),
    `export const handler = ${serve}({`,
    `  service: ${JSON.stringify(service)},`,
    `  functions: [${functions.join(", ")}],`,
    `  components: { ${components.join(", ")} },`,
    ...inbox,
    "});",
    "",
  ].join("\n");
}

/** The functions of the same path that pages of other origins may call, for one of which that is so; none where it stands alone. */
function neighboursOf(name: string, found: readonly Found[]): readonly Neighbour[] {
  const own = found.find((one) => one.name === name)?.definition.on;
  if (own?.kind !== "http" || !own.cors || own.isolate || own.stream) return [];
  return found.flatMap(({ name: other, definition: { on } }) =>
    other !== name &&
    on.kind === "http" &&
    on.cors &&
    !on.isolate &&
    !on.stream &&
    shapeOf(on.path) === shapeOf(own.path)
      ? [{ method: on.method, cors: on.cors }]
      : [],
  );
}

/** What its parameters are called makes no other path. */
function shapeOf(path: string): string {
  return path.replace(/:[^/]+/g, ":");
}

/** The Lambda handler that is the whole deployable. */
export function handedOver({ functions }: Deployable, provider: Provider): Found | undefined {
  const [only, ...others] = functions;
  return only && others.length === 0 && isHanded(only.definition, provider) ? only : undefined;
}

export function hasLambda({ functions }: Deployable): boolean {
  return functions.some(({ definition: { lambda } }) => lambda !== undefined);
}

function ourModule(path: string): URL {
  return new URL(`../${path}${extension}`, import.meta.url);
}

const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

/** Those that the functions use, the brokers of their inboxes, the bindings that deliver by themselves, and the secret stores that these name. */
export function componentsOf(
  { functions }: Deployable,
  { components, clocks }: Bindings,
  { consumes }: Provider,
): readonly Binding[] {
  const needed = new Set<string>();
  const need = (name: string): void => {
    const binding = components.get(name);
    if (!binding || needed.has(name)) return;
    needed.add(name);
    for (const store of storesOf(binding)) need(store);
  };
  for (const { name, definition } of functions) {
    const { on, uses, needs = [] } = definition;
    for (const grant of [...Object.values(uses).filter(isGrant), ...needs]) need(grant.component);
    if (on.kind === "topic") need(on.pubsub);
    if (on.kind === "binding" && consumes && !clocks.has(name)) need(on.binding);
  }
  return [...needed].flatMap((name) => components.get(name) ?? []);
}
