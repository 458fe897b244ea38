// Which module serves which component: the YAML's type, or the target's default. An unmet need is reported here.
import type { Block } from "../contracts/component.ts";
import type { Grant } from "../contracts/function.ts";
import type { MetadataValue, Provider } from "../contracts/provider.ts";
import { type ComponentManifest, checkFields } from "../manifest/component.ts";
import type { Components } from "../manifest/components.ts";
import { type Place, type Problems, quoted } from "../manifest/problems.ts";
import { type Found, isGrant } from "./discover.ts";
import { componentModule, moduleOf, ownerOf } from "./modules.ts";

/** What one component is on this target. */
export interface Binding {
  readonly name: string;
  readonly block: Block;
  readonly type: string;
  readonly module: URL;
  readonly metadata: Readonly<Record<string, MetadataValue>>;
}

export interface Bindings {
  readonly components: ReadonlyMap<string, Binding>;
  /** Function → its trigger modules. */
  readonly triggers: ReadonlyMap<string, readonly URL[]>;
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

  function need(name: string, block: Block, at: Place, by: string): void {
    const there = components.get(name);
    if (there) {
      if (there.block !== block)
        problems.add(
          "INVALID",
          at,
          `${by} needs ${quoted(name)} as ${block}, but it is ${there.block} (${there.type})`,
        );
      return;
    }
    const hidden = declared.scopedOut.get(name);
    if (hidden) {
      problems.add(
        "MISCONFIGURED",
        at,
        `${by} needs the component ${quoted(name)}, whose \`scopes\` (${hidden.file}) leave this service out`,
      );
      return;
    }
    const manifest = declared.components.get(name);
    const type = manifest?.type ?? provider.defaults[block];
    if (!type.startsWith(`${block}.`)) {
      problems.add(
        "INVALID",
        manifest ?? at,
        `${quoted(name)} is of type ${quoted(type)}, but ${by} needs it as ${block}`,
      );
      return;
    }
    const owner = ownerOf(type, providers);
    if (!owner) return; // an unknown type was reported where it is written
    components.set(name, {
      name,
      block,
      type,
      module: componentModule(type, owner),
      metadata: manifest?.metadata ?? {},
    });
    if (!manifest) return;
    const { required = [], optional = [] } = owner.components[type] ?? {};
    checkFields(manifest, [...required, ...optional], required, problems);
    for (const store of storesOf(manifest)) need(store, "secretstores", manifest, `the component ${quoted(name)}`);
  }

  const triggers = new Map<string, readonly URL[]>();
  for (const one of found) {
    const { on, uses, needs = [] } = one.definition;
    const grants: readonly Grant[] = [...Object.values(uses).filter(isGrant), ...needs];
    for (const { component, block } of grants) need(component, block, one, `the function ${one.name}`);
    if (on.kind === "topic") need(on.pubsub, "pubsub", one, `the function ${one.name}`);
    const kind = on.kind === "topic" ? (components.get(on.pubsub)?.type ?? "") : on.kind;
    const names = provider.triggers[kind];
    if (names)
      triggers.set(
        one.name,
        names.map((name) => moduleOf(provider, `triggers/${name}`)),
      );
    else if (kind !== "") problems.add("UNSUPPORTED", one, `${one.name}: ${provider.name} has no trigger for ${kind}`);
  }
  return { components, triggers };
}

function storesOf({ metadata }: ComponentManifest): readonly string[] {
  return Object.values(metadata).flatMap((value) =>
    typeof value === "object" && "store" in value ? [value.store] : [],
  );
}
