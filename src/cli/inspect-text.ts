// What `faasten inspect` says to a person: within 80 columns, and plain where nobody looks.
import type { Inspected, InspectedFunction } from "../build/inspect.ts";
import { triggerText } from "../build/mermaid.ts";
import type { Portability } from "../build/portability.ts";
import type { GraphGrant } from "../contracts/graph.ts";
import type { TriggerSpec } from "../contracts/trigger.ts";
import { clean } from "../dev/prettify.ts";
import { count, type Style, styleOf, widest, wrap } from "./columns.ts";

export function toText(found: Inspected, out: NodeJS.WriteStream): string {
  const style = styleOf(out);
  const { service, target, functions, components, portability } = found;
  const heading = (text: string): string => `\n${style("bold", text)}`;
  return [
    `${style("bold", clean(service))} on ${target}: ${count(functions, "function")}, ${count(components, "component")}`,
    heading("functions"),
    ...functions.flatMap((one) => functionLines(one, found)),
    ...portability
      .filter((one) => !functions.some(({ name }) => name === one.function))
      .flatMap((one) => wrap(`${one.function}  not on ${target}`, 2)),
    heading("components"),
    ...componentLines(found),
    heading("bundles"),
    ...bundleLines(found),
    heading("portability"),
    ...portabilityLines(portability, style),
    "",
  ].join("\n");
}

function functionLines({ name, file, line, on, event }: InspectedFunction, { grants }: Inspected): readonly string[] {
  const uses = grants.filter((grant) => grant.function === name).map(grantText);
  return [
    ...wrap(`${name}  ${triggerText(on)}${more(on)}${event === undefined ? "" : `  as ${event}`}`, 2),
    ...wrap(`at ${file}:${line}`, 4),
    ...(uses.length > 0 ? wrap(`uses ${[...new Set(uses)].join(", ")}`, 4) : []),
  ];
}

function more(on: TriggerSpec): string {
  if (on.kind === "topic") return ` of ${on.pubsub}`;
  if (on.kind !== "http") return "";
  const { access } = on;
  if (access === undefined) return "  no access";
  return `  ${typeof access === "string" ? access : `jwt of ${access.issuer}`}`;
}

function grantText({ component, right, resource }: GraphGrant): string {
  return `${component}${resource === undefined ? "" : ` ${resource}`} (${right})`;
}

function componentLines({ components }: Inspected): readonly string[] {
  if (components.length === 0) return ["  none"];
  const names = widest(components.map(({ name }) => name));
  const types = widest(components.map(({ type }) => type));
  return components.flatMap(({ name, type, module, existing }) =>
    wrap(`${name.padEnd(names)}  ${type.padEnd(types)}  ${module}${existing ? "  existing" : ""}`, 2, names + 4),
  );
}

/** The heaviest first, and what is light as one. */
function roomsText(rooms: Readonly<Record<string, number>>): string {
  const all = Object.entries(rooms).sort(([, a], [, b]) => b - a);
  const shown = all.length > most + 1 ? all.slice(0, most) : all;
  const rest = all.slice(shown.length);
  const bytes = rest.reduce((sum, [, weight]) => sum + weight, 0);
  const texts = shown.map(([room, weight]) => `${room} ${kilobytes(weight)}`);
  return [...texts, ...(rest.length > 0 ? [`${rest.length} more ${kilobytes(bytes)}`] : [])].join(", ");
}

/** Rooms that are shown of one bundle. */
const most = 8;

function bundleLines({ deployables, weights }: Inspected): readonly string[] {
  const names = widest(deployables.map(({ name }) => name));
  return deployables.flatMap(({ name, functions }) => {
    const weight = weights[name];
    if (!weight) return wrap(`${name.padEnd(names)}  none: it cannot be built`, 2);
    const size = `${kilobytes(weight.bytes)} KB`.padStart(9);
    const held =
      functions.length > 1 && deployables.length > 1 ? wrap(`holds ${functions.join(", ")}`, names + 15) : [];
    return [...wrap(`${name.padEnd(names)}  ${size}  ${roomsText(weight.rooms)}`, 2, names + 15), ...held];
  });
}

/** Those that need nothing said of them are named in one breath. */
function portabilityLines(portability: readonly Portability[], style: Style): readonly string[] {
  const free = (["portable", "bridged"] as const).flatMap((verdict) => {
    const names = portability.filter((one) => one.verdict === verdict).map((one) => one.function);
    if (names.length === 0) return [];
    return [`  ${style("green", `${words[verdict]}: ${names.length}`)}`, ...wrap(names.join(", "), 4, 4)];
  });
  const bound = portability.filter(({ verdict }) => verdict === "bound");
  if (bound.length === 0) return free;
  const lines = bound.flatMap(({ function: name, reasons }) => [
    ...wrap(name, 4),
    ...reasons.flatMap(({ file, line, what, mend }) => [...wrap(`${file}:${line}  ${what}`, 6), ...wrap(mend, 8)]),
  ]);
  return [...free, `  ${style("red", `bound: ${bound.length}`)}`, ...lines];
}

const words = { portable: "portable", bridged: "portable with the bridge" } as const;

function kilobytes(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}
