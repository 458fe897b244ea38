// Keys of objects as paths of files, and back: whatever a key holds, its path stays below the root.
import { checkKey } from "../../src/provider.ts";

const longestKey = 1024;
/** Bytes that a name of a file may have; parts of a longer one are folders, which end in `%~`. */
const longestName = 255;
const part = 200;
const continued = "%~";

/**
 * Plain keys are paths as they stand. A dot at the beginning of a name, and what some file system cannot have, is
 * percent-encoded; so no name is `.` or `..`, and none is hidden. Throws `INVALID`.
 */
export function toPath(key: string, where: string): readonly string[] {
  checkKey(key, where, longestKey);
  return key.split("/").flatMap(toNames);
}

/** `undefined`: no key has this path. */
export function fromPath(names: readonly string[]): string | undefined {
  const segments: string[] = [];
  let begun = "";
  for (const name of names) {
    const more = name.endsWith(continued);
    begun += more ? name.slice(0, -continued.length) : name;
    if (more) continue;
    segments.push(begun === empty ? "" : decoded(begun));
    begun = "";
  }
  const key = segments.join("/");
  try {
    return begun === "" && toPath(key, "").join("/") === names.join("/") ? key : undefined;
  } catch {
    return undefined; // such a file can be there, and such a key cannot
  }
}

/** The name of what has none: the key "a/" has an empty segment at its end. */
const empty = "%";

function toNames(segment: string): readonly string[] {
  if (segment === "") return [empty];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  const name = segment.replace(/^\.|[\x00-\x1f\x7f%\\:*?"<>|]|[. ]$/g, encoded);
  if (Buffer.byteLength(name) <= longestName) return [name];
  const long = segment.replace(/[^\w-]+/g, encoded);
  const parts = long.match(new RegExp(`.{1,${part}}`, "g")) ?? [];
  return parts.map((text, index) => (index < parts.length - 1 ? `${text}${continued}` : text));
}

function encoded(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("");
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return "";
  }
}
