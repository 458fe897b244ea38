// A provider's page and its files, held equal both ways; and what each module exports.
import { extname } from "node:path";
import { componentModule, moduleOf } from "../../src/build/modules.ts";
import type { Provider } from "../../src/provider.ts";
import { exportsOf } from "./exports.ts";
import { type Breach, root, type Source } from "./source.ts";

/** A component that lives in memory may also export `createOn`: without it, no test has two clients of one store. */
export function pageBreaches(page: Provider, sources: readonly Source[]): readonly Breach[] {
  const file = pathOf(new URL(page.page));
  const folder = file.slice(0, -"index.ts".length);
  const blocks = Object.keys(page.defaults);
  const served = Object.keys(page.components).filter((type) => page.components[type]?.refused === undefined);
  const modules = new Map<string, string>([
    ...served.map((type): [string, string] => [pathOf(componentModule(type, page)), "create"]),
    ...Object.values(page.triggers)
      .flat()
      .map((name): [string, string] => [pathOf(moduleOf(page, `triggers/${name}`)), "trigger"]),
    ...(page.inbox === undefined ? [] : [[pathOf(moduleOf(page, page.inbox)), "create"] satisfies [string, string]]),
    ...Object.values(page.hosts).map((name): [string, string] => [pathOf(moduleOf(page, name)), "serve"]),
  ]);
  const paths = new Set(sources.map(({ path }) => path));
  const found: Breach[] = [];
  for (const [path, wanted] of modules) {
    if (!paths.has(path)) {
      found.push({ file, line: 1, rule: `the page names ${path}, which is not there` });
      continue;
    }
    const values = [...exportsOf(path, sources)].filter(([, kind]) => kind === "value").map(([name]) => name);
    const names = values.filter((name) => !(name === "createOn" && path.endsWith("/in-memory.ts")));
    if (names.join() !== wanted)
      found.push({ file: path, line: 1, rule: `exports ${wanted} alone, not ${names.join(", ") || "nothing"}` });
  }
  for (const path of paths) {
    const room = path.startsWith(folder) ? path.slice(folder.length).split("/") : [];
    const listed = [...blocks, "triggers"].includes(room[0] ?? "") && room.length > 1;
    const host = /^host(?:-[a-z]+)?\.ts$/.test(room.join("/"));
    if ((listed || host) && !modules.has(path)) found.push({ file: path, line: 1, rule: `${file} does not list it` });
  }
  for (const [block, type] of Object.entries(page.defaults))
    if (!type.startsWith(`${block}.`)) found.push({ file, line: 1, rule: `the default of ${block} is ${type}` });
  return found;
}

/** From the repository's root. */
function pathOf(url: URL): string {
  if (extname(url.pathname) !== ".ts") throw new Error(`${url} is no source`);
  return url.href.slice(root.href.length);
}
