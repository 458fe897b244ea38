// Archives that are the same bytes wherever and whenever they are made.
import { zipSync } from "fflate";

/** File name → contents. In the order of the names; one date for all; readable by everyone. */
export function zip(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  // The archive keeps local time, so the date is made of local parts: the earliest that it can hold.
  const mtime = new Date(1980, 0, 1);
  const names = Object.keys(files).sort((a, b) => (a < b ? -1 : 1));
  const entries = names.map(
    (name) => [name, [files[name] ?? new Uint8Array(), { mtime, os: 3, attrs: 0o644 << 16, level: 9 }]] as const,
  );
  return zipSync(Object.fromEntries(entries.map(([name, [data, options]]) => [name, [data, options]])));
}
