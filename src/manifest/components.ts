// Reads Dapr Component YAML: the base folder, and over it the folder of one target.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { kebab } from "../runtime/names.ts";
import { type ComponentManifest, readComponent } from "./component.ts";
import type { MapNode } from "./nodes.ts";
import { type Problems, quoted, suggest } from "./problems.ts";
import { asMap, asText, required } from "./shape.ts";
import { readYaml } from "./yaml.ts";

export interface ComponentsOptions {
  /** The folder of Dapr YAML; where there is none, there are no components. */
  readonly folder: string;
  readonly target: string;
  readonly service: string;
  /** All component types of all providers. */
  readonly types: readonly string[];
}

/** `scopedOut`: declared, but for other services. */
export interface Components {
  readonly components: ReadonlyMap<string, ComponentManifest>;
  readonly scopedOut: ReadonlyMap<string, ComponentManifest>;
}

export function readComponents(options: ComponentsOptions, problems: Problems): Components {
  const { folder, target, service, types } = options;
  const base = readFolder(folder, types, problems);
  const overlay = readFolder(join(folder, target), types, problems);
  const all = new Map([...base, ...overlay]);
  checkKebab(all, problems);
  const components = new Map<string, ComponentManifest>();
  const scopedOut = new Map<string, ComponentManifest>();
  for (const [name, component] of all) {
    const ours = !component.scopes || component.scopes.length === 0 || component.scopes.includes(service);
    (ours ? components : scopedOut).set(name, component);
  }
  return { components, scopedOut };
}

const kinds = [
  ...["Component", "Configuration", "HTTPEndpoint", "MCPServer", "Resiliency"],
  ...["Subscription", "WorkflowAccessPolicy"],
];

/** A file without `kind` is a component that lacks it: its other mistakes count too. */
function isComponent(document: MapNode, problems: Problems): boolean {
  const node = required(
    document,
    "kind",
    ["apiVersion", "kind", "metadata", "spec"],
    "write `kind: Component`",
    problems,
  );
  const kind = asText(node, problems);
  if (kind === undefined || kind === "Component") return true;
  if (!node) return true;
  if (kinds.includes(kind)) {
    problems.add("UNSUPPORTED", node, `Dapr's ${quoted(kind)} is not read by Faasten yet: take it out of this folder.`);
  } else problems.add("INVALID", node, `There is no kind ${quoted(kind)}.${suggest(kind, kinds)}`);
  return false;
}

function readFolder(folder: string, types: readonly string[], problems: Problems): Map<string, ComponentManifest> {
  const found = new Map<string, ComponentManifest>();
  for (const name of listFiles(folder, problems)) {
    for (const node of readYaml(join(folder, name), problems) ?? []) {
      const document = asMap(node, problems);
      const component = document && isComponent(document, problems) && readComponent(document, types, problems);
      if (!component) continue;
      const first = found.get(component.name);
      if (!first) found.set(component.name, component);
      else {
        const where = `${problems.relative(first.file)}:${first.line}`;
        const message = `The component ${quoted(component.name)} is there already, in ${where}: rename or remove one.`;
        problems.add("ALREADY_EXISTS", component, message);
      }
    }
  }
  return found;
}

function listFiles(folder: string, problems: Problems): readonly string[] {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat?.isDirectory())
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/i.test(name))
      .sort();
  if (stat)
    problems.add(
      "INVALID",
      { file: folder, line: 1 },
      "Components lie in a folder, and this is a file: move it into one.",
    );
  return [];
}

function checkKebab(components: ReadonlyMap<string, ComponentManifest>, problems: Problems): void {
  const seen = new Map<string, string>();
  for (const [name, component] of components) {
    const physical = kebab(name);
    const other = seen.get(physical);
    if (other === undefined) seen.set(physical, name);
    else {
      const message = `${quoted(name)} and ${quoted(other)} are both ${quoted(physical)} in physical names: rename one.`;
      problems.add("ALREADY_EXISTS", component, message);
    }
  }
}
