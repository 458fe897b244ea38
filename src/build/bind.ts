// Which module serves which component: the YAML's type, or the target's default. An unmet need is reported here.
import type { Block } from "../contracts/component.ts";
import type { Grant } from "../contracts/function.ts";
import type { MetadataValue, Provider } from "../contracts/provider.ts";
import type { TriggerSpec } from "../contracts/trigger.ts";
import { checkFields } from "../manifest/component.ts";
import type { Components } from "../manifest/components.ts";
import { componentName } from "../manifest/names.ts";
import { type Place, type Problems, quoted } from "../manifest/problems.ts";
import { kebab, variableOf } from "../runtime/names.ts";
import { isGrant } from "./check-function.ts";
import { cronProblem, fromDaprSchedule } from "./cron.ts";
import type { Found } from "./found.ts";
import { isHanded } from "./handed.ts";
import { componentModule, moduleOf, ownerOf } from "./modules.ts";

/** What one component is on this target. */
export interface Binding {
  readonly name: string;
  readonly block: Block;
  readonly type: string;
  readonly module: URL;
  readonly metadata: Readonly<Record<string, MetadataValue>>;
  readonly existing?: true;
}

export interface Bindings {
  readonly components: ReadonlyMap<string, Binding>;
  /** Function → its trigger modules. */
  readonly triggers: ReadonlyMap<string, readonly URL[]>;
  /** Function → its trigger with the times at which it rings, where its binding is a clock. */
  readonly clocks: ReadonlyMap<string, TriggerSpec>;
}

export interface BindOptions {
  readonly provider: Provider;
  readonly providers: readonly Provider[];
  readonly declared: Components;
}

export function bind(
  found: readonly Found[],
  { provider, providers, declared }: BindOptions,
  problems: Problems,
): Bindings {
  const components = new Map<string, Binding>();
  /** Needs that were refused: one mistake in a manifest is told once, not by each function that it hits. */
  const refused = new Set<string>();
  const kebabs = new Map<string, string>([...declared.components.keys()].map((name) => [kebab(name), name]));

  for (const manifest of declared.components.values()) {
    const fields = ownerOf(manifest.type, providers)?.components[manifest.type];
    if (!fields) continue;
    const { required = [], optional = [], resource, refused } = fields;
    if (refused !== undefined) {
      problems.add("UNSUPPORTED", manifest, `${quoted(manifest.name)} is of type ${quoted(manifest.type)}: ${refused}`);
      continue;
    }
    const known = [...required, ...optional, ...(resource === undefined ? [] : [resource])];
    checkFields(manifest, known, required, problems);
  }

  function need(name: string, block: Block, at: Place, by: string): void {
    if (components.get(name)?.block === block || refused.has(`${block} ${name}`)) return;
    const binding = make(name, block, at, by);
    if (!binding) refused.add(`${block} ${name}`);
    else {
      components.set(name, binding);
      for (const store of storesOf(binding))
        need(store, "secretstores", declared.components.get(name) ?? at, `the component ${quoted(name)}`);
    }
  }

  function make(name: string, block: Block, at: Place, by: string): Binding | undefined {
    const other = components.get(name);
    const manifest = declared.components.get(name);
    const type = manifest?.type ?? provider.defaults[block];
    const owner = ownerOf(type, providers);
    const hidden = declared.scopedOut.get(name);
    const double = kebabs.get(kebab(name));
    const refusal = owner?.components[type]?.refused;
    if (!owner || refusal !== undefined || !componentName.pattern.test(name)) return undefined; // reported where it is written
    if (hidden) {
      const where = `${problems.relative(hidden.file)}:${hidden.line}`;
      const message = `${by} needs the component ${quoted(name)}, whose \`scopes\` (${where}) leave this service out: add it there`;
      problems.add("MISCONFIGURED", at, message);
    } else if (other) {
      const message = `${by} needs ${quoted(name)} as ${block}, but it is ${other.block} (${other.type}): give one of them another name`;
      problems.add("INVALID", at, message);
    } else if (!type.startsWith(`${block}.`)) {
      const message = `${quoted(name)} is of type ${quoted(type)}, but ${by} needs it as ${block}: change the type or the name`;
      problems.add("INVALID", manifest ?? at, message);
    } else if (double !== undefined && double !== name && !(manifest && declared.components.has(double))) {
      const message = `${by}: the components ${quoted(name)} and ${quoted(double)} are both ${quoted(kebab(name))} as resources: write one name everywhere`;
      problems.add("ALREADY_EXISTS", at, message);
    } else if (!manifest && owner.components[type]?.required) {
      const fields = owner.components[type].required.map((field) => quoted(field)).join(", ");
      const message = `${by} needs ${quoted(name)} as ${block}, which is ${quoted(type)} on ${provider.name} and has to be told its ${fields}: declare the component in components/${name}.yaml`;
      problems.add("MISCONFIGURED", at, message);
    } else {
      kebabs.set(kebab(name), name);
      const metadata = located(name, block, manifest?.metadata ?? {}, owner.components[type]?.resource);
      const existing = manifest?.existing ? { existing: true as const } : {};
      return { name, block, type, module: componentModule(type, owner), metadata, ...existing };
    }
    return undefined;
  }

  /** What a type of ours cannot do is told here; what another's cannot, when it is called. */
  function checkOperations(one: Found, { component, operations = [] }: Grant): void {
    const bound = components.get(component);
    const known = bound && ownerOf(bound.type, providers)?.components[bound.type]?.operations;
    const lacking = known ? operations.filter((operation) => !known.includes(operation)) : [];
    if (!known || lacking.length === 0) return;
    const able = providers
      .filter(({ name }) => name === provider.name || name === "local")
      .flatMap(({ components }) => Object.entries(components))
      .filter(([, fields]) => operations.every((operation) => fields.operations?.includes(operation)));
    const has = known.length === 0 ? "takes nothing: it is for input alone" : `has ${known.join(", ")}`;
    const types = able.map(([type]) => type).join(", ");
    const mend = types === "" ? `no type on ${provider.name} has all of these` : `give it one of the types ${types}`;
    const needs = lacking.map(quoted).join(" and ");
    problems.add(
      "UNSUPPORTED",
      one,
      `${one.name} needs ${needs} of ${quoted(component)}, and ${bound.type} ${has}: ${mend}`,
    );
  }

  /** The trigger of an input whose binding is a clock. A schedule must be known to whoever sets the clock: it is part of the stack. */
  function clockOf(on: TriggerSpec, { name, metadata }: Binding): TriggerSpec | undefined {
    const manifest = declared.components.get(name);
    const at = (field: string): Place => manifest?.places[field.toLowerCase()] ?? manifest ?? { file: "", line: 1 };
    const text = (field: string): string | undefined => {
      const value = Object.entries(metadata).find(([key]) => key.toLowerCase() === field.toLowerCase())?.[1];
      if (typeof value === "string" || value === undefined) return value;
      problems.add(
        "INVALID",
        at(field),
        `\`${field}\` must be a plain \`value\`: the clock is set where the app is deployed.`,
      );
      return undefined;
    };
    const [schedule, timeZone] = [text("schedule"), text("timeZone")];
    if (schedule === undefined || on.kind !== "binding") return undefined; // told above, or by the check of its fields
    const cron = fromDaprSchedule(schedule);
    const wrong = cronProblem(cron, timeZone);
    if (wrong === undefined) return { ...on, cron, ...(timeZone !== undefined && { timeZone }) };
    problems.add("INVALID", at("schedule"), `The component ${quoted(name)}: ${wrong}`);
    return undefined;
  }

  const triggers = new Map<string, readonly URL[]>();
  const clocks = new Map<string, TriggerSpec>();
  for (const one of found) {
    const { on, uses, needs = [] } = one.definition;
    const grants: readonly Grant[] = [...Object.values(uses).filter(isGrant), ...needs];
    for (const { component, block } of grants) need(component, block, one, `the function ${one.name}`);
    for (const grant of grants) checkOperations(one, grant);
    const source = sourceOf(on);
    if (source) need(source.name, source.block, one, `the function ${one.name}`);
    const component = source && components.get(source.name);
    const clock = component?.type === "bindings.cron" && clockOf(on, component);
    if (clock) clocks.set(one.name, clock);
    if (on.kind === "native" && on.provider !== provider.name) {
      const message = `${one.name}: ${on.event} events are made by services of ${on.provider} alone, and nothing on ${provider.name} sends them: build this function for ${on.provider}, or declare it in an entry file of its own that only ${on.provider} builds`;
      problems.add("UNSUPPORTED", one, message);
      continue;
    }
    // Handed to its host as it is: nothing decodes its events.
    if (isHanded(one.definition, provider)) continue;
    if (source && component?.block !== source.block) continue;
    const kind = component?.type ?? on.kind;
    const names = provider.triggers[kind];
    const modules = names?.map((trigger) => moduleOf(provider, `triggers/${trigger}`));
    if (modules) triggers.set(one.name, modules);
    else {
      // A clock brings nothing.
      const known = Object.keys(provider.triggers).filter(
        (trigger) => trigger.startsWith(`${component?.block}.`) && trigger !== "bindings.cron",
      );
      const types =
        known.length > 0 ? `give ${quoted(component?.name ?? "")} one of the types ${known.join(", ")}` : "";
      const mend = component ? `: ${types || "no type there triggers a function yet; take what comes by a topic"}` : "";
      problems.add("UNSUPPORTED", one, `${one.name}: ${provider.name} has no trigger for ${kind}${mend}`);
    }
  }
  checkCircles(components, declared, problems);
  return { components, triggers, clocks };
}

/** The component whose arrivals trigger a function. */
function sourceOf(on: TriggerSpec): { readonly name: string; readonly block: Block } | undefined {
  if (on.kind === "topic") return { name: on.pubsub, block: "pubsub" };
  return on.kind === "binding" ? { name: on.binding, block: "bindings" } : undefined;
}

/** Where its resource is only the stack can tell, unless the YAML says it. */
function located(
  name: string,
  block: Block,
  metadata: Binding["metadata"],
  resource: string | undefined,
): Binding["metadata"] {
  if (resource === undefined) return metadata;
  const said = Object.keys(metadata).some((field) => field.toLowerCase() === resource.toLowerCase());
  return said ? metadata : { ...metadata, [resource]: { env: variableOf(block, name) } };
}

/** The secret stores that its metadata reads. */
export function storesOf({ metadata }: Pick<Binding, "metadata">): readonly string[] {
  return Object.values(metadata).flatMap((value) =>
    typeof value === "object" && "store" in value ? [value.store] : [],
  );
}

/** A secret store that waits for a secret of its own would wait for ever. */
function checkCircles(components: ReadonlyMap<string, Binding>, declared: Components, problems: Problems): void {
  for (const { name } of components.values()) {
    const reached = new Set<string>();
    const look = (from: string): void => {
      for (const store of storesOf(components.get(from) ?? { metadata: {} })) {
        if (reached.has(store)) continue;
        reached.add(store);
        look(store);
      }
    };
    look(name);
    const manifest = declared.components.get(name);
    if (!reached.has(name) || !manifest) continue;
    const message = `The secret store ${quoted(name)} reads a secret out of itself: write its value, or use another store.`;
    problems.add("MISCONFIGURED", manifest, message);
  }
}
