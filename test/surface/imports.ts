// What each room may import, as the design's table has it, and that no imports go in a circle.
import type { Breach, Import, Source } from "./source.ts";

interface Room {
  /** Path prefixes, or whole paths, of our own that its files may import. Its own folder goes without saying. */
  readonly ours: readonly string[];
  /** Packages from npm, or all of a scope; "declared": any of the package's own dependencies. */
  readonly npm: readonly string[] | "declared";
  /** Modules of Node; "types": for their types alone. */
  readonly node: "any" | "types" | "none" | readonly string[];
  /** It may import nothing but types. */
  readonly typesOnly?: true;
}

const ground = ["src/contracts/", "src/errors.ts", "src/once.ts"];
const runtime = [...ground, "src/blocks/", "src/runtime/", "src/bridge/", "src/functions/", "src/conformance/"];
const toolchain = ["manifest", "build", "deploy", "dev", "dapr", "serverless", "cli"].map((name) => `src/${name}/`);

/** The first one whose name a path begins with is its room. */
const rooms: Readonly<Record<string, Room>> = {
  "src/contracts/": { ours: [], npm: [], node: "none", typesOnly: true },
  "src/errors.ts": { ours: [], npm: [], node: "none" },
  "src/once.ts": { ours: [], npm: [], node: "none" },
  "src/blocks/": { ours: ground, npm: ["@standard-schema/spec"], node: "types" },
  "src/runtime/": { ours: ground, npm: [], node: "types" },
  "src/bridge/": { ours: [...ground, "src/runtime/"], npm: [], node: "types" },
  "src/functions/": { ours: [...ground, "src/blocks/", "src/runtime/", "src/bridge/"], npm: ["jose"], node: "types" },
  "src/conformance/": {
    ours: ["src/contracts/", "src/blocks/", "src/errors.ts"],
    npm: [],
    node: ["node:assert", "node:assert/strict"],
  },
  "src/provider.ts": { ours: [...ground, "src/runtime/"], npm: [], node: "none" },
  "src/index.ts": { ours: runtime, npm: [], node: "none" },
  "src/testing/": { ours: [...runtime, "src/manifest/", "src/build/"], npm: [], node: "any" },
  "src/testing.ts": { ours: [...runtime, "src/testing/"], npm: [], node: "any" },
  ...Object.fromEntries(
    toolchain.map((room, index): [string, Room] => [
      room,
      { ours: [...runtime, ...toolchain.slice(0, index)], npm: "declared", node: "any" },
    ]),
  ),
  "providers/local/": { ours: ["src/provider.ts"], npm: ["croner"], node: "any" },
  "providers/aws/": { ours: ["src/provider.ts"], npm: ["@aws-sdk/", "@aws-crypto/", "@smithy/"], node: "any" },
  "providers/azure/": { ours: ["src/provider.ts"], npm: ["@azure/", "croner"], node: "any" },
  "providers/gcp/": { ours: ["src/provider.ts"], npm: ["@google-cloud/", "google-auth-library"], node: "any" },
};

/** Of a folder's files, the one that is for those outside of it. */
const isIndex = (path: string): boolean => /(?:^|\/)index\.ts$/.test(path) || path === "src/conformance/cases.ts";

const entries = ["src/index.ts", "src/provider.ts", "src/testing.ts"];

/** Whole processes: what they hold is nobody else's, for nobody imports them. */
export const programs: readonly string[] = ["src/cli/main.ts", "src/dev/worker.ts"];

/** What may name a provider's module: the list of them; and, for its types, what drives the local host. */
const doors: readonly { readonly from: RegExp; readonly to: RegExp; readonly as: (use: Import) => boolean }[] = [
  {
    from: /^src\/build\/providers\.ts$/,
    to: /^providers\/[^/]+\/index\.ts$/,
    as: ({ dynamic, typesOnly }) => dynamic || typesOnly,
  },
  { from: /^src\/(?:dev|testing)\//, to: /^providers\/local\/host\.ts$/, as: ({ typesOnly }) => typesOnly },
];

/** `declared`: the names of the package's `dependencies`. */
export function importBreaches(sources: readonly Source[], declared: readonly string[]): readonly Breach[] {
  return sources.flatMap(({ path, imports }) =>
    imports.flatMap((use) => {
      const rule = breachOf(path, use, declared);
      return rule === undefined ? [] : [{ file: path, line: use.line, rule: `${rule}: ${use.to}` }];
    }),
  );
}

/** Each circle once, as the paths along it. Type imports count, and imports that wait. */
export function circles(sources: readonly Source[]): readonly (readonly string[])[] {
  const graph = new Map(sources.map(({ path, imports }) => [path, imports.map(({ to }) => to)]));
  const done = new Set<string>();
  const found: string[][] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) {
      found.push([...way.slice(way.indexOf(path)), path]);
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

function breachOf(path: string, use: Import, declared: readonly string[]): string | undefined {
  const { to } = use;
  const [name, room] = roomOf(path);
  if (!room) return "no row of the table is about this file, which imports";
  if (room.typesOnly && !use.typesOnly) return `${name} imports types only`;
  if (isCloud(name) && /^node:https?$/.test(to) && !use.typesOnly && !use.dynamic)
    return `${name} gets it by getBuiltinModule: an import loads undici`;
  if (to.startsWith("node:")) return mayUseNode(room, use) ? undefined : `${name} may not import of Node`;
  if (!/^(?:src|providers)\//.test(to)) {
    if (/\.[jt]s$/.test(to)) return `${name} may import nothing outside of src and providers`;
    const npm = room.npm === "declared" ? declared : room.npm;
    return npm.some((known) => to === known || (known.endsWith("/") && to.startsWith(known)))
      ? undefined
      : `${name} may not import of npm`;
  }
  if (programs.includes(to)) return "nobody imports a program";
  if (isIndex(to) && to.startsWith(folderOf(path))) return "nobody imports the index of its own room";
  if (to.startsWith("providers/") && !path.startsWith("providers/"))
    return doors.some((door) => door.from.test(path) && door.to.test(to) && door.as(use))
      ? undefined
      : "src names no provider but in src/build/providers.ts";
  if (to.startsWith("providers/") && name !== roomOf(to)[0]) return "no cloud imports another";
  if (entries.includes(to) && !path.startsWith("providers/"))
    return "nobody in src imports what is for those outside of it";
  if (to.startsWith(name) || room.ours.some((prefix) => to.startsWith(prefix))) return undefined;
  return `${name} may not import`;
}

/** Its modules are in functions' bundles. */
function isCloud(room: string): boolean {
  return room.startsWith("providers/") && room !== "providers/local/";
}

function roomOf(path: string): readonly [string, Room | undefined] {
  const name = Object.keys(rooms).find((prefix) => path.startsWith(prefix)) ?? path;
  return [name, rooms[name]];
}

/** `src/blocks/`, `providers/local/`: with the room's own rooms, if it has any. */
function folderOf(path: string): string {
  return `${path.split("/").slice(0, 2).join("/")}/`;
}

function mayUseNode({ node }: Room, { to, typesOnly }: Import): boolean {
  return node === "any" || (node === "types" && typesOnly) || (Array.isArray(node) && node.includes(to));
}
