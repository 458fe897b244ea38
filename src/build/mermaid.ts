// The graph of an app as a drawing in Mermaid's language.
// https://mermaid.js.org/syntax/flowchart.html
import type { TriggerSpec } from "../contracts/trigger.ts";
import { timetableOf } from "../runtime/timetable.ts";
import type { Inspected } from "./inspect.ts";

/** What triggers, the functions, and what they reach. A dashed box is bound to one cloud. */
export function toMermaid({ functions, components, grants, portability }: Inspected): string {
  const nodes = new Map<string, { readonly id: string; readonly line: string }>();
  const edges: string[] = [];
  const node = (key: string, [open, close]: readonly [string, string], label: readonly string[]): string => {
    const known = nodes.get(key);
    if (known) return known.id;
    const id = `n${nodes.size}`;
    nodes.set(key, { id, line: `${id}${open}"${label.map(escaped).join("<br/>")}"${close}` });
    return id;
  };
  const typeOf = (name: string): string => components.find((one) => one.name === name)?.type ?? "";
  const topic = (pubsub: string, name: string): string =>
    node(`topic ${pubsub} ${name}`, ["{{", "}}"], [name, `${pubsub}: ${typeOf(pubsub)}`]);
  const called = (name: string): string => node(`function ${name}`, ["[", "]"], [name]);

  for (const { name, on } of functions) {
    const own = called(name);
    if (on.kind === "topic") edges.push(`${topic(on.pubsub, on.topic)} --> ${own}`);
    else if (on.kind === "binding")
      edges.push(`${node(`component ${on.binding}`, ["[(", ")]"], [on.binding, typeOf(on.binding)])} --> ${own}`);
    else edges.push(`${node(`trigger ${name}`, ["([", "])"], [triggerText(on)])} --> ${own}`);
  }
  for (const { function: name, block, component, right, resource } of grants) {
    const label = resource === undefined || right === "publish" ? right : `${right} ${resource}`;
    const to =
      right === "publish" && block === "pubsub" && resource !== undefined
        ? topic(component, resource)
        : node(`component ${component}`, ["[(", ")]"], [component, typeOf(component)]);
    edges.push(`${called(name)} -->|"${escaped(label)}"| ${to}`);
  }
  const bound = portability.filter(({ verdict }) => verdict === "bound").map(({ function: name }) => name);
  const drawn = bound.flatMap((name) => nodes.get(`function ${name}`)?.id ?? []);
  return [
    "flowchart LR",
    ...[...nodes.values()].map(({ line }) => `  ${line}`),
    ...[...new Set(edges)].map((line) => `  ${line}`),
    ...(drawn.length > 0 ? ["  classDef bound stroke-dasharray: 5 5", `  class ${drawn.join(",")} bound`] : []),
    "",
  ].join("\n");
}

/** What a function is triggered by, in a few words. */
export function triggerText(on: TriggerSpec): string {
  switch (on.kind) {
    case "http":
      return `${on.method === "*" ? "ANY" : on.method} ${on.path}`;
    case "topic":
      return `on ${on.topic}`;
    case "native":
      return `on ${on.event} of ${on.provider}`;
    case "binding":
    case "schedule": {
      const { cron, timeZone } = timetableOf(on) ?? {};
      if (cron === undefined) return `on ${on.kind === "binding" ? on.binding : ""}`;
      return `at ${cron}${timeZone === undefined ? "" : ` ${timeZone}`}`;
    }
  }
}

/** Inside of quotes, as entities: what would end them, begin an entity, HTML or Markdown. */
function escaped(text: string): string {
  return text.replace(/[#"&<>`]/g, (sign) => `#${sign.charCodeAt(0)};`).replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
}
