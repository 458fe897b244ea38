// What a bundle weighs, and whose bytes they are.
import type { Metafile } from "esbuild";

export interface Weight {
  /** Of the whole bundle, minified. */
  readonly bytes: number;
  /** `src` (ours), `providers/<name>`, `npm:<package>`, and `app` (the user's own and the entry). */
  readonly rooms: Readonly<Record<string, number>>;
  /** The same of each of our own modules: `src/…` and `providers/…`, without their endings. */
  readonly modules: Readonly<Record<string, number>>;
}

/** `root`: our package's folder, as the metafile's paths name it, with a slash at its end. */
export function weigh(metafile: Metafile, root: string): Weight {
  const output = Object.entries(metafile.outputs).find(([file]) => file.endsWith(".mjs"))?.[1];
  const rooms: Record<string, number> = {};
  const modules: Record<string, number> = {};
  for (const [input, { bytesInOutput }] of Object.entries(output?.inputs ?? {})) {
    if (bytesInOutput === 0) continue;
    const own =
      input.startsWith(root) && !input.includes("node_modules/", root.length)
        ? input.slice(root.length).replace(/^dist\//, "")
        : "";
    const room = roomOf(input, own);
    rooms[room] = (rooms[room] ?? 0) + bytesInOutput;
    if (room !== "app" && own !== "") modules[own.replace(/\.[jt]s$/, "")] = bytesInOutput;
  }
  return { bytes: output?.bytes ?? 0, rooms: sorted(rooms), modules: sorted(modules) };
}

function roomOf(input: string, own: string): string {
  const provider = /^providers\/[^/]+/.exec(own)?.[0];
  if (provider !== undefined) return provider;
  if (own.startsWith("src/")) return "src";
  const library = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1];
  return library === undefined ? "app" : `npm:${library}`;
}

function sorted(record: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
