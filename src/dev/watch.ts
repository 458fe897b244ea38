// Tells when one of some files is saved.
import { type FSWatcher, statSync, watch } from "node:fs";
import { dirname } from "node:path";

export interface Watcher {
  /** From now on these too. A file need not exist yet. */
  also(files: readonly string[]): void;
  close(): void;
}

/** `changed` is called once for a save, however many events an editor makes of it. Folders are watched, since editors replace files. */
export function watchFiles(changed: () => void): Watcher {
  const files = new Map<string, string>();
  const folders = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    let moved = false;
    for (const [file, known] of files) {
      const now = stampOf(file);
      if (now === known) continue;
      files.set(file, now);
      moved = true;
    }
    if (moved) changed();
  }

  return {
    also(more) {
      for (const file of more) {
        if (files.has(file)) continue;
        files.set(file, stampOf(file));
        const folder = dirname(file);
        if (folders.has(folder)) continue;
        try {
          const watcher = watch(folder, () => {
            clearTimeout(timer);
            timer = setTimeout(look, settled);
          });
          watcher.on("error", () => folders.delete(folder));
          folders.set(folder, watcher);
        } catch {
          files.delete(file);
        }
      }
    },
    close() {
      clearTimeout(timer);
      for (const watcher of folders.values()) watcher.close();
    },
  };
}

/** Milliseconds without an event: an editor truncates a file before it writes it. */
const settled = 8;

function stampOf(file: string): string {
  try {
    const { mtimeMs, size } = statSync(file);
    return `${mtimeMs} ${size}`;
  } catch {
    return "";
  }
}
