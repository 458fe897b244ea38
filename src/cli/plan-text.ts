// What `faasten plan` says to a person.

import type { Graph } from "../contracts/graph.ts";
import type { Change, Plan, Step } from "../contracts/plan.ts";
import type { Permission } from "../contracts/stack.ts";
import { causesOf, publicRoutes } from "../deploy/causes.ts";
import { toText, type Values } from "../deploy/command.ts";
import { lossesOf } from "../deploy/guard.ts";
import { clean } from "../dev/prettify.ts";
import { styleOf, widest, wrap } from "./columns.ts";

/** Each with the command that it is: what can be pasted, but for what is not known before. */
export function stepLines(steps: readonly Step[], values: Values): readonly string[] {
  const digits = String(steps.length).length;
  return steps.flatMap(({ title, command, when }, index) => {
    const number = `${String(index + 1).padStart(digits)}.`;
    const condition = when ? `  (if ${when.value} is ${when.is.join(" or ")})` : "";
    return [`  ${number} ${clean(title)}${condition}`, `     ${clean(toText(command, values))}`];
  });
}

export function changeLines(
  changes: readonly Change[],
  replace: readonly string[],
  out: NodeJS.WriteStream,
): readonly string[] {
  const style = styleOf(out);
  if (changes.length === 0) return ["  none: all of it is as it should be"];
  const types = widest(changes.map(({ type }) => type));
  const lost = new Set(lossesOf(changes, replace));
  const lines = changes.map((one) => {
    const { action, name, physical, type, data } = one;
    const text = `${signs[action]} ${words[action].padEnd(10)} ${clean(type).padEnd(types)}  ${clean(name)}`;
    const called = physical === undefined || physical === name ? "" : `  ${clean(physical)}`;
    const told = data ? "  holds data" : "";
    return `  ${lost.has(one) ? style("red", `${text}${called}${told}`) : `${text}${called}${told}`}`;
  });
  const stops = [...lost].map(
    ({ name }) => `  \`deploy\` stops before it: --replace ${clean(name)} lets ${clean(name)} go with what it holds`,
  );
  return [...lines, ...stops];
}

const signs: Readonly<Record<Change["action"], string>> = {
  add: "+",
  change: "~",
  replace: "!",
  remove: "-",
  adopt: "=",
  keep: "=",
};
const words: Readonly<Record<Change["action"], string>> = {
  add: "comes",
  change: "changes",
  replace: "is replaced",
  remove: "goes",
  adopt: "is adopted",
  keep: "is kept",
};

export function routeLines(graph: Graph): readonly string[] {
  const routes = publicRoutes(graph);
  if (routes.length === 0) return ["  none"];
  const width = widest(routes.map(({ route }) => route));
  return routes.map(({ route, name, file, line }) => `  ${route.padEnd(width)}  ${name}  ${file}:${line}`);
}

export function permissionLines(permissions: readonly Permission[], graph: Graph): readonly string[] {
  if (permissions.length === 0) return ["  none"];
  return permissions.flatMap((one, index) => {
    const first = permissions[index - 1]?.deployable !== one.deployable;
    const places = causesOf(one, graph).map(({ file, line }) => `${file}:${line}`);
    return [
      ...(first ? [`  ${clean(one.deployable)}`] : []),
      ...wrap(one.actions.join(", "), 4),
      ...wrap(`on ${one.resource}`, 6),
      ...wrap(`${one.because.join("; ")}  ${[...new Set(places)].join(", ")}`, 6),
    ];
  });
}

export function uncheckedLines({ unchecked }: Plan): readonly string[] {
  return unchecked.flatMap((one) => wrap(`- ${one}`, 2, 4));
}
