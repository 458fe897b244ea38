// Where in the user's own files a function was exported.
import { readFileSync } from "node:fs";
import type { Place } from "../manifest/problems.ts";

export interface Sources {
  /** Reads one file's exports. */
  add(file: string): void;
  /** The line of an export: of `entry` itself, else of any file that was read. */
  find(name: string, entry: string): Place;
}

export function createSources(): Sources {
  const exports = new Map<string, ReadonlyMap<string, number>>();
  return {
    add(file) {
      exports.set(file, linesOf(readFileSync(file, "utf8")));
    },
    find(name, entry) {
      const own = exports.get(entry)?.get(name);
      if (own !== undefined) return { file: entry, line: own };
      for (const [file, lines] of exports) {
        const line = lines.get(name);
        if (line !== undefined) return { file, line };
      }
      return { file: entry, line: 1 };
    },
  };
}

function linesOf(source: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  source.split("\n").forEach((text, index) => {
    const [, name] = /^\s*export\s+(?:const|let|var|(?:async\s+)?function)\s+([\w$]+)/.exec(text) ?? [];
    if (name !== undefined && !found.has(name)) found.set(name, index + 1);
  });
  return found;
}
